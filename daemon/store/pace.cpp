#include "store/pace.hpp"

#include <algorithm>
#include <ctime>
#include <thread>
#include <utility>

namespace chaind::store
{

pace::pace(std::size_t share, clock how) : share_(share), clock_(std::move(how)) {}

void pace::begin()
{
    before_ = clock_.worked();
}

void pace::rest()
{
    if (share_ >= 100) return;
    auto const piece = clock_.worked() - before_;
    auto const whole = piece * 100 / static_cast<duration::rep>(share_);
    clock_.sleep(std::min(longest_rest, whole - piece));
    begin();
}

pace::clock pace::of_this_thread()
{
    auto const worked = []
    {
        timespec used = {};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
        return std::chrono::seconds(used.tv_sec) + duration(used.tv_nsec);
    };
    return {.worked = worked, .sleep = [](duration how_long) { std::this_thread::sleep_for(how_long); }};
}

}  // namespace chaind::store
