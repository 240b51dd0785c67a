#pragma once
// A TCP port whose connections one handler serves: accepts, counts (in all, and by address), and ends them.

#include "gateway/connection.hpp"
#include "gateway/connection_slots.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace chaind::gateway
{

class listener
{
public:
    // Binds and listens; throws boost::system::system_error that names the address.
    listener(
        boost::asio::io_context& on,
        boost::asio::ip::tcp::endpoint at,
        http_handler& handler,
        settings const& limits,
        runtime::task_group& tasks
    );

    void start();
    void close();  // no further connection
    void drain();  // connection::drain() on all
    void abort();

    [[nodiscard]] boost::asio::ip::tcp::endpoint at() const { return at_; }
    [[nodiscard]] std::size_t connections() const { return open_.size(); }
    [[nodiscard]] std::size_t refused() const { return refused_; }

private:
    boost::asio::awaitable<void> accept();
    boost::asio::awaitable<void> serve(std::shared_ptr<connection> what, connection_slots::id number);
    // A place for a newcomer, perhaps that of another, who is ended.
    [[nodiscard]] bool make_room(connection_slots::id newcomer, boost::asio::ip::address const& from);

    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::ip::tcp::endpoint at_;
    http_handler& handler_;
    settings const& limits_;
    runtime::task_group& tasks_;
    connection_slots slots_;
    connection_slots::id next_ = 1;
    std::unordered_map<connection_slots::id, std::weak_ptr<connection>> open_;
    std::size_t refused_ = 0;
};

}  // namespace chaind::gateway
