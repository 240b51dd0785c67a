#pragma once
// Work in the background that leaves the processor to others, however fast it could go: after each piece the
// thread rests until the piece was its share of the time. A thread's nice value cannot do that: where each
// session or service is a group of its own to the scheduler (sched(7), "The autogroup feature"; cgroups), it
// counts among that group's threads alone, and people's messages are in other groups, too.

#include <chrono>
#include <cstddef>
#include <functional>

namespace chaind::store
{

class pace
{
public:
    using duration = std::chrono::nanoseconds;
    struct clock
    {
        std::function<duration()> worked;  // processor time that the calling thread has had
        std::function<void(duration)> sleep;
    };

    // `share`: of one processor's time, 1 to 100 percent; 100: no rests.
    explicit pace(std::size_t share, clock how = of_this_thread());

    // The first piece of work begins. On the thread that works, as all below.
    void begin();
    // A piece is done: returns when the next may begin.
    void rest();

    [[nodiscard]] static clock of_this_thread();
    // Whoever waits for the worker, to end or to be cancelled, waits for a rest of this length at most.
    static constexpr duration longest_rest = std::chrono::milliseconds(100);

private:
    std::size_t const share_;
    clock const clock_;
    duration before_{};
};

}  // namespace chaind::store
