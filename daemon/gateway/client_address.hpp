#pragma once
// Whom an address stands for, as far as limits go.

#include "gateway/http_message.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::gateway
{

// An IPv4 client of a socket that takes both kinds has an IPv6 form there: it is the same client.
[[nodiscard]] boost::asio::ip::address plain_address(boost::asio::ip::address const& of);

// One subscriber's addresses have one group: an IPv4 address, or the /64 of an IPv6 address, since whoever
// has one of it has all of it. What is no address stands for itself.
[[nodiscard]] std::string address_group(std::string_view address);

// 1 to 65536: too few to tell an address, enough to notice one that an account was used from.
std::uint32_t place_of(std::string_view group);

// Who sent a request: the peer, or whom the nearest proxy that is not one of `trusted` names. What others may
// have written into X-Forwarded-For stands left of that and is not believed.
[[nodiscard]] std::string client_of(http_request const& request, std::vector<std::string> const& trusted);

}  // namespace chaind::gateway
