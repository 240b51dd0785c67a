#include "chaind/first_contact.hpp"

#include "net/greet_once.hpp"
#include "runtime/address.hpp"
#include "runtime/log.hpp"
#include "runtime/within.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace chaind::program
{

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace
{
constexpr auto answer_limit = 5s;
constexpr auto first_pause = 20ms;
constexpr auto longest_pause = 500ms;

std::string why_not(error_code failed)
{
    return failed.category() == chaind_category() && failed != errc::timed_out
               ? "who listens there is no config service: " + failed.message()
               : failed.message();
}
}  // namespace

wire::peer::hello greeting_of(member const& self, cluster_id cluster, std::string token)
{
    wire::peer::hello out;
    out.cluster = cluster;
    out.from = self;
    out.what_for = wire::peer::purpose::control;
    out.token = std::move(token);
    return out;
}

asio::awaitable<first_contact> meet_config_service(
    asio::ip::tcp::endpoint configd, wire::peer::hello what, std::chrono::steady_clock::duration patience
)
{
    using clock = std::chrono::steady_clock;
    auto const begun = clock::now();
    first_contact out;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    std::chrono::milliseconds pause = first_pause;
    for (;;)
    {
        auto const answer = co_await net::greet_once(configd, what, answer_limit);
        if (answer)
        {
            if (auto const* yes = std::get_if<wire::peer::welcome>(&*answer))
                out.cluster = yes->cluster;
            else
            {
                out.refused = true;
                out.why = std::get<wire::peer::refused>(*answer).reason;
            }
            co_return out;
        }
        auto const failed = answer.error();
        out.perhaps_heard = out.perhaps_heard || failed == errc::timed_out || failed == asio::error::eof ||
                            failed == asio::error::connection_reset;
        auto why = why_not(failed);
        if (why != out.why)
            log::write(
                log::level::info,
                "chaind",
                "no answer from the config service yet",
                {{"Address", runtime::to_string(configd)}, {"Reason", why}}
            );
        out.why = std::move(why);
        if (clock::now() - begun >= patience) co_return out;
        timer.expires_after(pause);
        co_await runtime::wait_on(timer);
        pause = std::min<std::chrono::milliseconds>(pause * 2, longest_pause);
    }
}

}  // namespace chaind::program
