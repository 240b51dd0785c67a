#pragma once
// What time it is, for the stamps of entries: by the own wall clock, as long as the clocks of the other
// machines do not say otherwise. The config service compares them all and tells everybody what most of them
// say. What it said goes on by the boot-time clock, which nobody sets: it is of use after a jump of the own
// clock, and while the config service is away.

#include "base/time.hpp"

#include <algorithm>
#include <optional>

namespace chaind::chain
{

class agreed_clock
{
public:
    explicit agreed_clock(microseconds tolerance) : tolerance_(tolerance) {}

    // What most clocks said when this was sent; 0: the config service does not say.
    void told(std::int64_t time_us, instant now)
    {
        if (time_us > 0) offset_us_ = time_us - now.count();
    }

    // What most clocks say, if anybody has told.
    [[nodiscard]] std::optional<std::int64_t> agreed_us(now_t const& now) const
    {
        if (!offset_us_) return std::nullopt;
        return *offset_us_ + now.steady.count();
    }
    // How much the own clock is ahead of that; nothing as long as it is within the tolerance.
    [[nodiscard]] std::optional<microseconds> error(now_t const& now) const
    {
        auto const agreed = agreed_us(now);
        if (!agreed) return std::nullopt;
        microseconds const ahead(now.wall_us - *agreed);
        if (ahead <= tolerance_ && ahead >= -tolerance_) return std::nullopt;
        return ahead;
    }
    // The own clock, unless it is wrong.
    [[nodiscard]] std::int64_t read_us(now_t const& now) const
    {
        return error(now) ? *agreed_us(now) : now.wall_us;
    }
    // No stamp of a head whose clock is right is later. Nothing: there is only the own clock, and it may be
    // the one that is wrong.
    [[nodiscard]] std::optional<std::int64_t> latest_us(now_t const& now) const
    {
        auto const agreed = agreed_us(now);
        if (!agreed) return std::nullopt;
        return std::max(*agreed, now.wall_us) + tolerance_.count();
    }

private:
    microseconds tolerance_;
    std::optional<std::int64_t> offset_us_;  // of the agreed time to the boot-time clock
};

}  // namespace chaind::chain
