#pragma once
// The two sides of one WebSocket. The connection moves bytes and keeps the protocol (frames, UTF-8, sizes,
// closing); the peer knows what the messages mean. The connection pulls what to write, so a slow client makes
// nobody's queue grow.

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace chaind::gateway
{

struct ws_output
{
    std::string text;  // a message; empty: close
    int close_code = 0;
    std::string close_reason;
};

// What a peer may ask of its connection.
class ws_link
{
public:
    virtual ~ws_link() = default;

    virtual void wake() = 0;       // next() has something
    virtual void abort() = 0;      // drop the connection without another word
    virtual void signed_in() = 0;  // it is a stranger's no longer

    using time_point = std::chrono::steady_clock::time_point;
    // When the message that is being written, or read, was begun.
    [[nodiscard]] virtual std::optional<time_point> writing_since() const = 0;
    [[nodiscard]] virtual std::optional<time_point> reading_since() const = 0;
};

class ws_peer
{
public:
    virtual ~ws_peer() = default;

    // Before anything else. `link` is valid until gone().
    virtual void opened(ws_link& link) = 0;

    // One text message. The next one is not read before this resumes.
    virtual boost::asio::awaitable<void> received(std::string text) = 0;

    // What to write now; the output before is on its way. Nothing: ask again after wake().
    virtual std::optional<ws_output> next() = 0;

    // The connection is over, however. May come twice.
    virtual void gone() = 0;
};

}  // namespace chaind::gateway
