#include "runtime/private_file.hpp"

#include "runtime/options.hpp"

#include <boost/system/errc.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chaind::runtime
{

namespace
{
error_code last_error()
{
    return {errno, boost::system::system_category()};
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

void make_private_folder(std::string const& path)
{
    std::error_code failed;
    auto const parent = std::filesystem::path(path).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent, failed);
    if (::mkdir(path.c_str(), 0700) == 0 || (errno == EEXIST && std::filesystem::is_directory(path))) return;
    throw config_error("data-dir: cannot make " + path + ": " + last_error().message());
}

std::uint64_t folder_number(std::string const& path)
{
    struct ::stat about = {};
    return ::stat(path.c_str(), &about) == 0 ? about.st_ino : 0;
}

namespace
{
// Whether these belong to everybody says their mode; that they must stay so, nothing but their names.
bool is_for_everybody(std::string const& path)
{
    std::error_code ignored;
    auto const place = std::filesystem::canonical(path, ignored).string();
    return place == "/tmp" || place == "/var/tmp" || place == "/dev/shm";
}

// First closed, then looked into: nobody places anything in between.
bool close_if_empty(std::string const& path, ::mode_t mode)
{
    if (is_for_everybody(path) || ::chmod(path.c_str(), 0700) != 0) return false;
    std::error_code failed;
    if (std::filesystem::is_empty(path, failed) && !failed) return true;
    ::chmod(path.c_str(), mode & 07777U);
    return false;
}
}  // namespace

void check_private_folder(std::string const& path)
{
    struct ::stat about = {};
    if (::stat(path.c_str(), &about) != 0)
        throw config_error("data-dir: cannot look at " + path + ": " + last_error().message());
    if (about.st_uid != ::geteuid())
        throw config_error(
            "data-dir: " + path + " belongs to user " + std::to_string(about.st_uid) + ", and this is user " +
            std::to_string(::geteuid()) + ": run it as that user, or name another folder"
        );
    if ((about.st_mode & S_IWOTH) != 0 && !close_if_empty(path, about.st_mode))
        throw config_error("data-dir: everybody may write to " + path + ": name a folder of its own");
}

namespace
{
// A file that is new, or nothing and errno. What an earlier process left under the name goes.
int open_new(std::string const& path)
{
    for (int attempt = 0; attempt < 8; ++attempt)
    {
        int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (file >= 0 || errno != EEXIST) return file;
        if (::unlink(path.c_str()) != 0 && errno != ENOENT) return -1;
    }
    return -1;
}
}  // namespace

error_code write_all(int file, std::string_view content)
{
    while (!content.empty())
    {
        auto const written = ::write(file, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return last_error();
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

error_code write_private_file(
    std::string const& path, std::string_view content, after_power_cut it_is, std::optional<file_owner> owner
)
{
    bool const durably = it_is == after_power_cut::there;
    auto const fresh = path + ".new";
    int const file = open_new(fresh);
    if (file < 0) return last_error();
    auto failed = write_all(file, content);
    if (!failed && owner && ::fchown(file, owner->user, owner->group) != 0) failed = last_error();
    if (!failed && durably && ::fsync(file) != 0) failed = last_error();
    if (::close(file) != 0 && !failed) failed = last_error();
    if (!failed && ::rename(fresh.c_str(), path.c_str()) != 0) failed = last_error();
    if (failed)
    {
        ::unlink(fresh.c_str());
        return failed;
    }
    bool const there = !durably || sync_folder(std::filesystem::absolute(path).parent_path());
    return there ? error_code{} : last_error();
}

std::optional<std::string> read_plain_file(std::string const& path)
{
    int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return std::nullopt;
    std::string out;
    struct stat found = {};
    auto got = ::fstat(file, &found) == 0 && S_ISREG(found.st_mode) ? ssize_t{1} : ssize_t{-1};
    std::array<char, 4096> part;
    while (got > 0)
    {
        got = ::read(file, part.data(), part.size());
        if (got > 0) out.append(part.data(), static_cast<std::size_t>(got));
    }
    ::close(file);
    if (got < 0) return std::nullopt;
    return out;
}

error_code rename_to_new(std::string const& from, std::string const& to)
{
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
    // NFS, FUSE, 9p and old kernels know no flags.
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return last_error();
    if (::link(from.c_str(), to.c_str()) == 0)
        return ::unlink(from.c_str()) == 0 ? error_code{} : last_error();
    if (errno == EEXIST) return last_error();
    // FAT, exFAT and some shares have no links either: an empty file of ours holds the name.
    int const place = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (place < 0) return last_error();
    ::close(place);
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    auto const failed = last_error();
    ::unlink(to.c_str());
    return failed;
}

}  // namespace chaind::runtime
