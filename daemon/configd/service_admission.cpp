// How a new node comes to be known: by its join token, or because an administrator adds it.

#include "configd/service.hpp"
#include "control/names.hpp"
#include "runtime/clock.hpp"
#include "runtime/options.hpp"
#include "runtime/within.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace chaind::configd
{

namespace asio = boost::asio;
namespace json = boost::json;

namespace
{
constexpr std::int64_t longest_ttl_s = 600;
constexpr auto admission_pause = 200ms;
}  // namespace

// A new machine, or one that comes with a disk of this cluster and is not known: it was removed, it has asked
// without a token before, or its disk is a copy.
bool service::asks_to_be_let_in(wire::peer::hello const& from) const
{
    auto const& name = from.from.name;
    return !from.token.empty() &&
           (from.cluster.empty() || !core_.knows(name) || control::has_name(core_.current().removed, name));
}

// Why not; empty: it may come in, once that is written down (write_down).
std::string service::admit(wire::peer::hello const& from, std::string const& peer)
{
    auto const& name = from.from.name;
    auto const now = wall_ms();
    auto const other = [&](auto const& each)
    { return each.first.name == name && each.first.store != from.from.store; };
    bool const taken = std::any_of(by_member_.begin(), by_member_.end(), other);
    auto const seen = admission_.hello(from.token, from.from, taken, core_.current(), now);
    if (!seen.made_here) return tries_.wrong(peer, seen.why, now);
    if (!seen.why.empty()) tell_of_token(seen.token, name, seen.why);
    return seen.why;
}

void service::tell_of_token(std::string const& token, node_id const& name, std::string const& why)
{
    constexpr std::size_t most = 1000;
    if (refused_.size() >= most || !refused_.emplace(token, why).second) return;
    note({.what = "refused", .at = core_.current().current.at, .who = name, .why = why});
}

asio::awaitable<void> service::write_down(wire::peer::hello from)
{
    if (!asks_to_be_let_in(from)) co_return;
    if (!admission_.all_kept()) co_await keep_tokens();
    finish_admissions();
}

// The core takes one change at a time: asked until it is this one's turn.
asio::awaitable<void> service::make_known(node_id name)
{
    asio::steady_timer pause(tasks_.executor());
    while (!stopped_ && admission_.is_due(name, core_.current()))
    {
        auto const number = ++last_request_;
        control::event what = control::add_node{number, name};
        auto const reply = co_await ask(std::move(what), number, false);
        if (stopped_) break;
        admission_.answered(name, reply ? std::optional(reply->verdict) : std::nullopt);
        if (!admission_.is_due(name, core_.current())) break;
        pause.expires_after(admission_pause);
        co_await runtime::wait_on(pause);
    }
    coming_in_.erase(name);
    if (stopped_ || !core_.knows(name)) co_return;
    auto const at = addresses_.find(name);
    note(
        {.what = "admitted",
         .at = core_.current().current.at,
         .who = name,
         .why = "by a join token" + (at == addresses_.end() ? "" : ", at " + at->second)}
    );
}

void service::finish_admissions()
{
    for (auto const& name : admission_.due(core_.current()))
        if (coming_in_.insert(name).second) tasks_.spawn(make_known(name));
}

asio::awaitable<void> service::keep_tokens()
{
    auto const kept =
        std::make_shared<asio::steady_timer>(tasks_.executor(), asio::steady_timer::time_point::max());
    ++writes_;
    auto on_kept = [this, kept, version = admission_.version()](error_code failed, std::string const& why)
    {
        written(failed, why);
        admission_.kept(version);
        kept->cancel();
    };
    registry_.keep(admission_.rows(), on_kept);
    co_await runtime::wait_on(*kept);
}

asio::awaitable<admin_answer> service::make_token(json::object body, bool dry_run)
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
    std::array<char, control::join_tokens::secret_bytes> secret{};
    ::randombytes_buf(secret.data(), secret.size());
    auto trial = admission_;
    auto const token = (dry_run ? trial : admission_).make({secret.data(), secret.size()}, now, ttl_s * 1000);
    if (!token) co_return refusal(409, "conflict", "100 join tokens are outstanding already");
    if (dry_run) co_return admin_answer(200, {});
    co_await keep_tokens();
    json::object out{{"token", *token}, {"expires_ms", now + ttl_s * 1000}};
    co_return admin_answer(200, std::move(out));
}

}  // namespace chaind::configd
