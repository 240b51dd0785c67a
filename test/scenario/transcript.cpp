#include "scenario/transcript.hpp"

#include <algorithm>
#include <utility>

namespace chaind::scenario
{
namespace
{

bool is_routine(chain::message const& what)
{
    return std::holds_alternative<chain::mark>(what) || std::holds_alternative<chain::ack>(what);
}

bool is_routine(chain::event const& in, chain::effects const& out)
{
    auto const* from = std::get_if<chain::received>(&in);
    bool const told =
        std::holds_alternative<chain::tick>(in) || (from != nullptr && is_routine(from->message));
    return told && lines(out).size() == out.sends.size() + out.heartbeats.size() &&
           std::all_of(
               out.sends.begin(), out.sends.end(), [](auto const& each) { return is_routine(each.message); }
           );
}

bool is_routine(control::event const& in, control::effects const& out)
{
    bool const told = std::holds_alternative<control::tick>(in) || std::holds_alternative<control::heard>(in);
    return told && lines(out).size() == out.directives.size();
}

void forget_clocks(heartbeat& of)
{
    of.sent = {};
    of.wall_us = 0;
    of.end.ts_us = 0;
}

}  // namespace

template <class Event, class Effects>
void transcript::put(instant at, std::string const& who, Event const& in, Effects const& out, bool routine)
{
    auto text = one_line(who, ": ", in, '\n');
    for (auto const& each : lines(out))
        text += "      " + each + '\n';
    put(at, std::move(text), routine);
}

void transcript::put(instant at, std::string text, bool routine)
{
    ++steps_;
    bool const known = !now_.insert(text).second;
    if ((routine && !routines_.insert(text).second) || known)
        ++again_;
    else
        text_ += "  " + span(at) + ' ' + text;
}

void transcript::lost(instant at, member const& from, chain::envelope const& what)
{
    put(at, one_line("lost: ", from, ' ', what, '\n'), is_routine(what.message));
}

void transcript::step(instant at, std::string const& who, chain::event in, chain::effects out)
{
    if (is_idle(in, out)) return;
    for (auto& each : out.heartbeats)
        forget_clocks(each);
    put(at, who, in, out, is_routine(in, out));
}

void transcript::step(instant at, std::string const& who, control::event in, control::effects out)
{
    if (is_idle(in, out)) return;
    if (auto* word = std::get_if<control::heard>(&in)) forget_clocks(word->heartbeat);
    for (auto& each : out.directives)
        if (each.directive.lease_for) each.directive.lease_for = instant{};
    put(at, who, in, out, is_routine(in, out));
}

void transcript::say(std::string const& what)
{
    text_ += "  " + what + '\n';
}

std::string transcript::take()
{
    if (again_ > 0) say("and " + std::to_string(again_) + " as before");
    steps_ = again_ = 0;
    now_.clear();
    return std::exchange(text_, {});
}

std::string transcript::take_quietly()
{
    text_.clear();
    again_ = 0;
    say(std::to_string(steps_) + (steps_ == 1 ? " step" : " steps"));
    return take();
}

}  // namespace chaind::scenario
