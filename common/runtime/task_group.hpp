#pragma once
// The owner of coroutines. Nothing in the daemons is detached: whoever spawns does it through a group, and
// the group ends them: ask (total cancellation), wait, insist (terminal).
//
// One thread: the executor's. The group must be empty when it is destroyed, or its executor no longer run.
// Idea: Beast's advanced_server_flex_awaitable.cpp, Seastar's gate.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <list>
#include <memory>
#include <string>

namespace chaind::runtime
{

class task_group
{
public:
    // `channel`: where an exception that ends a coroutine is logged.
    task_group(boost::asio::any_io_executor on, std::string channel);
    ~task_group();
    task_group(task_group const&) = delete;
    task_group& operator=(task_group const&) = delete;

    // Starts `task` at once or soon. It takes values or shared_ptrs, or references that outlive the group.
    // After stop() nothing starts any more; `task` is dropped.
    void spawn(boost::asio::awaitable<void> task);

    // Asks all to end, waits up to `patience`, then insists; resumes when the group is empty.
    boost::asio::awaitable<void> stop(std::chrono::milliseconds patience);

    // Asks all to end, without waiting.
    void cancel();

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] boost::asio::any_io_executor const& executor() const { return on_; }

private:
    struct state;
    class ticket;
    void emit(boost::asio::cancellation_type how);

    boost::asio::any_io_executor on_;
    std::shared_ptr<state> state_;
};

}  // namespace chaind::runtime
