#include "store/store_file.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chaind::store
{
namespace
{

bool make_file(std::filesystem::path const& path)
{
    int const file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return false;
    bool const closed_to_others = ::fchmod(file, 0600) == 0;
    ::close(file);
    return closed_to_others;
}

}  // namespace

bool sync_folder(std::filesystem::path const& folder)
{
    int const file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return false;
    bool const synced = ::fsync(file) == 0;
    ::close(file);
    return synced;
}

bool make_folder(std::filesystem::path const& folder)
{
    if (::mkdir(folder.c_str(), 0700) == 0) return sync_folder((folder / "..").lexically_normal());
    return errno == EEXIST;
}

result<process_lock> prepare_file(std::string const& path, std::string& why)
{
    auto const absolute = std::filesystem::absolute(path);
    auto const folder = absolute.parent_path();
    if (!make_folder(folder))
    {
        why = "cannot make " + folder.string() + ": " + std::generic_category().message(errno);
        return errc::disk_failed;
    }
    std::string holder;
    auto lock = process_lock::take(absolute.string() + ".lock", holder);
    if (!lock && lock.error() == errc::locked)
    {
        why = path + " is in use by process " + holder;
        return errc::locked;
    }
    if (!lock)
    {
        why = "cannot lock " + path + ": " + lock.error().message();
        return errc::disk_failed;
    }
    if (!make_file(absolute) || !sync_folder(folder))
    {
        why = "cannot make " + path + ": " + std::generic_category().message(errno);
        return errc::disk_failed;
    }
    return lock;
}

std::uint64_t size_of(std::string const& path)
{
    std::error_code missing;
    auto const size = std::filesystem::file_size(path, missing);
    return missing ? 0 : size;
}

}  // namespace chaind::store
