#include "configd/admin_server.hpp"

#include "runtime/log.hpp"
#include "runtime/within.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>

#include <sys/stat.h>
#include <unistd.h>

namespace chaind::configd
{

namespace asio = boost::asio;
namespace http = boost::beast::http;
using unix_socket = asio::local::stream_protocol;

namespace
{
constexpr std::size_t body_limit = 64u << 10;

unix_socket::acceptor listen(runtime::task_group& tasks, std::string const& path)
{
    ::unlink(path.c_str());
    auto const before = ::umask(0177);
    try
    {
        unix_socket::acceptor out(tasks.executor(), unix_socket::endpoint(path));
        ::umask(before);
        return out;
    }
    catch (...)
    {
        ::umask(before);
        throw;
    }
}
}  // namespace

admin_server::admin_server(runtime::task_group& tasks, std::string path, handler answer)
    : tasks_(tasks), path_(std::move(path)), answer_(std::move(answer)), acceptor_(listen(tasks, path_))
{
}

admin_server::~admin_server()
{
    ::unlink(path_.c_str());
}

void admin_server::start()
{
    tasks_.spawn(accept_loop());
}

void admin_server::stop()
{
    boost::system::error_code ignored;
    acceptor_.close(ignored);
}

asio::awaitable<void> admin_server::accept_loop()
{
    asio::steady_timer pause(tasks_.executor());
    while (acceptor_.is_open())
    {
        auto [failed, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (!failed)
        {
            tasks_.spawn(serve(std::move(socket)));
            continue;
        }
        // Out of descriptors, most likely: it passes.
        pause.expires_after(std::chrono::milliseconds(100));
        co_await runtime::wait_on(pause);
    }
}

asio::awaitable<void> admin_server::serve(unix_socket::socket socket)
{
    boost::beast::flat_buffer buffer;
    for (bool keep = true; keep;)
    {
        http::request_parser<http::string_body> parser;
        parser.body_limit(body_limit);
        auto const [failed, bytes] =
            co_await http::async_read(socket, buffer, parser, asio::as_tuple(asio::use_awaitable));
        static_cast<void>(bytes);
        if (failed) co_return;
        auto const& request = parser.get();
        keep = request.keep_alive();
        admin_request asked(std::string(request.method_string()), std::string(request.target()));
        auto const answered = co_await answer_(std::move(asked));

        http::response<http::string_body> response(
            static_cast<http::status>(answered.status), request.version()
        );
        response.set(http::field::content_type, "application/json");
        response.keep_alive(keep);
        response.body() = boost::json::serialize(answered.body) + '\n';
        response.prepare_payload();
        auto const [broken, written] =
            co_await http::async_write(socket, response, asio::as_tuple(asio::use_awaitable));
        static_cast<void>(written);
        if (broken) co_return;
    }
}

}  // namespace chaind::configd
