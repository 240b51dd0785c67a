#include "configd/identify.hpp"

#include "net/frame_link.hpp"
#include "runtime/address.hpp"
#include "runtime/within.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace chaind::configd
{

namespace asio = boost::asio;

namespace
{
constexpr auto limit = std::chrono::seconds(1);  // to connect, and again to answer
constexpr std::size_t probe_outbox_limit = 64u << 10;

asio::awaitable<result<asio::ip::tcp::socket>> connect(asio::ip::tcp::endpoint to)
{
    asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
    auto const [failed] = co_await socket.async_connect(to, asio::as_tuple(asio::use_awaitable));
    if (failed) co_return failed;
    co_return socket;
}

identified read(result<wire::peer::frame> const& answer, std::string const& where, cluster_id own)
{
    if (!answer && answer.error() == errc::timed_out)
        return identified(
            "what listens at " + where + " says nothing: it is no chaind, or that one stands still"
        );
    if (!answer)
        return identified(
            "what listens at " + where +
            " is no chaind: is that the address where it listens for other replicas (replica-listen)?"
        );
    if (auto const* no = std::get_if<wire::peer::refused>(&*answer))
        return identified("refused by what listens at " + where + ": " + no->reason);
    auto const* const yes = std::get_if<wire::peer::welcome>(&*answer);
    if (yes == nullptr || yes->from.name.empty())
        return identified("what listens at " + where + " is no replica");
    if (!yes->cluster.empty() && yes->cluster != own)
        return identified(yes->from.name.name.str() + " at " + where + " belongs to another cluster");
    return {yes->from, yes->cluster};
}
}  // namespace

asio::awaitable<identified> identify(runtime::task_group& tasks, asio::ip::tcp::endpoint at, cluster_id own)
{
    auto const where = runtime::to_string(at);
    auto socket = co_await runtime::within(limit, connect(at));
    if (!socket && socket.error() == asio::error::connection_refused)
        co_return identified("nothing listens at " + where + ": start chaind there");
    if (!socket) co_return identified("nothing answers at " + where + ": " + socket.error().message());
    auto const link = std::make_shared<net::frame_link>(std::move(*socket), probe_outbox_limit);
    tasks.spawn(net::frame_link::write_loop(link));
    wire::peer::hello question;
    question.cluster = own;
    question.what_for = wire::peer::purpose::identify;
    link->send(wire::peer::encode(std::move(question)));
    auto const answer = co_await runtime::within(limit, link->receive());
    link->close();
    co_return read(answer, where, own);
}

}  // namespace chaind::configd
