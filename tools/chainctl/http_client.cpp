#include "chainctl/http_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/url/parse.hpp>

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
result<response> exchange(
    typename Protocol::endpoint const& to,
    http::request<http::string_body> const& question,
    std::chrono::milliseconds limit,
    bool& sent
)
{
    asio::io_context loop;
    beast::basic_stream<Protocol, asio::any_io_executor> stream(loop);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> answer;
    answer.body_limit(answer_limit);
    error_code failed;

    stream.expires_after(limit);
    auto on_read = [&](error_code ec, std::size_t) { failed = ec; };
    auto on_written = [&](error_code ec, std::size_t)
    {
        if ((failed = ec)) return;
        http::async_read(stream, buffer, answer, on_read);
    };
    auto on_connected = [&](error_code ec)
    {
        if ((failed = ec)) return;
        sent = true;
        http::async_write(stream, question, on_written);
    };
    stream.async_connect(to, on_connected);
    loop.run();

    if (failed == beast::error::timeout) return error_code(errc::timed_out);
    if (failed) return failed;
    response out{.status = answer.get().result_int(), .body = nullptr};
    error_code not_json;
    auto body = boost::json::parse(answer.get().body(), not_json);
    if (!not_json) out.body = std::move(body);
    return out;
}

}  // namespace

result<response> request(
    endpoint const& to,
    std::string const& method,
    std::string const& target,
    std::chrono::milliseconds limit,
    std::string body,
    bool* sent
)
{
    bool unasked = false;
    auto& was_sent = sent != nullptr ? *sent : unasked;
    was_sent = false;
    http::request<http::string_body> question{http::string_to_verb(method), target, 11};
    question.set(http::field::host, "chainctl");
    question.set(http::field::user_agent, "chainctl/" CHAIND_VERSION);
    if (!body.empty()) question.set(http::field::content_type, "application/json");
    question.body() = std::move(body);
    question.prepare_payload();

    if (to.is_unix())
        return exchange<asio::local::stream_protocol>(
            asio::local::stream_protocol::endpoint(to.path()), question, limit, was_sent
        );

    auto url = boost::urls::parse_uri(to.text);
    if (!url || url->scheme() != "http" || !url->has_port())
        return boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
    error_code bad_address;
    auto host =
        url->host_address() == "localhost" ? std::string("127.0.0.1") : std::string(url->host_address());
    auto address = asio::ip::make_address(host, bad_address);
    if (bad_address) return bad_address;
    question.set(http::field::host, url->encoded_host_and_port());
    return exchange<asio::ip::tcp>(
        asio::ip::tcp::endpoint(address, url->port_number()), question, limit, was_sent
    );
}

}  // namespace chaind::chainctl
