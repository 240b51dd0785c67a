#pragma once
// One blocking HTTP request with a deadline, over a Unix socket or TCP. chainctl does one thing at a time, so
// nothing here is asynchronous for its callers.

#include "base/errc.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <string>

namespace chaind::chainctl
{

// Where a service listens: `unix:/path` or `http://host:port`.
struct endpoint
{
    std::string text;

    [[nodiscard]] bool is_unix() const { return text.starts_with("unix:"); }
    [[nodiscard]] std::string path() const { return text.substr(5); }
};

struct response
{
    unsigned status = 0;
    boost::json::value body;  // null when the answer is no JSON
};

// Sends METHOD TARGET with a body of JSON, or without one where it is empty. An error code when no answer
// came: connection refused, timed out, …; then `sent` says whether somebody may have read the request.
result<response> request(
    endpoint const& to,
    std::string const& method,
    std::string const& target,
    std::chrono::milliseconds limit,
    std::string body = {},
    bool* sent = nullptr
);

}  // namespace chaind::chainctl
