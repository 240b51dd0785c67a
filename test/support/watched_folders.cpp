#include "support/watched_folders.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chaind::test
{
namespace
{

namespace fs = std::filesystem;

struct made_rename
{
    fs::path from, to;
    fs::path replaced;  // the file that `to` named, kept under another name; or empty
    bool from_synced = false, to_synced = false;
};

std::mutex guard;
bool watching = false;
std::uint64_t rename_fails = 0, sync_fails = 0;
std::vector<made_rename> renames;

template <class Function>
Function real(char const* name)
{
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}
int real_rename(char const* from, char const* to)
{
    static auto const call = real<int (*)(char const*, char const*)>("rename");
    return call(from, to);
}

bool counted_down(std::uint64_t& left)
{
    return left > 0 && --left == 0;
}

int watched_rename(char const* from, char const* to)
{
    std::lock_guard const hold(guard);
    if (!watching) return real_rename(from, to);
    if (counted_down(rename_fails))
    {
        errno = EIO;
        return -1;
    }
    made_rename made{fs::absolute(from), fs::absolute(to), {}};
    if (fs::exists(made.to))
    {
        made.replaced = made.to.string() + ".replaced-" + std::to_string(renames.size());
        fs::create_hard_link(made.to, made.replaced);
    }
    int const out = real_rename(from, to);
    if (out == 0) renames.push_back(std::move(made));
    return out;
}

int watched_fsync(int file)
{
    static auto const call = real<int (*)(int)>("fsync");
    struct stat what = {};
    std::lock_guard const hold(guard);
    if (!watching || ::fstat(file, &what) != 0 || !S_ISDIR(what.st_mode)) return call(file);
    if (counted_down(sync_fails))
    {
        errno = EIO;
        return -1;
    }
    auto const folder = fs::read_symlink("/proc/self/fd/" + std::to_string(file));
    for (auto& each : renames)
    {
        each.from_synced = each.from_synced || fs::equivalent(each.from.parent_path(), folder);
        each.to_synced = each.to_synced || fs::equivalent(each.to.parent_path(), folder);
    }
    return call(file);
}

}  // namespace

watched_folders::watched_folders()
{
    std::lock_guard const hold(guard);
    watching = true;
    rename_fails = sync_fails = 0;
    renames.clear();
}

watched_folders::~watched_folders()
{
    std::lock_guard const hold(guard);
    watching = false;
    for (auto const& each : renames)
        if (!each.replaced.empty()) ::unlink(each.replaced.c_str());
}

void watched_folders::fail_rename(std::uint64_t n)
{
    std::lock_guard const hold(guard);
    rename_fails = n;
}

void watched_folders::fail_sync(std::uint64_t n)
{
    std::lock_guard const hold(guard);
    sync_fails = n;
}

void watched_folders::power_cut()
{
    std::lock_guard const hold(guard);
    for (; !renames.empty(); renames.pop_back())
    {
        auto const& last = renames.back();
        bool const durable = last.from_synced && last.to_synced;
        if (!durable)
        {
            real_rename(last.to.c_str(), last.from.c_str());
            if (!last.replaced.empty()) real_rename(last.replaced.c_str(), last.to.c_str());
        }
        else if (!last.replaced.empty())
            ::unlink(last.replaced.c_str());
    }
}

}  // namespace chaind::test

extern "C" int rename(char const* from, char const* to) noexcept
{
    return chaind::test::watched_rename(from, to);
}

extern "C" int fsync(int file)
{
    return chaind::test::watched_fsync(file);
}
