#include "gateway/http_api.hpp"

#include "gateway/assets.hpp"
#include "gateway/client_address.hpp"
#include "gateway/cluster_info.hpp"
#include "gateway/counters.hpp"
#include "gateway/http_accounts.hpp"
#include "gateway/http_chat.hpp"
#include "gateway/http_common.hpp"
#include "gateway/http_rules.hpp"
#include "gateway/session.hpp"
#include "gateway/token.hpp"
#include "runtime/error_words.hpp"
#include "runtime/log.hpp"
#include "wire/status_json.hpp"

#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>

namespace chaind::gateway
{

namespace asio = boost::asio;
namespace json = boost::json;
using chat::api_errc;

namespace
{

constexpr std::string_view api = "/api/v1/";
constexpr auto other_name = "this server is not called that; its option allowed-hosts lists further names";

std::string_view type_of(std::string_view path)
{
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> types{{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".txt", "text/plain; charset=utf-8"},
        {".wasm", "application/wasm"},
    }};
    for (auto const& [ending, type] : types)
        if (path.ends_with(ending)) return type;
    return "application/octet-stream";
}

http_response not_allowed(std::string_view allowed)
{
    auto out = refusal_response(api_errc::bad_request, "this path does not take that method");
    out.status = 405;
    out.headers.emplace_back("Allow", std::string(allowed));
    return out;
}

http_response not_found()
{
    return refusal_response(api_errc::not_found, "nothing is here");
}

}  // namespace

http_api::http_api(services const& with, asio::any_io_executor on) : with_(with), on_(std::move(on))
{
    for (auto const& one : web_assets())
    {
        if (one.path == common_passwords_path) continue;
        page p;
        p.bytes = one.bytes;
        p.type = type_of(one.path);
        p.tag = '"' + to_hex(hash_of_token(one.bytes)).substr(0, 32) + '"';
        p.hashed = one.path.starts_with("/assets/");
        if (one.path == "/index.html") pages_.emplace("/", p);
        pages_.emplace(one.path, p);
    }
}

// ---- what every response says

void http_api::add_headers(http_request const* request, http_response& to) const
{
    auto const& members = with_.sessions.members();
    to.headers.emplace_back(
        "Content-Security-Policy",
        "default-src 'self'; connect-src 'self'" + members.connect_sources() +
            "; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors "
            "'none'; require-trusted-types-for 'script'"
    );
    to.headers.emplace_back("X-Content-Type-Options", "nosniff");
    to.headers.emplace_back("Referrer-Policy", "no-referrer");
    to.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
    bool const has_caching = std::any_of(
        to.headers.begin(), to.headers.end(), [](auto const& h) { return h.first == "Cache-Control"; }
    );
    if (!has_caching) to.headers.emplace_back("Cache-Control", "no-store");
    if (request == nullptr) return;
    to.headers.emplace_back("Vary", "Origin");
    auto const* origin = request->header("origin");
    if (origin == nullptr || foreign(*request)) return;
    to.headers.emplace_back("Access-Control-Allow-Origin", *origin);
    to.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After, Chaind-Pos");
}

bool http_api::foreign(http_request const& request) const
{
    auto const* origin = request.header("origin");
    if (origin == nullptr) return false;
    if (misdirected(request)) return true;
    auto const* host = request.header("host");
    return !with_.sessions.members().may_use(
        *origin, host != nullptr ? *host : std::string(), with_.limits.allowed_origins
    );
}

bool http_api::misdirected(http_request const& request) const
{
    // HTTP/1.0 knows requests without a Host, and no browser sends one.
    auto const* host = request.header("host");
    return host != nullptr && !is_own_name(*host, request.local, with_.sessions.members().hosts()) &&
           !is_own_name(*host, request.local, with_.limits.allowed_hosts);
}

http_response http_api::refuse(unsigned status, std::string_view why) const
{
    auto const code = status == 413 || status == 431 ? api_errc::too_large : api_errc::bad_request;
    auto out = refusal_response(code, std::string(why));
    out.status = status;
    add_headers(nullptr, out);
    with_.count.http(status);
    return out;
}

