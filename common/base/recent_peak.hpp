#pragma once
// The greatest of the values that were noted in the last while. Sans I/O: time is a parameter.

#include "base/time.hpp"

#include <algorithm>

namespace chaind
{

class recent_peak
{
public:
    // A value counts for `span` at least and for twice as long at most.
    explicit recent_peak(microseconds span) : span_(span) {}

    void note(microseconds value, instant now)
    {
        turn(now);
        this_span_ = std::max(this_span_, value);
    }
    [[nodiscard]] microseconds at(instant now)
    {
        turn(now);
        return std::max(this_span_, last_span_);
    }

private:
    void turn(instant now)
    {
        if (now - began_ < span_) return;
        last_span_ = now - began_ < 2 * span_ ? this_span_ : microseconds{};
        this_span_ = {};
        began_ = now;
    }

    microseconds span_;
    instant began_{};
    microseconds this_span_{};
    microseconds last_span_{};
};

}  // namespace chaind
