#include "control/failure_detector.hpp"

#include "base/rules.hpp"

namespace chaind::control
{

void failure_detector::heard(member const& who, instant now, bool stepping_down, microseconds late)
{
    auto& seen = known_[who];
    if (now - seen.heard > silence_ / 2) excuse_the_others(who, seen, now);
    auto const since = overdue(seen, now) ? now : seen.speaks_since;
    seen = {.heard = now, .speaks_since = since, .stepping_down = stepping_down, .late = late};
}

// The words of those who were silent with it are on their way. Once in a silence: the dead are not excused
// for as long as others stop and go on.
void failure_detector::excuse_the_others(member const& who, state const& was, instant now)
{
    if (!rule(rule_id::the_first_word_excuses_the_others)) return;
    for (auto& [other, its] : known_)
        if (other != who && its.excused_until == instant{} && now - its.heard > silence_ / 2 &&
            connections_.contains(other) && shares_silence(its, who, was, now))
            its.excused_until = now + silence_;
}

// Who was silent before cannot have lost its voice with it, and who spoke for half of its silence has not.
bool failure_detector::shares_silence(state const& of, member const& other, state const& its, instant now)
    const
{
    return connections_.contains(other) && its.heard + longest_ >= now && its.heard > of.heard - silence_ &&
           its.heard < of.heard + patience(of) - silence_ / 2;
}

microseconds failure_detector::patience(state const& with) const
{
    // What is said of lateness may be any number.
    auto const late = std::clamp(std::max(own_late_, with.late), microseconds{0}, longest_);
    return std::min(silence_ + 2 * late, longest_);
}

microseconds failure_detector::patience(member const& who) const
{
    auto found = known_.find(who);
    return patience(found == known_.end() ? state{} : found->second);
}

void failure_detector::assume(member const& who, instant now, instant back_by)
{
    auto& seen = known_[who];
    seen.heard = seen.speaks_since = now;
    seen.assumed = true;
    seen.back_by = back_by;
}

void failure_detector::missed(member const& who)
{
    if (auto found = known_.find(who); found != known_.end()) found->second.back_by = {};
}

void failure_detector::connected(member const& who, bool same_kernel)
{
    connections_[who] = same_kernel;
    if (auto found = known_.find(who); found != known_.end()) found->second.lost = false;
}

bool failure_detector::lost(member const& who)
{
    bool const same_kernel = is_on_this_kernel(who);
    connections_.erase(who);
    auto found = known_.find(who);
    if (found == known_.end()) return false;
    found->second.lost = true;
    return same_kernel;
}

void failure_detector::probed(member const& who, bool gone)
{
    auto found = known_.find(who);
    if (found == known_.end() || !found->second.lost) return;
    found->second.gone = found->second.gone || gone;
}

void failure_detector::forgive(instant since, instant now)
{
    for (auto& [who, seen] : known_)
    {
        if (overdue(seen, since) && seen.back_by <= since) continue;
        seen.heard += now - since;
        seen.speaks_since += now - since;
        if (seen.back_by != instant{}) seen.back_by += now - since;
        seen.assumed = true;
    }
}

verdict failure_detector::judge(member const& who, instant now) const
{
    auto found = known_.find(who);
    return found == known_.end() ? verdict::silent : judge(who, found->second, now);
}

verdict failure_detector::judge(member const& who, state const& of, instant now) const
{
    if (of.gone) return verdict::gone;
    if (of.lost && of.stepping_down) return verdict::left;
    if (!overdue(of, now) || of.back_by >= now) return verdict::alive;
    if (!connections_.contains(who)) return verdict::silent;
    if (of.excused_until >= now) return verdict::alive;
    if (of.heard + longest_ < now) return verdict::silent;
    auto const shares = [&](auto const& other)
    {
        return rule(rule_id::who_falls_silent_with_others_is_waited_for) && other.first != who &&
               shares_silence(of, other.first, other.second, now);
    };
    return std::any_of(known_.begin(), known_.end(), shares) ? verdict::alive : verdict::silent;
}

bool failure_detector::assumed(member const& who, instant now) const
{
    auto found = known_.find(who);
    return found != known_.end() && found->second.assumed && judge(who, found->second, now) == verdict::alive;
}

bool failure_detector::heard_in_time(member const& who, instant now) const
{
    auto found = known_.find(who);
    return found != known_.end() && !found->second.assumed && !found->second.lost &&
           !quiet(found->second, now) && judge(who, found->second, now) == verdict::alive;
}

bool failure_detector::only_waited_for(member const& who, instant now) const
{
    auto found = known_.find(who);
    return found != known_.end() && overdue(found->second, now) &&
           judge(who, found->second, now) == verdict::alive;
}

instant failure_detector::speaks_since(member const& who) const
{
    auto found = known_.find(who);
    return found == known_.end() ? instant{} : found->second.speaks_since;
}

std::optional<instant> failure_detector::last_heard(member const& who) const
{
    auto found = known_.find(who);
    if (found == known_.end()) return std::nullopt;
    return found->second.heard;
}

}  // namespace chaind::control
