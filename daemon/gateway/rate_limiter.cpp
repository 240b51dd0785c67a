#include "gateway/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace chaind::gateway
{

namespace
{
using duration_s = std::chrono::duration<double>;
}  // namespace

rate_limiter::bucket& rate_limiter::fill(
    std::string const& key, double per_second, double burst, time_point now
)
{
    auto const [found, fresh] = buckets_.try_emplace(key);
    auto& b = found->second;
    if (fresh)
    {
        b.tokens = burst;
        b.at = now;
        b.age = by_age_.insert(by_age_.end(), key);
    }
    b.tokens = std::min(burst, b.tokens + per_second * duration_s(now - b.at).count());
    b.at = now;
    return b;
}

void rate_limiter::settle(bucket& b, double per_second, double burst, time_point now)
{
    b.full_at =
        now + std::chrono::duration_cast<time_point::duration>(duration_s((burst - b.tokens) / per_second));
    if (buckets_.size() <= keys_max_) return;
    auto const oldest = by_age_.front();
    by_age_.pop_front();
    buckets_.erase(oldest);
}

std::optional<std::chrono::milliseconds> rate_limiter::take(
    std::string const& key, double per_second, double burst, time_point now
)
{
    auto& b = fill(key, per_second, burst, now);
    std::optional<std::chrono::milliseconds> wait;
    if (b.tokens >= 1)
        b.tokens -= 1;
    else
        wait = std::chrono::milliseconds(
            1 + static_cast<std::int64_t>(std::ceil((1 - b.tokens) / per_second * 1000))
        );
    settle(b, per_second, burst, now);
    return wait;
}

void rate_limiter::give_back(std::string const& key, double burst, double amount)
{
    auto const found = buckets_.find(key);
    if (found == buckets_.end()) return;
    found->second.tokens = std::min(burst, found->second.tokens + amount);
}

void rate_limiter::charge(
    std::string const& key, double per_second, double burst, time_point now, double amount
)
{
    auto& b = fill(key, per_second, burst, now);
    b.tokens = std::max(-10 * burst, b.tokens - amount);
    settle(b, per_second, burst, now);
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
