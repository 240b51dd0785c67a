#include "runtime/this_process.hpp"

#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace chaind::runtime
{
namespace
{

// 0: cannot be seen (another namespace's /proc, one that hides other people's processes, or no such process).
std::uint64_t started_at(std::string const& process)
{
    std::ifstream file("/proc/" + process + "/stat");
    std::string text;
    if (!std::getline(file, text)) return 0;
    // The second field is the program's name in brackets, which may hold anything.
    auto const name_end = text.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream rest(text.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 22; ++field)
        rest >> skipped;
    std::uint64_t out = 0;
    rest >> out;
    return rest.fail() ? 0 : out;
}

process_place look()
{
    process_place out;
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string boot;
    struct stat numbers{};
    std::getline(file, boot);
    out.started = started_at("self");
    if (boot.empty() || out.started == 0 || ::stat("/proc/self/ns/pid", &numbers) != 0) return {};
    out.kernel = boot + ' ' + std::to_string(numbers.st_dev) + ' ' + std::to_string(numbers.st_ino);
    out.pid = static_cast<std::uint64_t>(::getpid());
    return out;
}

}  // namespace

process_place const& this_process()
{
    static process_place const known = look();
    return known;
}

std::optional<process_watch> process_watch::on(process_place const& whom)
{
    if (whom.kernel.empty() || whom.kernel != this_process().kernel) return std::nullopt;
    if (whom.started == 0 || whom.pid == 0 || whom.pid > std::numeric_limits<pid_t>::max())
        return std::nullopt;
    auto const fd = ::syscall(SYS_pidfd_open, static_cast<pid_t>(whom.pid), 0);
    if (fd < 0) return std::nullopt;
    process_watch out(static_cast<int>(fd));
    // Only now: should that process have ended meanwhile and its number be another one's, the watch is on one
    // of the two, and each of them ends later than the one that was meant.
    if (started_at(std::to_string(whom.pid)) != whom.started) return std::nullopt;
    return out;
}

process_watch::~process_watch()
{
    if (fd_ >= 0) ::close(fd_);
}

process_watch::process_watch(process_watch&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

process_watch& process_watch::operator=(process_watch&& other) noexcept
{
    std::swap(fd_, other.fd_);
    return *this;
}

bool process_watch::ended() const
{
    pollfd what{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&what, 1, 0) == 1 && (what.revents & POLLIN) != 0;
}

}  // namespace chaind::runtime
