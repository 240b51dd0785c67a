#pragma once
// Where a request comes from.

#include "gateway/http_message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::gateway
{

// 1 to 65536: too few to tell an address, enough to notice one that an account was used from.
std::uint32_t place_of(std::string_view group);

// Who sent a request: the peer, or whom the nearest proxy that is not one of `trusted` names. What others may
// have written into X-Forwarded-For stands left of that and is not believed.
[[nodiscard]] std::string client_of(http_request const& request, std::vector<std::string> const& trusted);

}  // namespace chaind::gateway
