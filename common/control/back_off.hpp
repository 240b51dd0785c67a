#pragma once
// How long a node that left the chain waits before it is taken back. A node that flaps would stop the chain's
// writes for some milliseconds at each splice, so that its wait doubles; the first return is free, since a
// restarted replica is the usual case, and so is each return of a node that had been a member for long.

#include "base/time.hpp"

#include <algorithm>

namespace chaind::control
{

class back_off
{
public:
    // It left after `stayed` as a member. A stay of `last` or longer wipes the slate clean.
    void left(instant now, microseconds stayed, microseconds first, microseconds last)
    {
        if (stayed >= last) times_ = 0;
        failed_ = false;
        wait(now, first, last);
    }
    // It could not be spliced: never free.
    void failed_to_join(instant now, microseconds first, microseconds last)
    {
        times_ = std::max(times_, 1);
        failed_ = true;
        wait(now, first, last);
    }
    // It did not catch up, which costs nobody anything.
    void failed_to_catch_up(instant now, microseconds first, microseconds last)
    {
        times_ = std::max(times_, 1);
        failed_ = false;
        wait(now, first, last);
    }
    void pardon() { *this = {}; }

    // At most `longest` since it left or failed.
    [[nodiscard]] instant until(microseconds longest = microseconds::max()) const
    {
        return std::min(until_ - since_, longest) + since_;
    }
    [[nodiscard]] bool waits(instant now, microseconds longest = microseconds::max()) const
    {
        return now < until(longest);
    }
    // It waits because it could not be spliced.
    [[nodiscard]] bool failed() const { return failed_; }

private:
    void wait(instant now, microseconds first, microseconds last)
    {
        auto delay = times_ == 0 ? microseconds{0} : first;
        for (int i = 1; i < times_ && delay < last; ++i)
            delay *= 2;
        since_ = now;
        until_ = now + std::min(delay, last);
        ++times_;
    }

    int times_ = 0;
    bool failed_ = false;
    instant since_{};
    instant until_{};
};

}  // namespace chaind::control
