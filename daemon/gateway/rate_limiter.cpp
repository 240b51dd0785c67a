#include "gateway/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace chaind::gateway
{

std::optional<std::chrono::milliseconds> rate_limiter::take(
    std::string const& key, double per_second, double burst, time_point now
)
{
    using seconds = std::chrono::duration<double>;
    auto const [found, fresh] = buckets_.try_emplace(key);
    auto& b = found->second;
    if (fresh)
    {
        b.tokens = burst;
        b.at = now;
        b.age = by_age_.insert(by_age_.end(), key);
    }
    b.tokens = std::min(burst, b.tokens + per_second * seconds(now - b.at).count());
    b.at = now;
    std::optional<std::chrono::milliseconds> wait;
    if (b.tokens >= 1)
        b.tokens -= 1;
    else
        wait = std::chrono::milliseconds(
            1 + static_cast<std::int64_t>(std::ceil((1 - b.tokens) / per_second * 1000))
        );
    b.full_at =
        now + std::chrono::duration_cast<time_point::duration>(seconds((burst - b.tokens) / per_second));
    if (buckets_.size() > keys_max_)
    {
        auto const oldest = by_age_.front();
        by_age_.pop_front();
        buckets_.erase(oldest);
    }
    return wait;
}

void rate_limiter::forget_full(time_point now)
{
    for (auto it = buckets_.begin(); it != buckets_.end();)
    {
        if (it->second.full_at > now)
        {
            ++it;
            continue;
        }
        by_age_.erase(it->second.age);
        it = buckets_.erase(it);
    }
}

}  // namespace chaind::gateway
