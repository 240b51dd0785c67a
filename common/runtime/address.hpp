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

// Links between daemons are not encrypted yet: they may not leave the machine.
bool is_loopback(boost::asio::ip::tcp::endpoint const& at);

}  // namespace chaind::runtime
