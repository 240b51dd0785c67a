// How a new node comes to be known: by its join token, or because an administrator adds it.

#include "configd/service.hpp"
#include "runtime/clock.hpp"
#include "runtime/options.hpp"
#include "runtime/within.hpp"

#include <algorithm>

namespace chaind::configd
{

namespace asio = boost::asio;
namespace json = boost::json;

namespace
{
constexpr std::int64_t longest_ttl_s = 600;
constexpr auto admission_limit = 10min;
constexpr auto admission_pause = 200ms;
}  // namespace

bool service::is_known(node_id const& name) const
{
    auto const& record = core_.current();
    auto const& known = record.revision == 0 ? how_.core.bootstrap : record.known;
    return std::find(known.begin(), known.end(), name) != known.end();
}

// Why not; empty: it may come in.
std::string service::admit(wire::peer::hello const& from, std::string const& peer)
{
    auto const& name = from.from.name;
    auto const now = wall_ms();
    auto const seen = tokens_.look(from.token, from.from, now);
    if (!seen.known) return tries_.wrong(peer, seen.why, now);
    if (!seen.why.empty()) return refuse_token(seen, name, seen.why);

    auto const other = [&](auto const& each)
    { return each.first.name == name && each.first.store != from.from.store; };
    if (std::any_of(by_member_.begin(), by_member_.end(), other))
        return refuse_token(seen, name, "a replica named " + name.name + " is there already");
    auto const& removed = core_.current().removed;
    bool const was_removed = std::find(removed.begin(), removed.end(), name) != removed.end();
    // The token was used, and somebody has removed the machine since.
    if (seen.again && was_removed && !coming_back_.contains(name))
        return refuse_token(seen, name, name.name + " was removed: it needs a new join token");
    if (seen.again) return {};
    tokens_.use(seen, from.from);
    tasks_.spawn(keep_tokens());
    tasks_.spawn(make_known(name, true));
    return {};
}

std::string service::refuse_token(join_tokens::answer const& seen, node_id const& name, std::string why)
{
    constexpr std::size_t most = 1000;
    if (refused_.size() < most && refused_.emplace(seen.hash, why).second)
    {
        control::notice fact;
        fact.what = "refused";
        fact.at = core_.current().current.at;
        fact.who = name;
        fact.why = why;
        note(fact);
    }
    return why;
}

// The core takes one change at a time: asked until it is this one's turn. A token shown now brings a removed
// name back; one that was used before the last stop does not.
asio::awaitable<void> service::make_known(node_id name, bool take_back)
{
    asio::steady_timer pause(tasks_.executor());
    auto const until = runtime::steady_now() + admission_limit;
    if (take_back) coming_back_.insert(name);
    while (!stopped_ && (take_back || !is_known(name)) && runtime::steady_now() < until)
    {
        auto const number = ++last_request_;
        control::event what = control::add_node{number, name};
        auto const reply = co_await ask(std::move(what), number);
        bool const later = !reply || reply->verdict == control::admin_verdict::not_now ||
                           reply->verdict == control::admin_verdict::old_registry;
        if (stopped_ || !later) break;
        pause.expires_after(admission_pause);
        co_await runtime::wait_on(pause);
    }
    coming_back_.erase(name);
}

// Tokens that were used just before this service stopped.
void service::finish_admissions()
{
    for (auto const& row : tokens_.rows())
        if (!row.used_by.empty() && !is_known(row.used_by)) tasks_.spawn(make_known(row.used_by, false));
}

asio::awaitable<void> service::keep_tokens()
{
    auto const kept =
        std::make_shared<asio::steady_timer>(tasks_.executor(), asio::steady_timer::time_point::max());
    ++writes_;
    auto on_kept = [this, kept](error_code failed)
    {
        --writes_;
        if (failed) die_(runtime::exit_disk, "the registry cannot be written: " + failed.message());
        kept->cancel();
    };
    registry_.keep(tokens_.rows(), on_kept);
    co_await runtime::wait_on(*kept);
}

asio::awaitable<admin_answer> service::make_token(json::object body)
{
    std::int64_t ttl_s = longest_ttl_s;
    if (auto const* wanted = body.if_contains("ttl_s"))
    {
        boost::system::error_code none;
        ttl_s = wanted->to_number<std::int64_t>(none);
        if (none || ttl_s < 1 || ttl_s > longest_ttl_s)
            co_return refusal(400, "bad_request", "ttl_s: a number from 1 to 600");
    }
    auto const now = wall_ms();
    auto const token = tokens_.make(now, ttl_s * 1000);
    if (!token) co_return refusal(409, "conflict", "100 join tokens are outstanding already");
    co_await keep_tokens();
    json::object out{{"token", *token}, {"expires_ms", now + ttl_s * 1000}};
    co_return admin_answer(200, std::move(out));
}

}  // namespace chaind::configd
