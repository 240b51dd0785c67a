#pragma once
// Simulated time: a queue of things to do, in order of their time, then of their insertion.

#include <algorithm>
#include <array>
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
        for (auto const& each : soon_)
            places_[each.place].end(false);
        for (auto place : slots_)
            for (; place != none; place = later_[place].next)
                places_[place].end(false);
    }

    [[nodiscard]] us now() const { return now_; }

    template <class Action>
    void at(us when, Action&& what)
    {
        if (free_.empty())
        {
            free_.push_back(static_cast<std::uint32_t>(places_.size()));
            places_.emplace_back();
            later_.emplace_back();
        }
        auto const place = free_.back();
        places_[place].keep(std::forward<Action>(what));
        free_.pop_back();
        put({std::max(when, now_), order_++, place});
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
        while (next_is_due(end))
        {
            std::pop_heap(soon_.begin(), soon_.end(), comes_later);
            auto const next = soon_.back();
            soon_.pop_back();
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
        us when = 0;
        std::uint32_t order = 0;  // no run has as many as these
        std::uint32_t place = 0;  // of its action
    };
    static constexpr auto comes_later = [](item const& a, item const& b)
    { return a.when != b.when ? a.when > b.when : a.order > b.order; };

    // Few things are due within a slot's span, and those alone are kept in order. All others lie in their
    // slot until its turn comes; what is further away than all slots reach is passed over as often as it must
    // be.
    static constexpr us slot_span = 2'048;
    static constexpr std::size_t slots = 2'048;
    static constexpr std::uint32_t none = ~std::uint32_t{};
    struct waiting
    {
        item what;
        std::uint32_t next = none;  // place of another one in its slot
    };
    [[nodiscard]] std::uint32_t& slot_of(us when)
    {
        return slots_[static_cast<std::size_t>(when / slot_span) % slots];
    }
    void put(item const& what)
    {
        if (what.when < soon_ends_)
        {
            soon_.push_back(what);
            std::push_heap(soon_.begin(), soon_.end(), comes_later);
            return;
        }
        later_[what.place] = {what, std::exchange(slot_of(what.when), what.place)};
        ++waiting_;
    }
    [[nodiscard]] bool next_is_due(us end)
    {
        while (soon_.empty() && waiting_ > 0 && soon_ends_ <= end)
            open_next_slot();
        return !soon_.empty() && soon_.front().when <= end;
    }
    void open_next_slot()
    {
        auto place = std::exchange(slot_of(soon_ends_), none);
        soon_ends_ += slot_span;
        while (place != none)
        {
            auto const [what, next] = later_[place];
            --waiting_;
            put(what);
            place = next;
        }
    }

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
            end_ = [](void* at, bool run)
            {
                struct at_last  // also when a check fails
                {
                    kept& what;
                    ~at_last() { what.~kept(); }
                } const guard{*static_cast<kept*>(at)};
                if (run) guard.what();
            };
        }
        // It is done, or left out.
        void end(bool run) { end_(bytes_, run); }

    private:
        alignas(std::max_align_t) std::byte bytes_[640];
        void (*end_)(void*, bool) = nullptr;
    };

    void do_once(std::uint32_t place)
    {
        struct at_last  // also when a check fails
        {
            scheduler& in;
            std::uint32_t which;
            ~at_last() { in.free_.push_back(which); }
        } const guard{*this, place};
        places_[place].end(true);
    }

    static std::array<std::uint32_t, slots> empty_slots()
    {
        std::array<std::uint32_t, slots> out;
        out.fill(none);
        return out;
    }

    std::vector<item> soon_;  // a heap: what is due before ...
    us soon_ends_ = slot_span;
    std::array<std::uint32_t, slots> slots_ = empty_slots();  // ... and what is not: a list's first place
    std::size_t waiting_ = 0;                                 // in them
    std::vector<waiting> later_;                              // of each place
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

// How long a process's own ticks are apart, by its clock: each run of one draws it from what docs/protocol.md
// 15 allows. A busy machine's ticks come late, and a core may not count on every fifth millisecond.
constexpr us tick_least = 5'000;
constexpr us tick_most = 9'400;  // with the jitter and a fast clock less than the 10 ms
constexpr us tick_jitter = 500;

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
