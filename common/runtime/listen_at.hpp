#pragma once
// A listening socket, or a sentence for people.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace chaind::runtime
{

// With SO_REUSEADDR: a daemon that is started again gets its port back. Throws system_error, which names the
// address.
boost::asio::ip::tcp::acceptor listen_at(
    boost::asio::any_io_executor on, boost::asio::ip::tcp::endpoint const& at
);

}  // namespace chaind::runtime
