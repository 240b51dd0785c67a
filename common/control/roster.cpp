#include "control/roster.hpp"

#include <algorithm>

namespace chaind::control
{
namespace
{

// More restarts than this within one message delay do not happen.
constexpr std::size_t kept_runs = 16;

bool older(heartbeat const& a, heartbeat const& b)
{
    return a.sent < b.sent || (a.sent == b.sent && a.promised < b.promised);
}

void take_in(node& known, heartbeat const& what, instant now)
{
    bool const again = known.last && known.last->from == what.from;
    known.end_twice = again ? std::min(known.last->end.at, what.end.at) : seq{};
    known.last = what;
    known.last_at = now;
    known.connected_anew = false;
    known.contradiction.clear();
    if (!is_low(what.left))
        known.low_since.reset();
    else if (!known.low_since)
        known.low_since = now;
}

}  // namespace

bool roster::heard(heartbeat const& what, failure_detector& detector, instant now)
{
    auto& known = nodes_[what.from.name];
    if (known.who == what.from)
    {
        if (known.last && !known.connected_anew && older(what, *known.last)) return false;
        take_in(known, what, now);
        return true;
    }
    auto before = std::find(known.past.begin(), known.past.end(), what.from);
    if (before != known.past.end())
    {
        // Boot ids have no order. Should the first word of a new run have come before the last of the old
        // one, the old one falls silent and the new one goes on.
        if (detector.alive(known.who, now)) return false;
        known.past.erase(before);
    }
    if (!known.who.name.empty()) known.past.push_back(known.who);
    if (known.past.size() > kept_runs)
    {
        detector.forget(known.past.front());
        known.past.pop_front();
    }
    known.who = what.from;
    take_in(known, what, now);
    known.deaf_to.reset();
    known.damage_told = known.outdated_told = false;
    return true;
}

void roster::connected(member const& who)
{
    if (auto* known = find(who.name); known != nullptr && known->who == who) known->connected_anew = true;
}

std::optional<earlier_word> roster::before(member const& who) const
{
    auto const* known = find(who.name);
    if (known == nullptr || known->who != who || !known->last || known->connected_anew) return std::nullopt;
    return earlier_word{.what = *known->last, .heard = known->last_at};
}

node* roster::find(node_id const& name)
{
    auto found = nodes_.find(name);
    return found == nodes_.end() ? nullptr : &found->second;
}

node const* roster::find(node_id const& name) const
{
    auto found = nodes_.find(name);
    return found == nodes_.end() ? nullptr : &found->second;
}

heartbeat const* roster::last_of(member const& who) const
{
    auto const* known = find(who.name);
    return known != nullptr && known->who == who && known->last ? &*known->last : nullptr;
}

bool roster::superseded(member const& who) const
{
    auto const* known = find(who.name);
    return known != nullptr && !known->who.name.empty() && known->who != who;
}

}  // namespace chaind::control
