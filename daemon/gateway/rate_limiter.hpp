#pragma once
// Token buckets by key. A bucket that is full again is forgotten; the number of buckets is bounded, and when
// strangers fill the table the oldest entries make room.

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

namespace chaind::gateway
{

class rate_limiter
{
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit rate_limiter(std::size_t keys_max = 100'000) : keys_max_(keys_max) {}

    // Takes one token of `key`'s bucket (filled at `per_second`, holding `burst`). Nothing: it may go on;
    // else how long until the next token, and none was taken.
    std::optional<std::chrono::milliseconds> take(
        std::string const& key, double per_second, double burst, time_point now
    );

    // Gives a token back that was taken: what it was for has turned out not to count.
    void give_back(std::string const& key, double burst, double amount = 1);

    // Takes tokens without asking, down to a debt that ten times the burst pays.
    void charge(std::string const& key, double per_second, double burst, time_point now, double amount = 1);

    void forget_full(time_point now);
    [[nodiscard]] std::size_t size() const { return buckets_.size(); }

private:
    struct bucket
    {
        double tokens = 0;
        time_point at;       // when `tokens` was right
        time_point full_at;  // when nothing will be left to remember
        std::list<std::string>::iterator age;
    };

    bucket& fill(std::string const& key, double per_second, double burst, time_point now);
    void settle(bucket& b, double per_second, double burst, time_point now);

    std::size_t keys_max_;
    std::unordered_map<std::string, bucket> buckets_;
    std::list<std::string> by_age_;  // first: first seen
};

}  // namespace chaind::gateway
