#pragma once
// HOST:PORT as people write it in options and as nodes tell each other. Numeric addresses only: no listener
// or link ever waits for a name server.

#include <boost/asio/ip/tcp.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace chaind::runtime
{

// "127.0.0.1:7101", "[::1]:7101", "localhost:7101"; port 0..65535. Nothing when it is anything else.
std::optional<boost::asio::ip::tcp::endpoint> parse_address(std::string_view text);
std::string to_string(boost::asio::ip::tcp::endpoint const& at);

// An IPv4 peer of a socket that takes both kinds has an IPv6 form there: it is the same peer.
boost::asio::ip::address plain_address(boost::asio::ip::address const& of);

// Whom an address stands for, as far as limits go: an IPv4 address for itself, one of IPv6 for its /64, since
// whoever has one of that has all of it. What is no address stands for itself.
std::string address_group(std::string_view address);

// Links between daemons are not encrypted yet: they may not leave the machine.
bool is_loopback(boost::asio::ip::tcp::endpoint const& at);

}  // namespace chaind::runtime
