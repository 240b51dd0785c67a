#pragma once
// What a heartbeat cannot say in truth. A member that is mistaken, or lies, must not leave behind what
// outlives it: the highest commit is stored, and no cold start begins below it; the time of a word decides
// which words are older.

#include "membership/messages.hpp"

#include <string>

namespace chaind::control
{

// The word before, by the same run on the same connection.
struct earlier_word
{
    heartbeat what;
    instant heard{};  // by our clock
};

// Why it cannot be; empty: it may.
[[nodiscard]] std::string implausible(heartbeat const& what, earlier_word const* before, instant now);

}  // namespace chaind::control
