// The administrators' side of the config service.

#include "configd/service.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/random_id.hpp"
#include "runtime/within.hpp"
#include "wire/status_json.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>

namespace chaind::configd
{

namespace asio = boost::asio;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace
{
constexpr microseconds first_words_within = 1s;
constexpr microseconds written_within = 1s;
constexpr auto look_again_after = 20ms;

std::uint64_t since_in(std::string_view query)
{
    constexpr std::string_view key = "since=";
    std::uint64_t out = 0;
    if (auto const at = query.find(key); at != std::string_view::npos)
        std::from_chars(query.data() + at + key.size(), query.data() + query.size(), out);
    return out;
}
}  // namespace

admin_answer service::refusal(unsigned status, char const* code, std::string msg) const
{
    json::object err{{"code", code}, {"msg", std::move(msg)}};
    return {status, {{"err", std::move(err)}, {"epoch", core_.current().current.at.value()}}};
}

// Right after a start nobody has been heard, which says nothing of who serves.
asio::awaitable<void> service::hear_somebody()
{
    asio::steady_timer pause(tasks_.executor());
    auto const nobody = [this]
    {
        auto const nodes = core_.nodes();
        return std::none_of(nodes.begin(), nodes.end(), [](auto const& node) { return node.alive; });
    };
    while (!stopped_ && nobody() && runtime::steady_now() - started_at_ < first_words_within)
    {
        pause.expires_after(look_again_after);
        co_await runtime::wait_on(pause);
    }
}

// What has just been decided is among the answer, unless the disk stands still.
asio::awaitable<void> service::events_are_written()
{
    asio::steady_timer pause(tasks_.executor());
    auto const asked_at = runtime::steady_now();
    while (!stopped_ && !events_.all_written() && runtime::steady_now() - asked_at < written_within)
    {
        pause.expires_after(look_again_after);
        co_await runtime::wait_on(pause);
    }
}

asio::awaitable<admin_answer> service::answer(admin_request asked)
{
    auto const mark = asked.target.find('?');
    std::string_view const path = std::string_view(asked.target).substr(0, mark);
    std::string_view const query =
        mark == std::string::npos ? std::string_view() : std::string_view(asked.target).substr(mark + 1);
    bool const get = asked.method == "GET";
    bool const post = asked.method == "POST";

    if (get && (path == "/v1/status" || path == "/v1/nodes")) co_await hear_somebody();
    if (get && path == "/v1/status")
    {
        auto out = wire::status_json(control::status_of(seen()));
        out["join_refusals"] = tries_.shown();
        co_return admin_answer(200, std::move(out));
    }
    if (get && path == "/v1/events") co_await events_are_written();
    if (get && path == "/v1/events") co_return admin_answer(200, events_.page(since_in(query)));
    if (get && path == "/v1/nodes") co_return admin_answer(200, wire::nodes_json(control::nodes_of(seen())));
    if (post && path == "/v1/verify") co_return co_await verify();
    if (post && path == "/v1/verify/deep") co_return begin_proof();
    if (get && path == "/v1/verify/deep") co_return shown_proof();
    if (post && path == "/v1/verify/deep/stop") co_return stop_proof();
    if (post) co_return co_await change(std::move(asked));
    co_return refusal(404, "not_found", "no such resource: " + asked.method + ' ' + std::string(path));
}

admin_answer service::abort_node(std::string const& name, bool dry_run)
{
    auto const link = link_of(node_id{name});
    if (!link) return refusal(404, "not_found", "no node " + name + " is connected");
    if (!dry_run) link->send(wire::peer::encode(wire::peer::abort_process{}));
    return {200, {{"node", name}, {"epoch", core_.current().current.at.value()}}};
}

}  // namespace chaind::configd
