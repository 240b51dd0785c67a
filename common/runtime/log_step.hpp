#pragma once
// What a core was told and what it wants done, in the log at level debug, in the words by which cores print
// themselves. An effect is a line of its own: together they may be longer than a value of the log can be. At
// any other level nothing is formatted.

#include "runtime/log.hpp"

#include <sstream>
#include <string_view>

namespace chaind::log
{

// `channel`: the core's. A tick that brings nothing is left out: there are 200 a second.
template <class Event, class Effects>
void write_step(std::string_view channel, Event const& in, Effects const& out)
{
    if (!enabled(level::debug) || is_idle(in, out)) return;
    write(level::debug, channel, "step", {{"Event", (std::ostringstream() << in).str()}});
    for (auto const& each : lines(out))
        write(level::debug, channel, "effect", {{"What", each}});
}

}  // namespace chaind::log
