#include "gateway/admin_page.hpp"

#include "gateway/cluster_info.hpp"
#include "gateway/http_rules.hpp"
#include "gateway/ws_peer.hpp"
#include "wire/status_json.hpp"

#include <boost/json/serialize.hpp>

#include <unistd.h>

namespace chaind::gateway
{

admin_page::admin_page(
    backend& chain, settings const& limits, metrics::registry& metrics, std::function<void()> refresh
)
    : chain_(chain), limits_(limits), metrics_(metrics), refresh_(std::move(refresh))
{
}

boost::asio::awaitable<http_response> admin_page::handle(http_request request)
{
    // What a web page sends comes with another's name, or with an Origin: no page has a reason to.
    auto const* host = request.header("host");
    if (host != nullptr && !is_own_name(*host, request.local, limits_.allowed_hosts))
        co_return refuse(421, "this server is not called that");
    if (request.header("origin") != nullptr) co_return refuse(403, "not for web pages");
    if (request.method == "POST" && request.path == "/probe") co_return co_await probe();
    if (request.method != "GET" && request.method != "HEAD") co_return refuse(405, "only GET");
    if (request.path == "/livez")
    {
        http_response out;
        out.type = "text/plain; charset=utf-8";
        out.body = "ok\n";
        co_return out;
    }
    if (request.path == "/status")
    {
        auto const& view = chain_.view();
        auto status = wire::status_json(status_here(view));
        // Another process may have the port by which somebody looked for this one.
        status["here"] = {{"name", view.node}, {"pid", ::getpid()}};
        http_response out;
        out.body = boost::json::serialize(status);
        co_return out;
    }
    if (request.path != "/metrics") co_return refuse(404, "only /metrics, /status, /livez and POST /probe");
    refresh_();
    http_response out;
    out.type = "text/plain; version=0.0.4; charset=utf-8";
    out.body = metrics_.text();
    co_return out;
}

// A write that changes nothing, but goes the whole way: 200 when it was committed.
boost::asio::awaitable<http_response> admin_page::probe()
{
    chat::command nothing;
    nothing.what = chat::probe{};
    auto const outcome = co_await chain_.submit(std::move(nothing));
    if (std::holds_alternative<undecided>(outcome)) co_return refuse(503, "not committed");
    http_response out;
    out.type = "text/plain; charset=utf-8";
    out.body = "committed\n";
    co_return out;
}

std::variant<http_response, std::shared_ptr<ws_peer>> admin_page::upgrade(http_request const&)
{
    return refuse(400, "no WebSocket here");
}

http_response admin_page::refuse(unsigned status, std::string_view why) const
{
    http_response out;
    out.status = status;
    out.type = "text/plain; charset=utf-8";
    out.body = std::string(why) + "\n";
    return out;
}

}  // namespace chaind::gateway
