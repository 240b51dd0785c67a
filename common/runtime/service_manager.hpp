#pragma once
// What systemd hears of us (sd_notify). All of it does nothing when no service manager asked.

#include <chrono>
#include <optional>
#include <string_view>

namespace chaind::runtime
{

void notify_ready();
void notify_stopping();
void notify_status(std::string_view text);
void notify_watchdog();

// Half of WatchdogSec: how often notify_watchdog() is due; nothing when it is not asked for.
std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace chaind::runtime
