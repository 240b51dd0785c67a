#pragma once
// A span of time as people say it: "40 days", "6 minutes". Coarse on purpose: a text that is told again only
// when it changes does not change with each second.

#include "base/time.hpp"

#include <string>

namespace chaind
{

inline std::string in_words(microseconds span)
{
    // To the nearest: two readings of clocks that are 40 days apart are some microseconds more or less apart.
    auto const seconds = ((span < microseconds::zero() ? -span : span).count() + 500'000) / 1'000'000;
    auto say = [&](std::int64_t unit, char const* name)
    {
        auto const count = (seconds + unit / 2) / unit;
        return std::to_string(count) + ' ' + name + (count == 1 ? "" : "s");
    };
    if (seconds >= 2 * 24 * 3600) return say(24 * 3600, "day");
    if (seconds >= 2 * 3600) return say(3600, "hour");
    if (seconds >= 2 * 60) return say(60, "minute");
    return say(1, "second");
}

// "40 days ahead", "3 hours behind"
inline std::string ahead_in_words(microseconds ahead)
{
    return in_words(ahead) + (ahead < microseconds::zero() ? " behind" : " ahead");
}

}  // namespace chaind
