#pragma once
// How often what strangers, or a member that is mistaken, can make happen at will becomes an event. Each is a
// row on the disk that decisions are written to, and pushes out an older one.

#include "base/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace chaind::configd
{

class event_pace
{
public:
    // Whether one more of that kind may be told now, and how many of it were left out since the last one that
    // was.
    [[nodiscard]] std::optional<std::uint64_t> take(std::string const& kind, instant now)
    {
        auto& at = kinds_[kind];
        if (now - at.since >= window)
        {
            at.since = now;
            at.told = 0;
        }
        if (at.told >= most)
        {
            ++at.left_out;
            return std::nullopt;
        }
        ++at.told;
        return std::exchange(at.left_out, 0);
    }

private:
    static constexpr microseconds window = std::chrono::seconds(10);
    static constexpr std::uint64_t most = 20;

    struct kind_state
    {
        instant since = instant::min() / 2;
        std::uint64_t told = 0;
        std::uint64_t left_out = 0;
    };
    std::map<std::string, kind_state> kinds_;
};

}  // namespace chaind::configd
