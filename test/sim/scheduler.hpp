#pragma once
// Simulated time: a queue of things to do, in order of their time, then of their insertion.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace chaind::sim
{

using us = std::int64_t;  // microseconds of true time since the start of the simulation

class scheduler
{
public:
    using action = std::function<void()>;

    [[nodiscard]] us now() const { return now_; }

    void at(us when, action what)
    {
        queue_.push_back({std::max(when, now_), order_++, std::move(what)});
        std::push_heap(queue_.begin(), queue_.end(), later);
    }
    void after(us delay, action what) { at(now_ + delay, std::move(what)); }

    // Does everything due up to `end`; `each` runs after each action and may end the run by returning false.
    template <class Each>
    bool run_until(us end, Each each)
    {
        while (!queue_.empty() && queue_.front().when <= end)
        {
            std::pop_heap(queue_.begin(), queue_.end(), later);
            item next = std::move(queue_.back());
            queue_.pop_back();
            now_ = next.when;
            next.what();
            if (!each()) return false;
        }
        now_ = std::max(now_, end);
        return true;
    }

private:
    struct item
    {
        us when;
        std::uint64_t order;
        action what;
    };
    static bool later(item const& a, item const& b)
    {
        return std::pair(a.when, a.order) > std::pair(b.when, b.order);
    }

    std::vector<item> queue_;
    us now_ = 0;
    std::uint64_t order_ = 0;
};

// A machine's own clock: it runs at a slightly wrong rate from an arbitrary start.
struct machine_clock
{
    us start = 0;
    std::int64_t ppm = 0;

    [[nodiscard]] us local(us true_time) const { return start + true_time + true_time * ppm / 1'000'000; }
    [[nodiscard]] us true_span(us local_span) const { return local_span * 1'000'000 / (1'000'000 + ppm); }
};

}  // namespace chaind::sim
