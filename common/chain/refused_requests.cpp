#include "chain/refused_requests.hpp"

namespace chaind::chain
{
namespace
{

constexpr std::size_t refused_kept = 4096;

}  // namespace

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

}  // namespace chaind::chain
