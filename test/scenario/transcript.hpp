#pragma once
// What the cores did since the last command, as text: each step with its time, what it was told, and each of
// its effects below, in the words by which they print themselves.
//
// What comes again in the same words within a command is counted, not shown; and so is what is said as long
// as nothing happens (marks and their acks, heartbeats, directives), however often a story says it: otherwise
// a second would be hundreds of lines, of which nobody would read the three that matter. For the same reason
// heartbeats and their answers are shown without the clocks' readings in them.

#include "chain/describe.hpp"
#include "control/describe.hpp"

#include <cstddef>
#include <set>
#include <string>

namespace chaind::scenario
{

class transcript
{
public:
    void step(instant at, std::string const& who, chain::event in, chain::effects out);
    void step(instant at, std::string const& who, control::event in, control::effects out);
    void lost(instant at, member const& from, chain::envelope const& what);
    // A line that is no step.
    void say(std::string const& what);

    // All of it, indented; from here on it is the next command's.
    std::string take();
    // The same, of what nobody needs to read here: how much it was.
    std::string take_quietly();

private:
    template <class Event, class Effects>
    void put(instant at, std::string const& who, Event const& in, Effects const& out, bool routine);
    void put(instant at, std::string text, bool routine);

    std::string text_;
    std::size_t steps_ = 0;
    std::size_t again_ = 0;           // not shown
    std::set<std::string> now_;       // shown of this command
    std::set<std::string> routines_;  // shown of this story
};

}  // namespace chaind::scenario
