#pragma once
// The client side of a replica: one listener for HTTP, the web client and chat.v1 over WebSocket, and the
// admin listener with /metrics. It promises what docs/client_api.md 1 and 2 say, sees the chain only through
// `backend`, and bounds all that a client can make it hold. Everything runs on the given context's one
// thread, but for password hashing.

#include "gateway/backend.hpp"
#include "gateway/settings.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

namespace chaind::metrics
{
class registry;
}

namespace chaind::gateway
{

class server
{
public:
    // Binds both listeners, so that a port in use shows at start-up: throws boost::system::system_error, or
    // std::invalid_argument for an admin address that is not loopback. `metrics` is what the admin listener
    // shows.
    server(boost::asio::io_context& on, backend& chain, settings with, metrics::registry& metrics);
    ~server();  // after stop() has returned, if start() was called

    // Accepts from now on. Before the chain serves, requests are answered `unavailable`.
    void start();

    // Says `bye` (4001) to all, lets requests in flight finish, closes; returns when no connection is left,
    // at most `drain_within` later. Call it before the replica stops: the requests still need it.
    boost::asio::awaitable<void> stop();

    [[nodiscard]] std::string url() const;  // where clients reach this replica
    [[nodiscard]] std::uint16_t client_port() const;
    [[nodiscard]] std::uint16_t admin_port() const;
    [[nodiscard]] std::size_t clients() const;  // WebSocket sessions that have said hello with a token

    // The chain wants this replica empty of clients, and it is.
    [[nodiscard]] bool drained() const;

    // Base URLs of all machines of which the config service told last; none before it has.
    [[nodiscard]] std::set<std::string> const& members() const;

    // What SIGHUP may change: limits and rates; the listeners stay as they are.
    void reload(settings const& with);

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chaind::gateway
