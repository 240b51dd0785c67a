#pragma once
// A span of time as people say it: "40 days", "6 minutes". Coarse on purpose: a text that is told again only
// when it changes does not change with each second.

#include "base/time.hpp"

#include <string>

namespace chaind
{

inline std::string in_words(microseconds span)
{
    auto const seconds = (span < microseconds::zero() ? -span : span).count() / 1'000'000;
    auto say = [](std::int64_t count, char const* unit)
    { return std::to_string(count) + ' ' + unit + (count == 1 ? "" : "s"); };
    if (seconds >= 2 * 24 * 3600) return say(seconds / (24 * 3600), "day");
    if (seconds >= 2 * 3600) return say(seconds / 3600, "hour");
    if (seconds >= 2 * 60) return say(seconds / 60, "minute");
    return say(seconds, "second");
}

// "40 days ahead", "3 hours behind"
inline std::string ahead_in_words(microseconds ahead)
{
    return in_words(ahead) + (ahead < microseconds::zero() ? " behind" : " ahead");
}

}  // namespace chaind
