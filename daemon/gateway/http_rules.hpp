#pragma once
// What a request must look like before anybody looks at what it wants: how its body is framed, and which
// lists in its headers say what. The library underneath is more generous than is safe in front of a proxy.

#include "gateway/http_message.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace chaind::gateway
{

struct objection
{
    unsigned status = 0;  // 0: none
    std::string_view why;
};

// Where the body ends must be beyond doubt: a proxy that sees it elsewhere would take a part of it for a
// request.
[[nodiscard]] objection framing_objection(http_request const& head, bool http_1_0);

// Whether If-None-Match names that entity tag, compared weakly.
[[nodiscard]] bool matches_tag(http_request const& request, std::string_view tag);

// The items of a comma-separated header.
[[nodiscard]] bool lists(std::string_view header, std::string_view wanted);

// Whether Host names this machine: by its side of the connection (`reached_at`), as localhost, or by one of
// `names`. A page of some other name, which a resolver was made to answer with our address (DNS rebinding),
// asks by that name.
[[nodiscard]] bool is_own_name(
    std::string_view host, std::string_view reached_at, std::vector<std::string> const& names
);

// The host of "host[:port]", in lower case and without brackets or a dot at its end; empty: no host is
// written like that.
[[nodiscard]] std::string host_of(std::string_view authority);

}  // namespace chaind::gateway
