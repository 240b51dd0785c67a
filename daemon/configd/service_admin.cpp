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
constexpr auto change_limit = 15s;
constexpr auto checkpoint_limit = 5s;  // then another one is asked for: the head may have been replaced
constexpr int checkpoint_attempts = 24;

// "/v1/nodes/NAME/VERB" -> NAME, when VERB is that.
std::optional<std::string> node_in(std::string_view path, std::string_view verb)
{
    constexpr std::string_view prefix = "/v1/nodes/";
    if (!path.starts_with(prefix) || !path.ends_with(verb)) return std::nullopt;
    path.remove_prefix(prefix.size());
    path.remove_suffix(std::min(path.size(), verb.size()));
    return std::string(path);
}

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

    if (get && path == "/v1/status") co_return admin_answer(200, shown(status_json));
    if (get && path == "/v1/events") co_return admin_answer(200, events_.page(since_in(query)));
    if (get && path == "/v1/nodes") co_return admin_answer(200, shown(nodes_json));
    if (post)
        log::write(
            log::level::notice, "configd", "asked by the administrator", {{"Request", std::string(path)}}
        );
    if (auto name = node_in(path, "/remove"); post && name) co_return co_await change(std::move(*name), true);
    if (auto name = node_in(path, "/add"); post && name) co_return co_await change(std::move(*name), false);
    if (auto const name = node_in(path, "/abort"); post && name) co_return abort_node(*name);
    if (post && path == "/v1/verify") co_return co_await verify();
    co_return refusal(404, "not_found", "no such resource: " + asked.method + ' ' + std::string(path));
}

asio::awaitable<admin_answer> service::change(std::string name, bool remove)
{
    if (!is_valid_node_name(name)) co_return refusal(400, "bad_request", "not a node's name");
    auto const number = ++last_request_;
    auto const waiting = std::make_shared<waiting_reply>(tasks_.executor());
    replies_[number] = waiting;
    if (remove)
        feed(control::remove_node{number, node_id{name}});
    else
        feed(control::add_node{number, node_id{name}});
    waiting->wake.expires_after(change_limit);
    co_await runtime::wait_on(waiting->wake);
    replies_.erase(number);

    if (!waiting->reply) co_return refusal(504, "timeout", "no decision within 15 s; see `chainctl status`");
    switch (waiting->reply->verdict)
    {
        case control::admin_verdict::done:
            co_return admin_answer(200, {{"node", name}, {"epoch", waiting->reply->current.value()}});
        case control::admin_verdict::no_such_node:
            co_return refusal(404, "not_found", "no node " + name + " is known; `chainctl nodes` lists them");
        case control::admin_verdict::last_replica:
            co_return refusal(409, "conflict", name + " is the last replica: it stays");
        case control::admin_verdict::not_now: break;
    }
    co_return refusal(409, "conflict", "another change is under way; ask again in a moment");
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
