#pragma once
// Simulated time: a queue of things to do, in order of their time, then of their insertion.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

namespace chaind::sim
{

using us = std::int64_t;  // microseconds of true time since the start of the simulation

class scheduler
{
public:
    scheduler() = default;
    scheduler(scheduler const&) = delete;
    scheduler& operator=(scheduler const&) = delete;
    ~scheduler()
    {
        for (auto const& each : queue_)
            places_[each.place].clear();
    }

    [[nodiscard]] us now() const { return now_; }

    template <class Action>
    void at(us when, Action&& what)
    {
        if (free_.empty())
        {
            free_.push_back(static_cast<std::uint32_t>(places_.size()));
            places_.emplace_back();
        }
        auto const place = free_.back();
        places_[place].keep(std::forward<Action>(what));
        free_.pop_back();
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
            do_once(next.place);
            if (!each()) return false;
        }
        now_ = std::max(now_, end);
        return true;
    }

private:
    struct item  // what the heap moves about is small
    {
        us when;
        std::uint32_t order;  // no run has as many as these
        std::uint32_t place;  // of its action
    };
    static constexpr auto later = [](item const& a, item const& b)
    { return a.when != b.when ? a.when > b.when : a.order > b.order; };

    // An action with all that it carries, a message mostly. It stays where it was put, until it is done: most
    // of what a simulation does is put here, so that nothing is asked of the heap for it.
    class action_place
    {
    public:
        template <class Action>
        void keep(Action&& what)
        {
            using kept = std::decay_t<Action>;
            static_assert(sizeof(kept) <= sizeof bytes_ && alignof(kept) <= alignof(std::max_align_t));
            ::new (static_cast<void*>(bytes_)) kept(std::forward<Action>(what));
            run_ = [](void* at) { (*static_cast<kept*>(at))(); };
            clear_ = [](void* at) { static_cast<kept*>(at)->~kept(); };
        }
        void run() { run_(bytes_); }
        void clear() { clear_(bytes_); }

    private:
        alignas(std::max_align_t) std::byte bytes_[640];
        void (*run_)(void*) = nullptr;
        void (*clear_)(void*) = nullptr;
    };

    void do_once(std::uint32_t place)
    {
        struct at_last  // also when a check fails
        {
            scheduler& in;
            std::uint32_t which;
            ~at_last()
            {
                in.places_[which].clear();
                in.free_.push_back(which);
            }
        } const guard{*this, place};
        places_[place].run();
    }

    std::vector<item> queue_;
    std::deque<action_place> places_;
    std::vector<std::uint32_t> free_;  // places without an action
    us now_ = 0;
    std::uint32_t order_ = 0;
};

// A machine's own clock: it runs at a slightly wrong rate from an arbitrary start.
struct machine_clock
{
    us start = 0;
    std::int64_t ppm = 0;

    [[nodiscard]] us local(us true_time) const { return start + true_time + true_time * ppm / 1'000'000; }
    [[nodiscard]] us true_span(us local_span) const { return local_span * 1'000'000 / (1'000'000 + ppm); }
};

// What is left out when the process that asked for it has died by then. `life` outlives it, and is another
// number in each of the process's lives.
template <class Action>
[[nodiscard]] auto unless_dead(std::uint64_t const& life, Action what)
{
    return [&life, born = life, run = std::move(what)]() mutable
    {
        if (life == born) run();
    };
}

}  // namespace chaind::sim
