#include "chainctl/http_client.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/url/parse.hpp>

#include <memory>

namespace chaind::chainctl
{
namespace
{

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t answer_limit = 16u << 20;

// Connects, writes, reads: each step starts the next one. All share the stream's one deadline.
template <class Protocol>
class exchange : public std::enable_shared_from_this<exchange<Protocol>>
{
public:
    exchange(asio::io_context& loop, http::request<http::string_body> question, questions::on_answer then)
        : stream_(loop), question_(std::move(question)), then_(std::move(then))
    {
        answer_.body_limit(answer_limit);
    }

    void begin(typename Protocol::endpoint const& to, std::chrono::milliseconds limit)
    {
        stream_.expires_after(limit);
        stream_.async_connect(to, [self = this->shared_from_this()](error_code ec) { self->connected(ec); });
    }

private:
    void connected(error_code failed)
    {
        if (failed) return end(failed);
        sent_ = true;
        http::async_write(
            stream_,
            question_,
            [self = this->shared_from_this()](error_code ec, std::size_t) { self->written(ec); }
        );
    }
    void written(error_code failed)
    {
        if (failed) return end(failed);
        http::async_read(
            stream_,
            buffer_,
            answer_,
            [self = this->shared_from_this()](error_code ec, std::size_t) { self->end(ec); }
        );
    }
    void end(error_code failed)
    {
        if (failed == beast::error::timeout) failed = errc::timed_out;
        if (failed) return then_(failed, sent_);
        response out{.status = answer_.get().result_int(), .body = nullptr};
        error_code not_json;
        auto body = boost::json::parse(answer_.get().body(), not_json);
        if (!not_json) out.body = std::move(body);
        then_(std::move(out), sent_);
    }

    beast::basic_stream<Protocol, asio::any_io_executor> stream_;
    http::request<http::string_body> question_;
    questions::on_answer then_;
    beast::flat_buffer buffer_;
    http::response_parser<http::string_body> answer_;
    bool sent_ = false;
};

}  // namespace

void questions::ask(
    endpoint const& to,
    std::string const& method,
    std::string const& target,
    std::chrono::milliseconds limit,
    std::string body,
    on_answer then
)
{
    http::request<http::string_body> question{http::string_to_verb(method), target, 11};
    question.set(http::field::host, "chainctl");
    question.set(http::field::user_agent, "chainctl/" CHAIND_VERSION);
    if (!body.empty()) question.set(http::field::content_type, "application/json");
    question.body() = std::move(body);
    question.prepare_payload();

    if (to.is_unix())
    {
        using protocol = asio::local::stream_protocol;
        std::make_shared<exchange<protocol>>(loop_, std::move(question), std::move(then))
            ->begin(protocol::endpoint(to.path()), limit);
        return;
    }

    auto const refuse = [&](error_code why)
    { asio::post(loop_, [why, then = std::move(then)] { then(why, false); }); };
    auto url = boost::urls::parse_uri(to.text);
    if (!url || url->scheme() != "http" || !url->has_port())
        return refuse(boost::system::errc::make_error_code(boost::system::errc::invalid_argument));
    error_code bad_address;
    auto host =
        url->host_address() == "localhost" ? std::string("127.0.0.1") : std::string(url->host_address());
    auto address = asio::ip::make_address(host, bad_address);
    if (bad_address) return refuse(bad_address);
    question.set(http::field::host, url->encoded_host_and_port());
    std::make_shared<exchange<asio::ip::tcp>>(loop_, std::move(question), std::move(then))
        ->begin({address, url->port_number()}, limit);
}

result<response> request(
    endpoint const& to,
    std::string const& method,
    std::string const& target,
    std::chrono::milliseconds limit,
    std::string body,
    bool* sent
)
{
    result<response> out = error_code(errc::stopped);
    questions one;
    one.ask(
        to,
        method,
        target,
        limit,
        std::move(body),
        [&](result<response> const& got, bool was_sent)
        {
            out = got;
            if (sent != nullptr) *sent = was_sent;
        }
    );
    one.run();
    return out;
}

}  // namespace chaind::chainctl
