#include "runtime/private_file.hpp"

#include "runtime/options.hpp"

#include <boost/system/errc.hpp>

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

error_code sync_folder_of(std::string const& path)
{
    auto const folder = std::filesystem::absolute(path).parent_path();
    int const there = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (there < 0) return last_error();
    auto const failed = ::fsync(there) == 0 ? error_code{} : last_error();
    ::close(there);
    return failed;
}
}  // namespace

void make_private_folder(std::string const& path)
{
    std::error_code failed;
    auto const parent = std::filesystem::path(path).parent_path();
    if (!parent.empty()) std::filesystem::create_directories(parent, failed);
    if (::mkdir(path.c_str(), 0700) == 0 || (errno == EEXIST && std::filesystem::is_directory(path))) return;
    throw config_error("data-dir: cannot make " + path + ": " + last_error().message());
}

error_code write_private_file(std::string const& path, std::string_view content, after_power_cut it_is)
{
    bool const durably = it_is == after_power_cut::there;
    auto const fresh = path + ".new";
    int const file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return last_error();
    auto const written = ::write(file, content.data(), content.size());
    auto failed = written == static_cast<ssize_t>(content.size()) ? error_code{} : last_error();
    if (!failed && durably && ::fsync(file) != 0) failed = last_error();
    if (::close(file) != 0 && !failed) failed = last_error();
    if (!failed && ::rename(fresh.c_str(), path.c_str()) != 0) failed = last_error();
    if (failed)
    {
        ::unlink(fresh.c_str());
        return failed;
    }
    return durably ? sync_folder_of(path) : error_code{};
}

}  // namespace chaind::runtime
