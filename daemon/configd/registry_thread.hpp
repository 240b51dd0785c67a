#pragma once
// Runs registry writes, in order, on a thread of their own: the loop that hears heartbeats never waits for a
// disk.

#include "configd/registry.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace chaind::configd
{

class registry_thread
{
public:
    registry_thread(boost::asio::any_io_executor loop, std::unique_ptr<registry> on);
    // Performs what is queued.
    ~registry_thread();

    // `done` is called on the loop, with what has happened if it has failed, for people.
    using done_function = std::function<void(error_code, std::string const&)>;
    void replace(control::record next, std::string new_lineage, done_function done);
    void keep(std::vector<control::join_token> all, done_function done);
    // What comes while rows are being written is written together after them, and behind a record that has
    // come meanwhile: a decision waits for one transaction of events at most.
    void append(event_row row, done_function done);
    // For how long the oldest write that is not done has waited; asked on the loop.
    [[nodiscard]] microseconds busy_for() const;
    // What is to be written waits until there is room on the disk; it is tried again each second.
    [[nodiscard]] bool waits_for_room() const { return waits_for_room_; }
    // From now on a full disk is a failed one.
    void wait_for_no_room();
    // Something else that waits for a disk, in its turn.
    void perform(std::function<void()> what);

private:
    template <class Write>
    void write(Write what, done_function done);
    void append_what_waits();
    // False: nobody waits for that any more.
    bool pause_for_room();

    boost::asio::any_io_executor loop_;
    std::unique_ptr<registry> on_;
    std::shared_ptr<std::deque<instant>> undone_ = std::make_shared<std::deque<instant>>();  // the loop's
    std::vector<event_row> rows_;         // the loop's: not under way yet
    std::vector<done_function> when_in_;  // of each of these
    bool appending_ = false;
    std::atomic<bool> waits_for_room_ = false;
    std::mutex mutex_;
    std::condition_variable stopping_;
    bool stop_ = false;  // under the mutex
    boost::asio::thread_pool thread_{1};
};

}  // namespace chaind::configd
