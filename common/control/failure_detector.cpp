#include "control/failure_detector.hpp"

namespace chaind::control
{

void failure_detector::heard(member const& who, instant now, bool stepping_down, microseconds late)
{
    known_[who] = {.heard = now, .stepping_down = stepping_down, .late = late};
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

void failure_detector::assume(member const& who, instant now)
{
    auto& seen = known_[who];
    seen.heard = now;
    seen.assumed = true;
}

void failure_detector::connected(member const& who, bool same_kernel)
{
    if (same_kernel)
        neighbours_.insert(who);
    else
        neighbours_.erase(who);
    if (auto found = known_.find(who); found != known_.end()) found->second.lost = false;
}

bool failure_detector::lost(member const& who)
{
    bool const same_kernel = neighbours_.erase(who) > 0;
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
        if (seen.heard + patience(seen) >= since) assume(who, now);
}

verdict failure_detector::judge(member const& who, instant now) const
{
    auto found = known_.find(who);
    return found == known_.end() ? verdict::silent : judge(found->second, now);
}

verdict failure_detector::judge(state const& of, instant now) const
{
    if (of.gone) return verdict::gone;
    if (of.lost && of.stepping_down) return verdict::left;
    return of.heard + patience(of) >= now ? verdict::alive : verdict::silent;
}

bool failure_detector::assumed(member const& who, instant now) const
{
    auto found = known_.find(who);
    return found != known_.end() && found->second.assumed && judge(found->second, now) == verdict::alive;
}

bool failure_detector::heard_in_time(member const& who, instant now) const
{
    auto found = known_.find(who);
    return found != known_.end() && !found->second.assumed && judge(found->second, now) == verdict::alive;
}

std::optional<instant> failure_detector::last_heard(member const& who) const
{
    auto found = known_.find(who);
    if (found == known_.end()) return std::nullopt;
    return found->second.heard;
}

}  // namespace chaind::control
