#pragma once

#include <cstdint>
#include <string>

namespace chaind::runtime
{

// A wall clock's time, µs since 1970, in UTC; the form is strftime(3)'s.
[[nodiscard]] std::string in_utc(std::int64_t wall_us, char const* form);
// 2026-11-23 15:30:00Z
[[nodiscard]] std::string in_utc(std::int64_t wall_us);

}  // namespace chaind::runtime
