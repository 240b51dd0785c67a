#include "runtime/clock.hpp"

#include <time.h>

namespace chaind::runtime
{

namespace
{
std::int64_t read_us(clockid_t which)
{
    timespec at{};
    ::clock_gettime(which, &at);
    return std::int64_t{at.tv_sec} * 1'000'000 + at.tv_nsec / 1000;
}
}  // namespace

instant steady_now()
{
    return instant(read_us(CLOCK_BOOTTIME));
}

now_t now()
{
    return {.steady = steady_now(), .wall_us = read_us(CLOCK_REALTIME)};
}

}  // namespace chaind::runtime
