#pragma once
// The loop of a store's owner.

#include "store/reader_pool.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace chaind::test
{

// Runs what is posted to it, on the test's thread.
class test_loop
{
public:
    store::post_function post()
    {
        return [this](std::function<void()> what)
        {
            {
                std::lock_guard const hold(mutex_);
                waiting_.push_back(std::move(what));
            }
            wake_.notify_one();
        };
    }
    // Until `reached` holds.
    void run_until(std::function<bool()> const& reached)
    {
        while (!reached())
        {
            std::unique_lock hold(mutex_);
            bool const came =
                wake_.wait_for(hold, std::chrono::seconds(20), [this] { return !waiting_.empty(); });
            BOOST_TEST_REQUIRE(came, "nothing was posted for 20 s");
            auto next = std::move(waiting_.front());
            waiting_.pop_front();
            hold.unlock();
            next();
        }
    }
    void run_what_is_there()
    {
        for (;;)
        {
            std::unique_lock hold(mutex_);
            if (waiting_.empty()) return;
            auto next = std::move(waiting_.front());
            waiting_.pop_front();
            hold.unlock();
            next();
        }
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> waiting_;
};

}  // namespace chaind::test
