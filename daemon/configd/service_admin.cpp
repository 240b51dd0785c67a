// The administrators' side of the config service.

#include "configd/service.hpp"
#include "configd/status.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/random_id.hpp"
#include "runtime/within.hpp"

#include <boost/json/serialize.hpp>

#include <charconv>

namespace chaind::configd
{

namespace asio = boost::asio;
namespace json = boost::json;

namespace
{
constexpr auto checkpoint_limit = 5s;  // then another one is asked for: the head may have been replaced
constexpr int checkpoint_attempts = 24;

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

asio::awaitable<admin_answer> service::answer(admin_request asked)
{
    auto const mark = asked.target.find('?');
    std::string_view const path = std::string_view(asked.target).substr(0, mark);
    std::string_view const query =
        mark == std::string::npos ? std::string_view() : std::string_view(asked.target).substr(mark + 1);
    bool const get = asked.method == "GET";
    bool const post = asked.method == "POST";

    if (get && path == "/v1/status")
    {
        auto out = shown(status_json);
        out["join_refusals"] = tries_.shown();
        co_return admin_answer(200, std::move(out));
    }
    if (get && path == "/v1/events") co_return admin_answer(200, events_.page(since_in(query)));
    if (get && path == "/v1/nodes") co_return admin_answer(200, shown(nodes_json));
    if (post && path == "/v1/verify") co_return co_await verify();
    if (post) co_return co_await change(std::move(asked));
    co_return refusal(404, "not_found", "no such resource: " + asked.method + ' ' + std::string(path));
}

admin_answer service::abort_node(std::string const& name)
{
    for (auto const& [who, link] : by_member_)
    {
        if (who.name.name != name) continue;
        link->send(wire::peer::encode(wire::peer::abort_process{}));
        return {200, {{"node", name}, {"epoch", core_.current().current.at.value()}}};
    }
    return refusal(404, "not_found", "no node " + name + " is connected");
}

asio::awaitable<admin_answer> service::verify()
{
    for (int attempt = 0; attempt < checkpoint_attempts && !stopped_; ++attempt)
    {
        std::uint64_t id = 0;
        ::randombytes_buf(&id, sizeof id);
        auto done = co_await verify_once(id);
        if (done) co_return std::move(*done);
    }
    co_return refusal(
        503, "unavailable", "not every member reported its state's digest; see `chainctl status`"
    );
}

asio::awaitable<std::optional<admin_answer>> service::verify_once(std::uint64_t id)
{
    auto const& current = core_.current().current;
    auto const head = current.members.empty() ? by_member_.end() : by_member_.find(current.members.front());
    if (head != by_member_.end()) head->second->send(wire::peer::encode(wire::peer::verify{id}));

    asio::steady_timer pause(tasks_.executor());
    auto const until = runtime::steady_now() + checkpoint_limit;
    while (runtime::steady_now() < until && !stopped_)
    {
        pause.expires_after(50ms);
        co_await runtime::wait_on(pause);
        if (auto done = compare_digests(id)) co_return done;
    }
    co_return std::nullopt;
}

std::optional<admin_answer> service::compare_digests(std::uint64_t id) const
{
    auto const& members = core_.current().current.members;
    auto const wanted = std::to_string(id);
    json::array replicas;
    json::value pos;
    std::string first;
    bool equal = true;
    for (auto const& m : members)
    {
        auto const info = infos_.find(m.name);
        if (info == infos_.end()) return std::nullopt;
        auto const* const report = info->second.if_contains("checkpoint");
        if (report == nullptr || !report->is_object()) return std::nullopt;
        auto const& r = report->get_object();
        if (!r.contains("id") || r.at("id") != boost::json::value(wanted) || !r.contains("digest") ||
            !r.at("digest").is_string())
            return std::nullopt;
        std::string const digest = r.at("digest").get_string().c_str();
        if (first.empty())
        {
            first = digest;
            pos = r.at("pos");
        }
        equal = equal && digest == first && r.at("pos") == pos;
        replicas.push_back({{"name", m.name.name}, {"pos", r.at("pos")}, {"digest", digest}});
    }
    if (replicas.empty()) return std::nullopt;
    return admin_answer(
        200,
        {{"schema", "chainctl.verify.v1"}, {"equal", equal}, {"pos", pos}, {"replicas", std::move(replicas)}}
    );
}

}  // namespace chaind::configd
