#include "net/greet_once.hpp"

#include "net/frame_link.hpp"
#include "runtime/within.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace chaind::net
{

namespace asio = boost::asio;

namespace
{
asio::awaitable<result<greeting_answer>> exchange(asio::ip::tcp::endpoint to, std::string body)
{
    asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
    auto const [unreachable] = co_await socket.async_connect(to, asio::as_tuple(asio::use_awaitable));
    if (unreachable) co_return unreachable;

    auto const header = header_of(body);
    std::array<asio::const_buffer, 2> const buffers{asio::buffer(header), asio::buffer(body)};
    auto const [unsent, bytes] =
        co_await asio::async_write(socket, buffers, asio::as_tuple(asio::use_awaitable));
    static_cast<void>(bytes);
    if (unsent) co_return unsent;

    frame_link link(std::move(socket), 0);
    auto answer = co_await link.receive();
    link.close();
    if (!answer) co_return answer.error();
    if (auto* const yes = std::get_if<wire::peer::welcome>(&*answer))
        co_return greeting_answer(std::move(*yes));
    if (auto* const no = std::get_if<wire::peer::refused>(&*answer))
        co_return greeting_answer(std::move(*no));
    co_return make_error_code(errc::bad_frame);
}
}  // namespace

asio::awaitable<result<greeting_answer>> greet_once(
    asio::ip::tcp::endpoint to, wire::peer::hello what, std::chrono::steady_clock::duration limit
)
{
    auto body = wire::peer::encode(std::move(what));
    co_return co_await runtime::within(limit, exchange(std::move(to), std::move(body)));
}

}  // namespace chaind::net
