#pragma once
// HTTP as the handlers see it: plain values, so that only connection.cpp knows the library underneath.

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace chaind::gateway
{

struct http_request
{
    std::string method;  // "GET"
    std::string path;    // as it was sent, without the query: starts with '/', not decoded
    std::string query;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;
    std::string peer;   // the client's address, without its port
    std::string local;  // our address, without the port, as the client reached it

    // The first header of that (lower-case) name; nullptr: none.
    [[nodiscard]] std::string const* header(std::string_view name) const
    {
        for (auto const& [key, value] : headers)
            if (key == name) return &value;
        return nullptr;
    }
};

struct http_response
{
    unsigned status = 200;
    std::string type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    bool close = false;
    std::shared_ptr<void> holds;  // until it was written
};

class ws_peer;

class http_handler
{
public:
    virtual ~http_handler() = default;

    virtual boost::asio::awaitable<http_response> handle(http_request request) = 0;

    // A request to speak WebSocket: the one who will, or the refusal.
    virtual std::variant<http_response, std::shared_ptr<ws_peer>> upgrade(http_request const& request) = 0;

    // The answer to what was no acceptable HTTP: 400, 413, 417, 431 or 501.
    [[nodiscard]] virtual http_response refuse(unsigned status, std::string_view why) const = 0;
};

}  // namespace chaind::gateway
