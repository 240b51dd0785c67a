#include "gateway/connection.hpp"

#include "base/library_fault.hpp"
#include "gateway/http_body.hpp"
#include "gateway/http_rules.hpp"
#include "gateway/ws_frames.hpp"
#include "gateway/ws_peer.hpp"
#include "runtime/address.hpp"
#include "runtime/log.hpp"
#include "runtime/within.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/read_size.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <array>
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

constexpr auto close_within = std::chrono::seconds(5);  // from our close frame to the client's
constexpr auto tuple_token = asio::as_tuple(asio::use_awaitable);

using stream_type = beast::tcp_stream;
using request_type = http::request<http::string_body>;
using parser_type = http_body::parser;

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
        asio::ip::tcp::socket socket,
        http_handler& on,
        settings const& limits,
        runtime::task_group& tasks,
        std::function<void()> on_sign_in
    )
        : stream_(std::move(socket)),
          buffer_(limits.header_max + limits.request_body_max + 4096),
          handler_(on),
          limits_(limits),
          tasks_(tasks),
          tell_signed_in_(std::move(on_sign_in)),
          wakeup_(stream_.get_executor(), asio::steady_timer::time_point::max()),
          frames_(limits.frame_max),
          closed_wakeup_(stream_.get_executor()),
          close_limit_(stream_.get_executor())
    {
        error_code ignored;
        auto const from = stream_.socket().remote_endpoint(ignored);
        if (!ignored) peer_address_ = from.address().to_string();
        auto const to = stream_.socket().local_endpoint(ignored);
        if (!ignored) local_address_ = runtime::plain_address(to.address()).to_string();
        stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
    }

    ~beast_connection() override { gone(); }

    asio::awaitable<void> run() override
    {
        auto const self = shared_from_this();
        side reader(*this);
        try
        {
            while (co_await serve_request())
            {
            }
            if (peer_) co_await read_messages();
            co_await linger();
            reader.done();
        }
        catch (library_fault const& fault)
        {
            ended_by(fault);
        }
    }

    void drain() override
    {
        draining_ = true;
        if (idle_) abort();
    }

    void abort() override
    {
        stream_.close();
        gone();
    }

    [[nodiscard]] bool busy() const override { return busy_; }

    void wake() override { wakeup_.cancel(); }
    void signed_in() override { tell_signed_in_(); }
    [[nodiscard]] std::optional<time_point> writing_since() const override { return writing_since_; }
    [[nodiscard]] std::optional<time_point> reading_since() const override { return reading_since_; }

