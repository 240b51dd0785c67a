#include "chain/local_submissions.hpp"

namespace chaind::chain
{
namespace
{

constexpr std::size_t refused_kept = 4096;

}  // namespace

bool local_submissions::add(submission what)
{
    if (!place_.emplace(what.request, next_place_).second) return false;
    order_.emplace(next_place_++, pending{.what = std::move(what)});
    return true;
}

void local_submissions::forget(request_id const& request)
{
    (void)take(request);
}

void local_submissions::handed_over(request_id const& request, instant now)
{
    auto place = place_.find(request);
    if (place == place_.end()) return;
    auto& each = order_.at(place->second);
    ++each.times;
    each.last = now;
}

std::optional<std::uint64_t> local_submissions::take(request_id const& request)
{
    auto place = place_.find(request);
    if (place == place_.end()) return std::nullopt;
    auto found = order_.find(place->second);
    auto times = found->second.times;
    order_.erase(found);
    place_.erase(place);
    return times;
}

std::vector<submission> local_submissions::due(instant before, instant now)
{
    std::vector<submission> out;
    for (auto& [place, each] : order_)
    {
        if (each.times > 0 && each.last > before) continue;
        ++each.times;
        each.last = now;
        out.push_back(each.what);
    }
    return out;
}

void refused_requests::remember(request_id const& request, refusal why)
{
    if (!known_.insert_or_assign(request, why).second) return;
    if (ring_.size() < refused_kept)
    {
        ring_.push_back(request);
        return;
    }
    known_.erase(ring_[next_]);
    ring_[next_] = request;
    next_ = (next_ + 1) % refused_kept;
}

std::optional<refusal> refused_requests::find(request_id const& request) const
{
    auto found = known_.find(request);
    if (found == known_.end()) return std::nullopt;
    return found->second;
}

void refused_requests::clear()
{
    known_.clear();
    ring_.clear();
    next_ = 0;
}

}  // namespace chaind::chain
