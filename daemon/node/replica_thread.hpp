#pragma once
// A replica on a thread of its own, so that links and heartbeats never wait for clients, and the backend
// through which its gateway, on the main loop, reaches it. What is public here is for the main loop.

#include "node/backend_bridge.hpp"
#include "node/replica_driver.hpp"
#include "runtime/letter_box.hpp"
#include "runtime/loop_thread.hpp"
#include "runtime/task_group.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace chaind::node
{

class replica_thread
{
public:
    explicit replica_thread(boost::asio::io_context& main);
    ~replica_thread();  // after stop() has returned, if start() was called

    // Brings a function to the replica's loop: for the readers, which are opened before it.
    [[nodiscard]] store::post_function post();

    // Binds the replica listener: throws boost::system::system_error. `die(exit code, why)` does not return
    // and is called on the replica's thread.
    void build(
        driver_settings how,
        bridge_settings towards_gateway,
        chain::recovered from,
        std::unique_ptr<store::sqlite_store> store,
        std::unique_ptr<store::reader_pool> readers,
        std::function<void(int, std::string const&)> die
    );
    // Told on the main loop (replica_driver::when_over). Before start().
    void when_over(std::function<void(chain::begin_anew)> then);

    void start();
    void step_down();
    // Ends links, performs all queued writes, ends the thread; whoever waits for the replica is told.
    boost::asio::awaitable<void> stop();

    [[nodiscard]] backend_bridge& backend() { return *bridge_; }
    [[nodiscard]] boost::asio::ip::tcp::endpoint const& address() const { return address_; }
    // When its loop last came round.
    [[nodiscard]] instant turned_at() const { return driver_->turned_at(); }

    // On the replica's loop, soon.
    void perform(std::function<void(replica_driver&)> what);
    // Before start() and after stop().
    [[nodiscard]] replica_driver const& driver() const { return *driver_; }

private:
    boost::asio::awaitable<void> end(std::function<void()> tell);

    boost::asio::io_context& main_;
    runtime::loop_thread thread_;
    runtime::task_group ending_;  // the replica's loop
    std::optional<replica_driver> driver_;
    std::shared_ptr<runtime::letter_box<to_chain>> letters_;
    std::optional<backend_bridge> bridge_;
    boost::asio::ip::tcp::endpoint address_;
};

}  // namespace chaind::node
