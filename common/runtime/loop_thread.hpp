#pragma once
// A thread with a loop of its own, for work that must not wait for what the main loop does.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <string>
#include <thread>

namespace chaind::runtime
{

class loop_thread
{
public:
    // `name`: what `ps -L` shows, at most 15 bytes. It comes first (runtime/priority.hpp).
    explicit loop_thread(std::string name);
    // As stop(). What waited on the loop is dropped.
    ~loop_thread();
    loop_thread(loop_thread const&) = delete;
    loop_thread& operator=(loop_thread const&) = delete;

    // Before start() the loop's objects belong to the caller's thread, after stop() again; in between to this
    // one. An exception that leaves run_loop() ends the process.
    [[nodiscard]] boost::asio::io_context& context() { return context_; }
    void start();
    // Returns when the handler that runs has ended. Not from the loop itself.
    void stop();

private:
    void run();

    std::string name_;
    boost::asio::io_context context_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;
    std::thread thread_;
};

}  // namespace chaind::runtime