// ---- requests

asio::awaitable<http_response> http_api::handle(http_request request)
{
    http_response out;
    request.peer = client_of(request, with_.limits.trusted_proxies);
    try
    {
        out = co_await route(request);
    }
    catch (boost::system::system_error const&)
    {
        throw;  // cancelled: the server is stopping
    }
    catch (std::exception const& e)
    {
        log::write(
            log::level::error,
            "gateway",
            "a request failed",
            {{"Path", request.path}, {"Reason", runtime::words_of(e)}}
        );
        auto why = make_refusal(api_errc::internal, "this replica could not do that");
        why.more.outcome = wire::result_outcome::unknown;
        out = refusal_response(why);
    }
    add_headers(&request, out);
    with_.count.http(out.status);
    co_return out;
}

asio::awaitable<http_response> http_api::route(http_request const& request)
{
    auto const& method = request.method;
    bool const reads = method == "GET" || method == "HEAD";
    if (misdirected(request))
    {
        auto out = refusal_response(api_errc::bad_request, other_name, "Host");
        out.status = 421;
        co_return out;
    }
    if (request.path.starts_with("/api/"))
    {
        if (foreign(request))
            co_return refusal_response(api_errc::forbidden, "this web page may not use this server");
        if (method == "OPTIONS")
        {
            http_response out;
            out.status = 204;
            out.type.clear();
            out.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
            out.headers.emplace_back(
                "Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key"
            );
            out.headers.emplace_back("Access-Control-Max-Age", "600");
            co_return out;
        }
        co_return co_await route_api(request);
    }
    if (request.path == "/ws")
        co_return refusal_response(api_errc::bad_request, "speak WebSocket here", "Upgrade");
    if (!reads) co_return not_allowed("GET, HEAD");
    if (request.path == "/livez")
    {
        auto out = ok("ok\n");
        out.type = "text/plain; charset=utf-8";
        co_return out;
    }
    if (request.path == "/readyz") co_return ready(request);
    if (request.path == "/version")
        co_return ok(R"({"name":"chaind","version":")" CHAIND_VERSION
                     R"(","proto":[1],"subprotocols":["chat.v1"]})");
    co_return show_page(request);
}

asio::awaitable<http_response> http_api::route_api(http_request const& request)
{
    std::string_view path = request.path;
    if (!path.starts_with(api)) co_return not_found();
    path.remove_prefix(api.size());
    auto const& method = request.method;
    bool const reads = method == "GET" || method == "HEAD";
    if (draining_ && !reads)
    {
        auto why = make_refusal(api_errc::unavailable, "this replica is stopping");
        co_return refusal_response(why);
    }

    if (path == "status")
    {
        if (!reads) co_return not_allowed("GET");
        co_return co_await status(request);
    }
    if (path == "accounts")
    {
        if (method != "POST") co_return not_allowed("POST");
        co_return co_await create_account(with_, request);
    }
    if (path == "session")
    {
        if (method == "POST") co_return co_await create_session(with_, request);
        if (method == "DELETE") co_return co_await end_session(with_, request);
        co_return not_allowed("POST, DELETE");
    }
    if (path == "sessions")
    {
        if (reads) co_return co_await list_sessions(with_, request);
        if (method == "DELETE") co_return co_await revoke_sessions(with_, request, {});
        co_return not_allowed("GET, DELETE");
    }
    if (path.starts_with("sessions/"))
    {
        if (method != "DELETE") co_return not_allowed("DELETE");
        std::string id(path.substr(9));
        if (id.empty()) co_return not_found();
        co_return co_await revoke_sessions(with_, request, std::move(id));
    }
    if (path == "me/password")
    {
        if (method != "PUT") co_return not_allowed("PUT");
        co_return co_await change_password(with_, request);
    }
    if (path == "messages")
    {
        if (method != "POST") co_return not_allowed("POST");
        co_return co_await send_message(with_, request);
    }
    if (path == "conversations")
    {
        if (!reads) co_return not_allowed("GET");
        co_return co_await list_conversations(with_, request);
    }
    static constexpr std::string_view before = "conversations/";
    static constexpr std::string_view after = "/messages";
    if (path.starts_with(before) && path.find('/', before.size()) == std::string_view::npos)
    {
        if (method != "DELETE") co_return not_allowed("DELETE");
        std::string conv(path.substr(before.size()));
        co_return co_await remove_conversation(with_, request, std::move(conv));
    }
    if (path.starts_with(before) && path.ends_with(after) && path.size() > before.size() + after.size())
    {
        if (!reads) co_return not_allowed("GET");
        std::string conv(path.substr(before.size(), path.size() - before.size() - after.size()));
        co_return co_await list_messages(with_, request, std::move(conv));
    }
    co_return not_found();
}

