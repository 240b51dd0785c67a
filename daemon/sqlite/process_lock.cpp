#include "sqlite/process_lock.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace chaind::sqlite
{

result<process_lock> process_lock::take(std::string const& path, std::string& holder)
{
    int const file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return error_code(errno, boost::system::system_category());
    process_lock taken(file);
    if (::flock(file, LOCK_EX | LOCK_NB) != 0)
    {
        char text[32];
        ssize_t const length = ::pread(file, text, sizeof text, 0);
        holder.assign(text, length > 0 ? static_cast<std::size_t>(length) : 0);
        while (!holder.empty() && holder.back() == '\n')
        {
            holder.pop_back();
        }
        return errc::locked;
    }
    // The number is only a hint for people: failing to leave it is no failure.
    std::string const own = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file, 0) == 0) static_cast<void>(!::pwrite(file, own.data(), own.size(), 0));
    return taken;
}

process_lock::process_lock(process_lock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

process_lock& process_lock::operator=(process_lock&& other) noexcept
{
    std::swap(file_, other.file_);
    return *this;
}

process_lock::~process_lock()
{
    if (file_ >= 0) ::close(file_);
}

}  // namespace chaind::sqlite
