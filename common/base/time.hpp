#pragma once
// Time as the sans-I/O layers see it: a value that comes with each event, never a clock that they read.

#include <chrono>
#include <cstdint>

namespace chaind
{

using microseconds = std::chrono::microseconds;

// Since an arbitrary start, of one machine's boot-time clock (it goes on in suspend). Never compared between
// machines.
using instant = microseconds;

struct now_t
{
    instant steady{};
    std::int64_t wall_us = 0;  // since 1970 UTC; only ever used to stamp entries
};

using namespace std::chrono_literals;

}  // namespace chaind
