#pragma once
// A TCP port whose connections one handler serves: accepts, counts (in all, and by address), and ends them.

#include "gateway/connection.hpp"

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
    boost::asio::awaitable<void> serve(std::shared_ptr<connection> what, std::string from);
    [[nodiscard]] bool has_room(boost::asio::ip::address const& from) const;

    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::ip::tcp::endpoint at_;
    http_handler& handler_;
    settings const& limits_;
    runtime::task_group& tasks_;
    std::unordered_map<connection*, std::weak_ptr<connection>> open_;
    std::unordered_map<std::string, std::size_t> by_address_;
    std::size_t refused_ = 0;
};

}  // namespace chaind::gateway
