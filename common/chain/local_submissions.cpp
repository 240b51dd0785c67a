#include "chain/local_submissions.hpp"

namespace chaind::chain
{
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

}  // namespace chaind::chain
