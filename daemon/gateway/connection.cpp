#include "gateway/connection.hpp"

#include "gateway/ws_peer.hpp"
#include "runtime/within.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <optional>

namespace chaind::gateway
{

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace
{

constexpr auto tuple_token = asio::as_tuple(asio::use_awaitable);

using stream_type = beast::tcp_stream;
using request_type = http::request<http::string_body>;

http_request plain(request_type const& from, std::string peer)
{
    http_request out;
    out.method = std::string(from.method_string());
    auto const target = std::string_view(from.target());
    auto const mark = target.find('?');
    out.path = std::string(target.substr(0, mark));
    if (mark != std::string_view::npos) out.query = std::string(target.substr(mark + 1));
    for (auto const& field : from)
    {
        std::string name(field.name_string());
        std::transform(
            name.begin(),
            name.end(),
            name.begin(),
            [](unsigned char c)
            { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : static_cast<char>(c); }
        );
        out.headers.emplace_back(std::move(name), std::string(field.value()));
    }
    out.body = from.body();
    out.peer = std::move(peer);
    return out;
}

void decorate(websocket::response_type& response)
{
    response.set(http::field::sec_websocket_protocol, "chat.v1");
    response.set(http::field::server, "chaind");
}

class beast_connection final : public connection,
                               public ws_link,
                               public std::enable_shared_from_this<beast_connection>
{
public:
    beast_connection(
        asio::ip::tcp::socket socket, http_handler& on, settings const& limits, runtime::task_group& tasks
    )
        : stream_(std::move(socket)),
          buffer_(std::max(limits.header_max + limits.request_body_max, limits.frame_max) + 4096),
          handler_(on),
          limits_(limits),
          tasks_(tasks),
          wakeup_(stream_.get_executor(), asio::steady_timer::time_point::max())
    {
        error_code ignored;
        auto const from = lowest().socket().remote_endpoint(ignored);
        if (!ignored) peer_address_ = from.address().to_string();
        lowest().socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    }

    ~beast_connection() override { gone(); }

    asio::awaitable<void> run() override
    {
        auto const self = shared_from_this();
        while (co_await serve_request())
        {
        }
        if (ws_)
            co_await read_messages();
        else
            co_await linger();
    }

    void drain() override
    {
        draining_ = true;
        if (idle_) abort();
    }

    void abort() override
    {
        lowest().close();
        gone();
    }

    void wake() override { wakeup_.cancel(); }
    [[nodiscard]] std::optional<time_point> writing_since() const override { return writing_since_; }
    [[nodiscard]] std::optional<time_point> reading_since() const override { return reading_since_; }

private:
    stream_type& lowest() { return ws_ ? beast::get_lowest_layer(*ws_) : stream_; }

    // False: no further request on this connection.
    asio::awaitable<bool> serve_request()
    {
        if (draining_) co_return false;
        if (buffer_.size() == 0 && !co_await first_bytes()) co_return false;

        http::request_parser<http::string_body> parser;
        parser.header_limit(static_cast<std::uint32_t>(limits_.header_max));
        parser.body_limit(limits_.request_body_max);
        stream_.expires_after(limits_.header_within);
        auto [header_failed, header_size] =
            co_await http::async_read_header(stream_, buffer_, parser, tuple_token);
        if (header_failed) co_return co_await refuse(header_failed);
        stream_.expires_after(limits_.body_within);
        auto [body_failed, body_size] = co_await http::async_read(stream_, buffer_, parser, tuple_token);
        if (body_failed) co_return co_await refuse(body_failed);

        auto const& message = parser.get();
        if (auto const why = unacceptable(message); !why.empty())
        {
            auto refusal = handler_.refuse(400, why);
            refusal.close = true;
            co_return co_await answer(std::move(refusal), message.version(), false);
        }
        auto request = plain(message, peer_address_);
        if (websocket::is_upgrade(message)) co_return co_await upgrade(parser.release(), std::move(request));

        bool const head = message.method() == http::verb::head;
        bool const keep = message.keep_alive();
        auto const version = message.version();
        stream_.expires_never();
        auto response = co_await handler_.handle(std::move(request));
        response.close = response.close || !keep || draining_;
        co_return co_await answer(std::move(response), version, head);
    }

    // Between two requests nothing is owed: wait longer than within one, and end at once when draining.
    asio::awaitable<bool> first_bytes()
    {
        stream_.expires_after(limits_.keep_alive);
        idle_ = true;
        auto [failed, size] = co_await stream_.async_read_some(buffer_.prepare(4096), tuple_token);
        idle_ = false;
        if (failed)
        {
            silent_ = true;
            co_return false;
        }
        buffer_.commit(size);
        co_return true;
    }

    static std::string_view unacceptable(request_type const& message)
    {
        if (message.version() != 10 && message.version() != 11) return "HTTP/1.1 is spoken here";
        if (message.version() == 11 && message.count(http::field::host) != 1)
            return "one Host header is needed";
        if (message.target().empty() || message.target().front() != '/') return "the target must be a path";
        return {};
    }

    // What could not be read as a request: one answer where one makes sense, then close.
    asio::awaitable<bool> refuse(error_code why)
    {
        unsigned status = 400;
        if (why == http::error::header_limit || why == http::error::buffer_overflow)
            status = 431;
        else if (why == http::error::body_limit)
            status = 413;
        else if (why.category() != http::make_error_code(http::error::end_of_stream).category() ||
                 why == http::error::end_of_stream || why == http::error::partial_message)
        {
            silent_ = true;  // gone, or too slow
            co_return false;
        }
        auto refusal = handler_.refuse(
            status,
            status == 413   ? "the body is too large"
            : status == 431 ? "the header is too large"
                            : "not HTTP/1.1"
        );
        refusal.close = true;
        co_return co_await answer(std::move(refusal), 11, false);
    }

    asio::awaitable<bool> answer(http_response from, unsigned version, bool head)
    {
        http::response<http::string_body> message(static_cast<http::status>(from.status), version);
        message.set(http::field::server, "chaind");
        if (!from.type.empty()) message.set(http::field::content_type, from.type);
        for (auto const& [name, value] : from.headers)
            message.set(name, value);
        message.keep_alive(!from.close);
        auto const size = from.body.size();
        if (!head) message.body() = std::move(from.body);
        bool const bodiless = from.status == 204 || from.status == 304;
        if (!bodiless) message.content_length(size);
        stream_.expires_after(limits_.body_within);
        auto [failed, written] = co_await http::async_write(stream_, message, tuple_token);
        if (failed) silent_ = true;
        co_return !failed && !from.close;
    }

    // Closing at once with bytes unread would reset the connection and take our last answer with it.
    asio::awaitable<void> linger()
    {
        error_code ignored;
        stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        stream_.expires_after(std::chrono::seconds(1));
        buffer_.clear();
        for (std::size_t seen = 0; !silent_ && seen < 256U * 1024;)
        {
            auto [failed, size] = co_await stream_.async_read_some(buffer_.prepare(4096), tuple_token);
            if (failed) break;
            seen += size;
        }
        stream_.close();
    }

    asio::awaitable<bool> upgrade(request_type message, http_request request)
    {
        // Bytes behind the request, before anybody agreed to speak WebSocket, belong to neither protocol.
        auto decision = buffer_.size() == 0
                            ? handler_.upgrade(request)
                            : std::variant<http_response, std::shared_ptr<ws_peer>>(
                                  handler_.refuse(400, "data before the WebSocket was accepted")
                              );
        if (auto* refusal = std::get_if<http_response>(&decision))
        {
            refusal->close = true;
            co_return co_await answer(std::move(*refusal), message.version(), false);
        }
        peer_ = std::get<std::shared_ptr<ws_peer>>(std::move(decision));
        stream_.expires_never();
        ws_.emplace(std::move(stream_));
        websocket::stream_base::timeout times{};
        times.handshake_timeout = std::chrono::seconds(5);
        times.idle_timeout = websocket::stream_base::none();
        times.keep_alive_pings = false;
        ws_->set_option(times);
        ws_->set_option(websocket::stream_base::decorator(decorate));
        ws_->read_message_max(limits_.frame_max);
        ws_->text(true);
        ws_->auto_fragment(false);  // simple clients expect a message in one frame
        auto [failed] = co_await ws_->async_accept(message, tuple_token);
        if (failed)
        {
            peer_->gone();
            peer_.reset();
        }
        co_return false;
    }

    asio::awaitable<void> read_messages()
    {
        if (!peer_) co_return;
        peer_->opened(*this);
        tasks_.spawn(write_messages(shared_from_this()));
        while (!gone_)
        {
            auto [failed, size] = co_await ws_->async_read_some(buffer_, 0, tuple_token);
            if (failed) break;
            if (!ws_->is_message_done())
            {
                if (!reading_since_) reading_since_ = std::chrono::steady_clock::now();
                continue;
            }
            reading_since_.reset();
            if (!ws_->got_text())
            {
                refusal_ = ws_output{{}, websocket::close_code::unknown_data, "text frames are spoken here"};
                wake();
                break;
            }
            auto text = beast::buffers_to_string(buffer_.data());
            buffer_.consume(buffer_.size());
            co_await peer_->received(std::move(text));
        }
        if (!refusal_) gone();
    }

    // The only one who writes messages and begins to close.
    static asio::awaitable<void> write_messages(std::shared_ptr<beast_connection> self)
    {
        auto& ws = *self->ws_;
        while (!self->gone_)
        {
            auto out = self->refusal_ ? std::exchange(self->refusal_, std::nullopt) : self->peer_->next();
            if (!out)
            {
                self->wakeup_.expires_at(asio::steady_timer::time_point::max());
                co_await runtime::wait_on(self->wakeup_);
                continue;
            }
            self->writing_since_ = std::chrono::steady_clock::now();
            if (out->text.empty())
            {
                auto const code = static_cast<websocket::close_code>(out->close_code);
                websocket::close_reason const reason(code, out->close_reason);
                co_await ws.async_close(reason, tuple_token);
                break;
            }
            auto [failed, size] = co_await ws.async_write(asio::buffer(out->text), tuple_token);
            self->writing_since_.reset();
            if (failed) break;
        }
        self->abort();
    }

    void gone()
    {
        if (gone_) return;
        gone_ = true;
        if (peer_) peer_->gone();
        wake();
    }

    stream_type stream_;
    std::optional<websocket::stream<stream_type>> ws_;
    beast::flat_buffer buffer_;
    http_handler& handler_;
    settings const& limits_;
    runtime::task_group& tasks_;
    asio::steady_timer wakeup_;  // cancelled when the writer may have work
    std::string peer_address_;
    std::shared_ptr<ws_peer> peer_;
    std::optional<ws_output> refusal_;
    std::optional<time_point> writing_since_;
    std::optional<time_point> reading_since_;
    bool draining_ = false;
    bool idle_ = false;
    bool silent_ = false;  // the client is gone or never spoke: nothing to linger for
    bool gone_ = false;
};

}  // namespace

std::shared_ptr<connection> make_connection(
    asio::ip::tcp::socket socket, http_handler& on, settings const& limits, runtime::task_group& tasks
)
{
    return std::make_shared<beast_connection>(std::move(socket), on, limits, tasks);
}

}  // namespace chaind::gateway
