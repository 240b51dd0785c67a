#pragma once
// Work in the background that leaves the processor to others, however fast it could go: after each piece the
// thread rests until the piece was its share of the time. A thread's nice value cannot do that: where each
// session or service is a group of its own to the scheduler (sched(7), "The autogroup feature"; cgroups), it
// counts among that group's threads alone, and people's messages are in other groups, too.
//
// Where nobody else wants the processor, rests help nobody. The kernel says how long a thread was ready to
// run and had to wait for one: as long as this one never does, it takes `share_alone` of the time.

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
        std::function<duration()> waited = {};  // that it was ready and had none; empty: not known
    };

    // `share`: of one processor's time, 1 to 100 percent; 100: no rests.
    explicit pace(std::size_t share, clock how = of_this_thread());

    // The first piece of work begins. On the thread that works, as all below.
    void begin();
    // A piece is done: returns when the next may begin.
    void rest();

    [[nodiscard]] static clock of_this_thread();
    // Whoever waits for the worker, to end or to be cancelled, waits for a rest of this length at most.
    static constexpr std::size_t share_alone = 70;
    static constexpr duration longest_rest = std::chrono::milliseconds(100);

private:
    std::size_t const share_;
    clock const clock_;
    duration before_{};
    duration waited_{};
    double crowded_ = 1;  // waiting against working, at worst and lately
};

}  // namespace chaind::store
