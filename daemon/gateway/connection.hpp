#pragma once
// One accepted TCP connection: HTTP/1.1 requests one after the other, then perhaps a WebSocket. It keeps
// every limit of size and time that concerns bytes; what the requests mean is the handler's business.

#include "gateway/http_message.hpp"
#include "gateway/settings.hpp"
#include "runtime/task_group.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>

namespace chaind::gateway
{

class connection
{
public:
    virtual ~connection() = default;

    // Until the connection has ended. Never throws for what the client does.
    virtual boost::asio::awaitable<void> run() = 0;

    // No further request: an idle connection ends now, a busy one after its answer. A WebSocket ends when its
    // peer says so.
    virtual void drain() = 0;
    virtual void abort() = 0;

    // It has a request, or a frame, that is being answered.
    [[nodiscard]] virtual bool busy() const = 0;
};

// `on`, `limits` and `tasks` outlive it; the WebSocket's writer is spawned into `tasks`. `on_sign_in` is
// called when its user has.
std::shared_ptr<connection> make_connection(
    boost::asio::ip::tcp::socket socket,
    http_handler& on,
    settings const& limits,
    runtime::task_group& tasks,
    std::function<void()> on_sign_in
);

}  // namespace chaind::gateway