private:
    // One of the two coroutines. The connection ends with the writer, and with whichever of them is thrown
    // out of or destroyed where it waited.
    class side
    {
    public:
        explicit side(beast_connection& of) : of_(of) {}
        ~side()
        {
            if (!done_) of_.abort();
        }
        void done() { done_ = true; }

    private:
        beast_connection& of_;
        bool done_ = false;
    };

    void ended_by(library_fault const& fault)
    {
        log::write(
            log::level::error,
            "gateway",
            "a connection ended: a library's own check failed",
            {{"Peer", peer_address_}, {"Reason", fault.what()}}
        );
        abort();
    }

    // False: no further request on this connection.
    asio::awaitable<bool> serve_request()
    {
        if (draining_) co_return false;
        if (buffer_.size() == 0 && !co_await first_bytes()) co_return false;

        parser_type parser;
        parser.header_limit(static_cast<std::uint32_t>(limits_.header_max));
        parser.body_limit(limits_.request_body_max);
        stream_.expires_after(limits_.header_within);
        // The parser counts anew after each read: the header as a whole has the limit.
        for (std::size_t taken = 0; !parser.is_header_done();)
        {
            auto [failed, size] = co_await http::async_read_some(stream_, buffer_, parser, tuple_token);
            taken += size;
            if (failed) co_return co_await refuse(failed);
            if (taken > limits_.header_max) co_return co_await refuse(http::error::header_limit);
        }
        auto request = plain(parser.get());
        auto const version = parser.get().version();
        bool const head = parser.get().method() == http::verb::head;
        if (auto const no = unacceptable(parser.get(), request); no.status != 0)
        {
            auto refusal = handler_.refuse(no.status, no.why);
            refusal.close = true;
            co_return co_await answer(std::move(refusal), version, head);
        }
        if (auto const failed = co_await read_body(parser, request.header("expect") != nullptr))
            co_return co_await refuse(failed);
        if (websocket::is_upgrade(parser.get()))
            co_return co_await upgrade(parser.release(), std::move(request));

        bool const keep = parser.get().keep_alive();
        request.body = std::move(parser.get().body());
        stream_.expires_never();
        busy_ = true;
        auto response = co_await handler_.handle(std::move(request));
        busy_ = false;
        response.close = response.close || !keep || draining_;
        co_return co_await answer(std::move(response), version, head);
    }

    // `expects`: the client may wait for leave to send it.
    asio::awaitable<error_code> read_body(parser_type& parser, bool expects)
    {
        stream_.expires_after(limits_.body_within);
        if (expects && !parser.is_done() && buffer_.size() == 0 && parser.get().version() == 11)
        {
            static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            auto [failed, size] = co_await asio::async_write(stream_, asio::buffer(go_on), tuple_token);
            if (failed) co_return failed;
        }
        // What frames the chunks of a body, and what follows them, is not in its size.
        auto const wire_max = limits_.header_max + 8 * limits_.request_body_max;
        http_body body(parser);
        for (error_code failed; !parser.is_done();)
        {
            if (body.take(buffer_, failed)) continue;
            if (failed) co_return failed;
            if (body.taken() > wire_max) co_return http::error::body_limit;
            if (parser.is_done()) break;
            auto const room = beast::read_size(buffer_, 65536);
            if (room == 0) co_return http::error::buffer_overflow;
            auto [ended, size] = co_await stream_.async_read_some(buffer_.prepare(room), tuple_token);
            if (ended == asio::error::eof) co_return http::error::partial_message;
            if (ended) co_return ended;
            buffer_.commit(size);
        }
        co_return error_code{};
    }

    // Without its body.
    http_request plain(request_type const& from) const
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
        out.peer = peer_address_;
        out.local = local_address_;
        return out;
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

    static objection unacceptable(request_type const& message, http_request const& request)
    {
        if (message.version() != 10 && message.version() != 11) return {400, "HTTP/1.1 is spoken here"};
        auto const hosts = message.count(http::field::host);
        if (hosts > 1 || (message.version() == 11 && hosts == 0)) return {400, "one Host header is needed"};
        if (hosts == 1 && host_of(*request.header("host")).empty()) return {400, "Host is no host"};
        // Whichever of them were judged, somebody else may mean another one.
        if (message.count(http::field::origin) > 1) return {400, "one Origin header at most is taken"};
        if (message.target().empty() || message.target().front() != '/')
            return {400, "the target must be a path"};
        auto const* expected = request.header("expect");
        if (expected != nullptr && !beast::iequals(*expected, "100-continue"))
            return {417, "nothing but 100-continue may be expected here"};
        return framing_objection(request, message.version() == 10);
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
        // Its own version, also to who speaks 1.0 (RFC 9112, 2.3).
        http::response<http::string_body> message(static_cast<http::status>(from.status), 11);
        message.set(http::field::server, "chaind");
        if (!from.type.empty()) message.set(http::field::content_type, from.type);
        for (auto const& [name, value] : from.headers)
            message.set(name, value);
        message.keep_alive(!from.close);
        if (version == 10 && !from.close) message.set(http::field::connection, "keep-alive");
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
        stream_.expires_never();
        websocket::stream<stream_type&, false> handshake(stream_);
        websocket::stream_base::timeout times{};
        times.handshake_timeout = std::chrono::seconds(5);
        times.idle_timeout = websocket::stream_base::none();
        times.keep_alive_pings = false;
        handshake.set_option(times);
        handshake.set_option(websocket::stream_base::decorator(decorate));
        auto [failed] = co_await handshake.async_accept(message, tuple_token);
        auto who = std::get<std::shared_ptr<ws_peer>>(std::move(decision));
        if (failed)
            who->gone();
        else
            peer_ = std::move(who);
        co_return false;
    }

    // Reads until the client has closed, or the connection ends. While our own close is on its way, what
    // comes is dropped.
    asio::awaitable<void> read_messages()
    {
        peer_->opened(*this);
        tasks_.spawn(write_messages(shared_from_this()));
        while (!gone_)
        {
            auto what = frames_.next();
            if (!what)
            {
                if (!frames_.unfinished())
                    reading_since_.reset();
                else if (!reading_since_)
                    reading_since_ = std::chrono::steady_clock::now();
                auto const space = frames_.space();
                auto const into = asio::buffer(space.data(), space.size());
                auto [failed, size] = co_await stream_.async_read_some(into, tuple_token);
                if (failed) break;
                frames_.filled(size);
                continue;
            }
            if (auto* message = std::get_if<ws_message>(&*what))
            {
                reading_since_.reset();
                auto text = std::move(message->text);
                if (closing_) continue;
                busy_ = true;
                co_await peer_->received(std::move(text));
                busy_ = false;
            }
            else if (auto* ping = std::get_if<ws_ping>(&*what))
            {
                pong_ = std::move(ping->payload);  // of several, the last one is answered
                wake();
            }
            else
            {
                end_ = end_for(*what);
                co_await close_written();
                break;
            }
        }
        gone();
    }

    static ws_output end_for(ws_frames::event const& what)
    {
        if (auto const* close = std::get_if<ws_close>(&what)) return {{}, close->code, {}};
        auto const& failure = std::get<ws_failure>(what);
        return {{}, failure.code, std::string(failure.why)};
    }

    asio::awaitable<void> close_written()
    {
        wake();
        while (!gone_ && !closed_)
        {
            closed_wakeup_.expires_at(asio::steady_timer::time_point::max());
            co_await runtime::wait_on(closed_wakeup_);
        }
    }

    // The only one who writes.
    static asio::awaitable<void> write_messages(std::shared_ptr<beast_connection> self)
    {
        side writer(*self);
        try
        {
            co_await self->write_until_closed();
            writer.done();
        }
        catch (library_fault const& fault)
        {
            self->ended_by(fault);
        }
    }

    asio::awaitable<void> write_until_closed()
    {
        bool ponged = false;  // the last frame was one
        while (!gone_ && !closed_)
        {
            // A flood of pings does not keep anything else from being said.
            auto out = end_;
            if (!out && (!pong_ || ponged)) out = peer_->next();
            ponged = !out;
            if (!out && !pong_)
            {
                wakeup_.expires_at(asio::steady_timer::time_point::max());
                co_await runtime::wait_on(wakeup_);
                continue;
            }
            writing_since_ = std::chrono::steady_clock::now();
            std::string before;
            std::string text;
            if (!out)
                before = ws_pong_frame(*std::exchange(pong_, std::nullopt));
            else if (out->text.empty())
            {
                before = ws_close_frame(out->close_code, out->close_reason);
                begin_to_close();
            }
            else
            {
                before = ws_text_header(out->text.size());
                text = std::move(out->text);
            }
            std::array<asio::const_buffer, 2> const pieces{asio::buffer(before), asio::buffer(text)};
            auto [failed, size] = co_await asio::async_write(stream_, pieces, tuple_token);
            writing_since_.reset();
            if (failed) abort();
            if (closing_)
            {
                closed_ = true;
                closed_wakeup_.cancel();
            }
        }
    }

    // Whoever does not answer our close in time is dropped.
    void begin_to_close()
    {
        closing_ = true;
        close_limit_.expires_after(close_within);
        close_limit_.async_wait(
            [of = weak_from_this()](error_code stopped)
            {
                auto const self = of.lock();
                if (self && !stopped) self->abort();
            }
        );
    }

    void gone()
    {
        if (gone_) return;
        gone_ = true;
        if (peer_) peer_->gone();
        wake();
        closed_wakeup_.cancel();
    }

    stream_type stream_;
    beast::flat_buffer buffer_;
    http_handler& handler_;
    settings const& limits_;
    runtime::task_group& tasks_;
    std::function<void()> tell_signed_in_;
    asio::steady_timer wakeup_;  // cancelled when the writer may have work
    std::string peer_address_;
    std::string local_address_;
    std::shared_ptr<ws_peer> peer_;
    ws_frames frames_;
    asio::steady_timer closed_wakeup_;  // cancelled when our close frame has been written
    asio::steady_timer close_limit_;
    std::optional<ws_output> end_;  // what the client's last frame was: nothing else is written any more
    std::optional<std::string> pong_;
    std::optional<time_point> writing_since_;
    std::optional<time_point> reading_since_;
    bool draining_ = false;
    bool idle_ = false;
    bool busy_ = false;     // what the client sent is being answered
    bool silent_ = false;   // the client is gone or never spoke: nothing to linger for
    bool closing_ = false;  // our close frame is on its way
    bool closed_ = false;   // it was written
    bool gone_ = false;
};

}  // namespace

std::shared_ptr<connection> make_connection(
    asio::ip::tcp::socket socket,
    http_handler& on,
    settings const& limits,
    runtime::task_group& tasks,
    std::function<void()> on_sign_in
)
{
    return std::make_shared<beast_connection>(std::move(socket), on, limits, tasks, std::move(on_sign_in));
}

}  // namespace chaind::gateway
