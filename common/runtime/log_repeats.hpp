#pragma once
// A warning or an error that comes again with the same values within 10 s, and any line of which 50 came in
// that time, is left out; the next one that is written, or a line of its own soon after, says how many
// (Repeated=N). Not for debug, which was asked for, nor notice: each is a change of the chain. Pure: time is
// a parameter. One thread at a time.

#include "runtime/log_line.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

namespace chaind::log
{

class repeats
{
public:
    using time = std::chrono::steady_clock::time_point;

    // What is to be written now because of this line: nothing, or the line itself, with a field Repeated when
    // others like it were left out before it.
    [[nodiscard]] std::optional<line> judge(line what, time now);
    // For each kind that has been quiet for long enough: its last line, with how many were left out.
    [[nodiscard]] std::vector<line> overdue(time now);
    // The same, of all.
    [[nodiscard]] std::vector<line> rest();

private:
    // Lines with the same level, channel and message, whatever their fields are.
    using kind = std::tuple<level, std::string, std::string>;
    struct state
    {
        time window{};            // begins here
        std::size_t written = 0;  // in it
        line last;                // of the kind, written or not
        time last_written{};
        std::uint64_t left_out = 0;
    };

    [[nodiscard]] static line summary(state& of);

    std::map<kind, state> kinds_;
};

}  // namespace chaind::log
