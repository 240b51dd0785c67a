#include "control/clock_votes.hpp"

#include "base/rules.hpp"

#include <algorithm>
#include <span>

namespace chaind::control
{
namespace
{

constexpr microseconds counts_for =
    1s;  // the clock of a machine that is not heard any more may have been set meanwhile
constexpr microseconds wrong_after = 1s;  // before a machine loses its place at the head for it

constexpr std::int64_t latest_us = 253'402'300'800'000'000;  // the year 10,000

// The lower middle one of a list that rises.
std::int64_t middle(std::span<std::int64_t const> rising)
{
    return rising[(rising.size() - 1) / 2];
}

}  // namespace

void clock_votes::take(vote& from, std::int64_t wall_us, instant now)
{
    if (wall_us <= 0) return;
    // Whatever it says stays a number that can be added to: it is wrong by thousands of years all the same.
    from.offset_us = std::min(wall_us, latest_us) - now.count();
    from.heard = now;
    from.known = true;
}

void clock_votes::own(std::int64_t wall_us, instant now)
{
    take(own_, wall_us, now);
}

void clock_votes::heard(
    node_id const& from, std::int64_t wall_us, std::int64_t stamp_us, bool on_own_machine, instant now
)
{
    auto& one = nodes_[from];
    take(one, wall_us, now);
    one.is_own = on_own_machine;
    newest_stamp_us_ = std::max(newest_stamp_us_, stamp_us);
}

void clock_votes::forgive(microseconds pause)
{
    for (auto& [name, one] : nodes_)
        one.heard += pause;
    own_.heard += pause;
}

clock_votes::offset_list clock_votes::offsets(instant now) const
{
    offset_list out;
    if (counts(own_, now) && !own_is_a_members(now)) out.push_back(own_.offset_us);
    for (auto const& [name, one] : nodes_)
        if (counts(one, now)) out.push_back(one.offset_us);
    std::sort(out.begin(), out.end());
    return out;
}

bool clock_votes::counts(vote const& one, instant now) const
{
    return one.known && now - one.heard <= counts_for;
}

bool clock_votes::own_is_a_members(instant now) const
{
    return std::any_of(
        nodes_.begin(),
        nodes_.end(),
        [&](auto const& each) { return each.second.is_own && counts(each.second, now); }
    );
}

void clock_votes::agree(instant now, std::size_t members, std::size_t wanted)
{
    auto all = offsets(now);
    auto const machines = firm_ ? std::max(members, wanted) : members;
    auto const there_are = std::max(all.size(), machines + (own_is_a_members(now) ? 0 : 1));
    // The largest group of clocks that agree with one of them; of equally large ones the earliest.
    std::span<std::int64_t const> best;
    for (auto const of : all)
    {
        auto const first = std::lower_bound(all.begin(), all.end(), of - tolerance_.count());
        auto const last = std::upper_bound(first, all.end(), of + tolerance_.count());
        std::span<std::int64_t const> const group(first, last);
        if (group.size() > best.size()) best = group;
        if (best.size() == all.size()) break;  // as nearly always
    }
    if (best.size() >= 2 && best.size() * 2 > there_are)
    {
        agreed_us_ = middle(best);
        firm_ = true;
    }
    else if (!firm_ && all.size() >= 2 && all.size() * 2 > there_are)
    {
        auto behind = [&](std::int64_t offset)
        { return offset + now.count() + tolerance_.count() < newest_stamp_us_; };
        if (!std::all_of(all.begin(), all.end(), behind))
            all.erase(std::remove_if(all.begin(), all.end(), behind), all.end());
        agreed_us_ = middle(all);
    }
}

bool clock_votes::judge(vote& one, instant now) const
{
    // What is not heard may have been set since.
    if (now - one.heard > counts_for) return false;
    microseconds const ahead(one.offset_us - agreed_us_.value_or(one.offset_us));
    bool const wrong = one.known && (ahead > tolerance_ || ahead < -tolerance_);
    bool const was_wrong = one.error.has_value();
    one.error = wrong ? std::optional(ahead) : std::nullopt;
    if (wrong && !was_wrong) one.wrong_since = now;
    return wrong != was_wrong;
}

bool clock_votes::judge(instant now, std::size_t members, std::size_t wanted)
{
    agree(now, members, wanted);
    bool changed = judge(own_, now);
    for (auto& [name, one] : nodes_)
        changed = judge(one, now) || changed;
    return changed;
}

std::int64_t clock_votes::time_us(instant now) const
{
    return agreed_us_ ? *agreed_us_ + now.count() : 0;
}

std::optional<microseconds> clock_votes::error(node_id const& of) const
{
    auto const found = nodes_.find(of);
    return found == nodes_.end() ? std::nullopt : found->second.error;
}

bool clock_votes::is_wrong(node_id const& who, instant now) const
{
    auto const found = nodes_.find(who);
    return found != nodes_.end() && found->second.error && now - found->second.wrong_since >= wrong_after;
}

// What a replica was told of the time is a little older than what is known here: a row that it finds just too
// far ahead must not be just near enough here, since it would then never be taken.
bool clock_votes::is_ahead(std::int64_t stamp_us, instant now) const
{
    return agreed_us_ && stamp_us > time_us(now) + tolerance_.count() * 9 / 10;
}

}  // namespace chaind::control
