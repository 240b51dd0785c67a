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

    template <class Action>
    void at(us when, Action&& what)
    {
        if (free_.empty())
        {
            free_.push_back(actions_.size());
            actions_.emplace_back();
        }
        auto const place = free_.back();
        free_.pop_back();
        actions_[place] = std::forward<Action>(what);
        queue_.push_back({std::max(when, now_), order_++, place});
        std::push_heap(queue_.begin(), queue_.end(), later);
    }
    template <class Action>
    void after(us delay, Action&& what)
    {
        at(now_ + delay, std::forward<Action>(what));
    }

    // Does everything due up to `end`; `each` runs after each action and may end the run by returning false.
    template <class Each>
    bool run_until(us end, Each each)
    {
        while (!queue_.empty() && queue_.front().when <= end)
        {
            std::pop_heap(queue_.begin(), queue_.end(), later);
            auto const next = queue_.back();
            queue_.pop_back();
            now_ = next.when;
            auto const what = std::move(actions_[next.place]);
            actions_[next.place] = nullptr;
            free_.push_back(next.place);
            what();
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
        std::size_t place;  // of its action: what the heap moves about is small
    };
    static constexpr auto later = [](item const& a, item const& b)
    { return a.when != b.when ? a.when > b.when : a.order > b.order; };

    std::vector<item> queue_;
    std::vector<action> actions_;
    std::vector<std::size_t> free_;  // places without one
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