http_response http_api::show_page(http_request const& request) const
{
    auto const found = pages_.find(request.path);
    if (found == pages_.end()) return not_found();
    auto const& p = found->second;
    http_response out;
    out.type = std::string(p.type);
    out.headers.emplace_back("ETag", p.tag);
    out.headers.emplace_back("Cache-Control", p.hashed ? "public, max-age=31536000, immutable" : "no-cache");
    if (matches_tag(request, p.tag))
        out.status = 304;
    else
        out.body = std::string(p.bytes);
    return out;
}

http_response http_api::ready(http_request const& request) const
{
    auto const role = parameter(request, "role").value_or("write");
    if (role != "read" && role != "write")
        return refusal_response(api_errc::bad_request, "role is read or write", "role");
    auto const& view = with_.chain.view();
    bool const can = role == "read" ? view.can_read : view.can_write;
    if (can && !draining_ && !view.draining) return ok(R"({"ready":true,"role":")" + role + "\"}");
    auto const why = draining_ ? std::string("this replica is stopping")
                     : view.draining && view.member
                         ? std::string("this replica is draining: it is about to leave the chain")
                     : view.why_not.empty() ? "this replica cannot serve " + role + "s now"
                                            : view.why_not;
    return refusal_response(api_errc::unavailable, why);
}

asio::awaitable<http_response> http_api::status(http_request const& request)
{
    bool known = false;
    // Nobody waits for a chain that is down to hear that it is.
    if (request.header("authorization") != nullptr && with_.chain.view().can_read)
    {
        auto const asker = co_await who_asks(with_, request);
        known = std::holds_alternative<chat::known_session>(asker);
    }
    auto const& view = with_.chain.view();
    co_return ok(json::serialize(known ? wire::status_json(status_here(view)) : status_for_strangers(view)));
}

// ---- WebSocket

std::variant<http_response, std::shared_ptr<ws_peer>> http_api::upgrade(http_request const& request)
{
    auto const refused = [&](http_response out) -> std::variant<http_response, std::shared_ptr<ws_peer>>
    {
        add_headers(&request, out);
        with_.count.http(out.status);
        return out;
    };
    if (misdirected(request)) return refused(refusal_response(api_errc::forbidden, other_name, "Host"));
    if (request.path != "/ws") return refused(not_found());
    if (foreign(request))
        return refused(refusal_response(api_errc::forbidden, "this web page may not use this server"));
    bool known = false;
    for (auto const& [name, value] : request.headers)
        if (name == "sec-websocket-protocol") known = known || lists(value, "chat.v1");
    if (!known)
    {
        http_response out;
        out.status = 400;
        out.body = R"(["chat.v1"])";
        return refused(std::move(out));
    }
    if (draining_) return refused(refusal_response(api_errc::unavailable, "this replica is stopping"));
    if (with_.chain.view().draining)
        return refused(refusal_response(api_errc::unavailable, "this replica is about to leave the chain"));
    if (with_.chain.view().cut_off)
        return refused(refusal_response(
            api_errc::unavailable, "this replica serves no writes now: " + with_.chain.view().why_not
        ));
    with_.count.http(101);
    return std::make_shared<session>(with_, on_, client_of(request, with_.limits.trusted_proxies));
}

}  // namespace chaind::gateway
