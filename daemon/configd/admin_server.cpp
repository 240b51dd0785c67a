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

#include <memory>

#include <poll.h>
#include <sys/socket.h>
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
constexpr std::size_t connections_max = 64;

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
    catch (boost::system::system_error const& e)
    {
        ::umask(before);
        throw boost::system::system_error(e.code(), "cannot make the socket " + path);
    }
}
}  // namespace

admin_server::admin_server(
    runtime::task_group& tasks, std::string path, handler answer, std::chrono::milliseconds idle_limit
)
    : tasks_(tasks),
      path_(std::move(path)),
      answer_(std::move(answer)),
      idle_limit_(idle_limit),
      acceptor_(listen(tasks, path_))
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
            // Beyond the limit the socket closes here.
            if (connections_ < connections_max) tasks_.spawn(serve(std::move(socket)));
            continue;
        }
        // Out of descriptors, most likely: it passes.
        pause.expires_after(std::chrono::milliseconds(100));
        co_await runtime::wait_on(pause);
    }
}

asio::awaitable<void> admin_server::serve(unix_socket::socket socket)
{
    ++connections_;
    std::shared_ptr<void> const counted(nullptr, [this](void*) { --connections_; });
    co_await converse(socket);
}

namespace
{
using parser = http::request_parser<http::string_body>;
using response = http::response<http::string_body>;

asio::awaitable<result<std::size_t>> read(
    unix_socket::socket& from, boost::beast::flat_buffer& buffer, parser& into
)
{
    auto const [failed, bytes] =
        co_await http::async_read(from, buffer, into, asio::as_tuple(asio::use_awaitable));
    if (failed) co_return failed;
    co_return bytes;
}

asio::awaitable<result<std::size_t>> write(unix_socket::socket& to, response const& what)
{
    auto const [failed, bytes] = co_await http::async_write(to, what, asio::as_tuple(asio::use_awaitable));
    if (failed) co_return failed;
    co_return bytes;
}

std::uint32_t uid_at(unix_socket::socket& other_end)
{
    ::ucred who{};
    ::socklen_t size = sizeof who;
    bool const known = ::getsockopt(other_end.native_handle(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0;
    return known ? who.uid : static_cast<std::uint32_t>(-1);
}

// One that will only send no more (shutdown) still does.
bool waits(unix_socket::socket& other_end)
{
    ::pollfd seen{.fd = other_end.native_handle(), .events = 0, .revents = 0};
    return ::poll(&seen, 1, 0) == 0;
}
}  // namespace

asio::awaitable<void> admin_server::converse(unix_socket::socket& socket)
{
    auto const uid = uid_at(socket);
    boost::beast::flat_buffer buffer;
    for (bool keep = true; keep;)
    {
        parser question;
        question.body_limit(body_limit);
        auto const got = co_await runtime::within(idle_limit_, read(socket, buffer, question));
        if (!got) co_return;
        auto& request = question.get();
        keep = request.keep_alive();
        admin_request asked;
        asked.method = request.method_string();
        asked.target = request.target();
        asked.body = std::move(request.body());
        asked.uid = uid;
        asked.asker_waits = [&socket] { return waits(socket); };
        auto const answered = co_await answer_(std::move(asked));

        response told(static_cast<http::status>(answered.status), request.version());
        told.set(http::field::content_type, "application/json");
        told.keep_alive(keep);
        told.body() = boost::json::serialize(answered.body) + '\n';
        told.prepare_payload();
        auto const written = co_await runtime::within(idle_limit_, write(socket, told));
        if (!written) co_return;
    }
}

}  // namespace chaind::configd
