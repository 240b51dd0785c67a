#include "store/store_file.hpp"

#include "runtime/private_file.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chaind::store
{

using runtime::sync_folder;
namespace
{

bool make_file(std::filesystem::path const& path)
{
    int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    // Its own owner may have taken the right to write from it; whose it is decides.
    if (file < 0 && errno == EACCES && ::chmod(path.c_str(), 0600) == 0)
        file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0) return false;
    bool const closed_to_others = ::fchmod(file, 0600) == 0;
    ::close(file);
    return closed_to_others;
}

std::string name_of(::uid_t user)
{
    auto const* entry = ::getpwuid(user);
    return entry == nullptr ? "user " + std::to_string(user) : entry->pw_name;
}

// What is in the way of opening a file, when it is its owner, its mode or its kind; else nothing.
std::string no_access_to(std::string const& path, int error)
{
    if (error == EROFS) return path + " is on a file system that is mounted read-only";
    if (error != EACCES && error != EPERM) return {};
    struct stat found = {};
    bool const there = ::stat(path.c_str(), &found) == 0;
    if (!there) return path + " cannot be reached by " + name_of(::geteuid());
    return path + " belongs to " + name_of(found.st_uid) + ", and this process runs as " +
           name_of(::geteuid());
}

// SQLite reads and writes bytes at places of a file; what is something else under one of its names stays
// unusable, whatever a disk does.
std::string kind_problem(std::string const& path)
{
    for (auto const* tail : {"", "-wal", "-shm"})
    {
        auto const file = path + tail;
        struct stat found = {};
        if (::stat(file.c_str(), &found) != 0 || S_ISREG(found.st_mode)) continue;
        return file + (S_ISDIR(found.st_mode) ? " is a folder and not a database" : " is no regular file");
    }
    return {};
}

// What is left of a database that has vanished: SQLite would throw it away.
bool log_without_database(std::string const& path)
{
    return size_of(path) == 0 && size_of(path + "-wal") > 0;
}

// Who restores a backup wants what is in it: an empty store in its place would begin another history.
bool restore_without_end(std::string const& path)
{
    return size_of(path) == 0 && size_of(restore_part_of(path)) > 0;
}

error_code cannot(std::string const& what, std::string const& path, std::string& why)
{
    int const error = errno;
    why = no_access_to(path, error);
    if (!why.empty()) return errc::no_access;
    why = "cannot " + what + " " + path + ": " + std::generic_category().message(error);
    return errc::disk_failed;
}

}  // namespace

std::string access_problem(std::string const& path)
{
    for (auto const* tail : {"", "-wal", "-shm"})
    {
        auto const file = path + tail;
        if (::access(file.c_str(), F_OK) == 0 && ::access(file.c_str(), R_OK | W_OK) != 0)
            if (auto problem = no_access_to(file, errno); !problem.empty()) return problem;
    }
    return {};
}

bool make_folder(std::filesystem::path const& folder)
{
    if (::mkdir(folder.c_str(), 0700) == 0) return sync_folder((folder / "..").lexically_normal());
    return errno == EEXIST;
}

result<sqlite::process_lock> prepare_file(std::string const& path, std::string& why)
{
    auto const absolute = std::filesystem::absolute(path);
    auto const folder = absolute.parent_path();
    if (!make_folder(folder)) return cannot("make", folder.string(), why);
    std::string holder;
    auto lock = sqlite::process_lock::take(absolute.string() + ".lock", holder);
    if (!lock && lock.error() == errc::locked)
    {
        why = path + " is in use by process " + holder;
        return errc::locked;
    }
    if (!lock) return cannot("lock", absolute.string() + ".lock", why);
    why = kind_problem(absolute.string());
    if (!why.empty()) return errc::no_access;
    if (log_without_database(absolute.string()))
    {
        why = path + " is gone or empty, and what was written to it last is still in " + path + "-wal";
        return errc::store_damaged;
    }
    if (restore_without_end(absolute.string()))
    {
        why = "a restore to " + path + " did not end; repeat it, or remove " + restore_part_of(path) +
              " to begin with an empty store";
        return errc::store_damaged;
    }
    if (!make_file(absolute) || !sync_folder(folder)) return cannot("make", absolute.string(), why);
    why = access_problem(absolute.string());
    if (!why.empty()) return errc::no_access;
    return lock;
}

std::uint64_t size_of(std::string const& path)
{
    std::error_code missing;
    auto const size = std::filesystem::file_size(path, missing);
    return missing ? 0 : size;
}

}  // namespace chaind::store
