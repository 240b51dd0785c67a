#include "control/failure_detector.hpp"

namespace chaind::control
{

void failure_detector::heard(member const& who, instant now, bool stepping_down)
{
    known_[who] = {.heard = now, .stepping_down = stepping_down};
}

void failure_detector::assume(member const& who, instant now)
{
    auto& seen = known_[who];
    seen.heard = now;
    seen.assumed = true;
}

bool failure_detector::lost(member const& who)
{
    auto found = known_.find(who);
    if (found == known_.end()) return false;
    found->second.lost = true;
    // It announced this: no need to ask.
    found->second.gone = found->second.stepping_down;
    return !found->second.gone;
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
        if (seen.heard + silence_ >= since) assume(who, now);
}

verdict failure_detector::judge(member const& who, instant now) const
{
    auto found = known_.find(who);
    if (found == known_.end()) return verdict::silent;
    if (found->second.gone) return verdict::gone;
    return found->second.heard + silence_ >= now ? verdict::alive : verdict::silent;
}

bool failure_detector::assumed(member const& who, instant now) const
{
    auto found = known_.find(who);
    return found != known_.end() && found->second.assumed && alive(who, now);
}

std::optional<instant> failure_detector::last_heard(member const& who) const
{
    auto found = known_.find(who);
    if (found == known_.end()) return std::nullopt;
    return found->second.heard;
}

}  // namespace chaind::control
