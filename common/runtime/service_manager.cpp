#include "runtime/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include <string>

namespace chaind::runtime
{

void notify_ready()
{
    ::sd_notify(0, "READY=1");
}

void notify_stopping()
{
    ::sd_notify(0, "STOPPING=1");
}

void notify_status(std::string_view text)
{
    ::sd_notify(0, ("STATUS=" + std::string(text)).c_str());
}

void notify_watchdog()
{
    ::sd_notify(0, "WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdog_interval()
{
    std::uint64_t limit = 0;
    if (::sd_watchdog_enabled(0, &limit) <= 0) return std::nullopt;
    return std::chrono::microseconds(limit / 2);
}

}  // namespace chaind::runtime
