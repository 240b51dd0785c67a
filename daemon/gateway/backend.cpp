#include "gateway/backend.hpp"

#include "runtime/clock.hpp"

#include <algorithm>

namespace chaind::gateway
{

namespace
{
// 2026: no clock that shows an earlier time has run since this program was made.
constexpr std::int64_t made_ms = 1'767'225'600'000;
}  // namespace

std::int64_t backend::now_ms() const
{
    auto const now = runtime::now();
    auto const& known = view();
    if (known.agreed_us == 0) return now.wall_us / 1000;
    auto const agreed_us = known.agreed_us + now.steady.count();
    auto const ahead = microseconds(now.wall_us - agreed_us);
    bool const wrong = ahead > known.clock_tolerance || ahead < -known.clock_tolerance;
    return (wrong ? agreed_us : now.wall_us) / 1000;
}

std::int64_t backend::key_ms() const
{
    bool const agreed = view().agreed_us != 0 && now_ms() >= made_ms;
    return agreed ? told_ms() : std::max(told_ms(), view().state_ms);
}

std::int64_t backend::told_ms() const
{
    return std::max(now_ms(), view().forgotten_ms);
}

}  // namespace chaind::gateway
