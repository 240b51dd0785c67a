#include "store/pace.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <thread>
#include <utility>

namespace chaind::store
{
namespace
{

constexpr double forgets = 0.98;  // of what was, with each piece
constexpr double alone = 0.05;

// The second number of the calling thread's schedstat (proc(5)); 0 where the kernel does not count.
pace::duration waited_by_this_thread()
{
    std::ifstream file("/proc/thread-self/schedstat");
    pace::duration::rep ran = 0;
    pace::duration::rep waited = 0;
    file >> ran >> waited;
    return pace::duration(file.fail() ? 0 : waited);
}

}  // namespace

pace::pace(std::size_t share, clock how) : share_(share), clock_(std::move(how)) {}

void pace::begin()
{
    before_ = clock_.worked();
    if (clock_.waited) waited_ = clock_.waited();
}

void pace::rest()
{
    if (share_ >= 100) return;
    auto const piece = clock_.worked() - before_;
    if (clock_.waited && piece.count() > 0)
    {
        auto const waited = static_cast<double>((clock_.waited() - waited_).count());
        crowded_ = std::max(crowded_ * forgets, waited / static_cast<double>(piece.count()));
    }
    auto const share = crowded_ < alone ? std::max(share_, share_alone) : share_;
    auto const whole = piece * 100 / static_cast<duration::rep>(share);
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
    auto const sleep = [](duration how_long) { std::this_thread::sleep_for(how_long); };
    if (std::ifstream("/proc/thread-self/schedstat").good())
        return {.worked = worked, .sleep = sleep, .waited = waited_by_this_thread};
    return {.worked = worked, .sleep = sleep};
}

}  // namespace chaind::store
