#include "runtime/priority.hpp"

#include "runtime/log.hpp"

#include <cerrno>
#include <cstring>

#include <sys/resource.h>
#include <unistd.h>

namespace chaind::runtime
{

void come_first()
{
    constexpr int steps = 5;
    // Linux: of this thread alone.
    auto const self = static_cast<id_t>(::gettid());
    errno = 0;
    int const now = ::getpriority(PRIO_PROCESS, self);
    if (errno == 0 && ::setpriority(PRIO_PROCESS, self, now - steps) == 0) return;
    log::write(
        log::level::info, "runtime", "a thread keeps the usual priority", {{"Reason", std::strerror(errno)}}
    );
}

}  // namespace chaind::runtime
