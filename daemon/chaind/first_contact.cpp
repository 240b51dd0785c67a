#include "chaind/first_contact.hpp"

#include "net/dialer.hpp"
#include "runtime/within.hpp"

#include <boost/asio/this_coro.hpp>

#include <memory>

namespace chaind::program
{

namespace asio = boost::asio;

namespace
{
constexpr std::size_t outbox_limit = 64u << 10;

net::dial_events questions(
    member self, std::shared_ptr<std::optional<cluster_id>> answer, asio::steady_timer& got
)
{
    return {
        .greeting =
            [self = std::move(self)]
        {
            wire::peer::hello out;
            out.protocol_min = wire::peer::protocol_min;
            out.protocol_max = wire::peer::protocol_max;
            out.from = self;
            out.what_for = wire::peer::purpose::control;
            return out;
        },
        .objection = [](wire::peer::welcome const&) { return std::string(); },
        .up =
            [answer, &got](wire::peer::welcome const& from)
        {
            *answer = from.cluster;
            got.cancel();
        },
        .received = [](wire::peer::frame const&) {},
        .down = [] {},
    };
}
}  // namespace

asio::awaitable<std::optional<cluster_id>> learn_cluster(asio::ip::tcp::endpoint configd, member self)
{
    auto const on = co_await asio::this_coro::executor;
    runtime::task_group tasks(on, "chaind");
    asio::steady_timer got(on, asio::steady_timer::time_point::max());
    auto const answer = std::make_shared<std::optional<cluster_id>>();
    auto const link = std::make_shared<net::dialer>(
        tasks, "configd", configd, outbox_limit, questions(std::move(self), answer, got)
    );
    link->start();
    co_await runtime::wait_on(got);
    link->stop();
    co_await tasks.stop(std::chrono::seconds(1));
    co_return *answer;
}

}  // namespace chaind::program
