// hello: who is it, where did he stop, can this replica go on from there.
#include "gateway/ask.hpp"
#include "gateway/session.hpp"
#include "gateway/session_age.hpp"
#include "gateway/token.hpp"
#include "runtime/address.hpp"

#include <algorithm>

namespace chaind::gateway
{

namespace asio = boost::asio;
using chat::api_errc;

namespace
{

struct known_user
{
    std::optional<chat::known_session> session;
    std::vector<chat::conv_id> own;
};

known_user read_user(store::chat_reader& from, chat::token_hash const& token)
{
    known_user out;
    out.session = from.find_session(token);
    if (!out.session) return out;
    for (auto const& one : from.conversations_of(out.session->who.uid))
        out.own.push_back(one.conv);
    std::sort(out.own.begin(), out.own.end());
    return out;
}

}  // namespace

asio::awaitable<void> session::greet(wire::request what)
{
    if (state_ != state::silent)
    {
        say(refused(what.id, make_refusal(api_errc::bad_request, "hello was said before", "op")));
        co_return;
    }
    turned_away_.clear();
    auto const hello = std::get<wire::hello>(what.what);
    if (std::find(hello.proto.begin(), hello.proto.end(), 1) == hello.proto.end())
    {
        say(refused(
            what.id, make_refusal(api_errc::unsupported_version, "protocol 1 is spoken here", "proto")
        ));
        co_return;
    }
    batches_ = std::find(hello.caps.begin(), hello.caps.end(), "batch") != hello.caps.end();
    if (!hello.token)
    {
        snapshot_ = with_.chain.view().applied;
        welcome(what.id, "new", snapshot_, snapshot_);
        co_return;
    }
    if (with_.chain.view().lineage.empty())
    {
        turn_away(what.id, refusal_of_read(errc::timed_out));  // not part of any chain yet
        co_return;
    }
    if (is_elsewhere(with_.chain.view()))
    {
        say(refused(what.id, refusal_of_read(errc::timed_out)));
        say(wire::cluster_frame(with_.sessions.cluster()));
        end(4002, "this replica is not in the chain", false);
        co_return;
    }
    state_ = state::greeting;
    auto const refusal = co_await admit(hello);
    if (gone_) co_return;
    if (refusal)
    {
        turn_away(what.id, *refusal);
        auto const code = refusal->why.code;
        if (code == api_errc::unauthenticated || code == api_errc::token_expired)
            end(4501, refusal->why.message, false);
        if (code == api_errc::quota_exceeded) end(4505, refusal->why.message, false);
        co_return;
    }
    bool const resumes = hello.resume && !gone_resume_;
    welcome(
        what.id,
        !hello.resume  ? "new"
        : gone_resume_ ? "gone"
                       : "ok",
        snapshot_,
        resumes ? hello.resume->pos : snapshot_
    );
}

// He may say hello again on this connection; tick() ends it when he does not.
void session::turn_away(std::int64_t re, refusal const& why)
{
    state_ = state::silent;
    silent_since_ = std::chrono::steady_clock::now();
    turned_away_ = why.why.message;
    say(refused(re, why));
}

asio::awaitable<std::optional<refusal>> session::admit(wire::hello const& what)
{
    auto const& lineage = with_.chain.view().lineage;
    bool const same_log = what.resume && what.resume->lineage == lineage;
    if (same_log)
        if (auto const behind = co_await wait_for(what.resume->pos))
        {
            end(4003, behind->why.message, false);
            co_return behind;
        }
    auto const token = hash_of_token(*what.token);
    query<known_user> question = [token](store::chat_reader& from) { return read_user(from, token); };
    auto const found = co_await ask(with_.chain, std::move(question));
    if (!found) co_return refusal_of_read(found.error());

    auto const& known = found->value.session;
    if (!known) co_return make_refusal(api_errc::unauthenticated, "this token is not known");
    auto const now_ms = with_.chain.now_ms();
    if (is_over(with_.limits, known->row, now_ms))
        co_return make_refusal(api_errc::token_expired, "this session is too old");
    if (gone_) co_return std::nullopt;
    me_ = known->who;
    token_ = token;
    own = found->value.own;
    snapshot_ = found->pos;
    if (!with_.sessions.greeted(*this))
    {
        me_.reset();
        co_return make_refusal(api_errc::quota_exceeded, "this user has too many connections");
    }
    note_use(with_, known->row, now_ms);
    login_ = known->row;
    with_.places.saw(me_->name, runtime::address_group(address_));
    gone_resume_ = what.resume && (!same_log || what.resume->pos > snapshot_ ||
                                   snapshot_ - what.resume->pos > with_.limits.resume_entries_max);
    co_return std::nullopt;
}

void session::welcome(std::int64_t re, std::string resume, seq pos, seq from)
{
    state_ = state::open;
    if (me_ && link_ != nullptr) link_->signed_in();
    say(wire::response(re, pos, wire::hello_d(hello_answer(std::move(resume)))));
    if (me_)
        start_events(from, pos);
    else
        live_at_ = pos;
}

wire::hello_answer session::hello_answer(std::string resume) const
{
    wire::hello_answer out;
    if (batches_) out.caps.emplace_back("batch");
    out.me = me_;
    out.resume = std::move(resume);
    out.lineage = with_.chain.view().lineage;
    auto const& limits = with_.limits;
    out.interval_ms = limits.heartbeat_interval.count();
    out.timeout_ms = limits.heartbeat_timeout.count();
    out.frame = limits.frame_max;
    out.body = limits.body_max;
    out.inflight = limits.inflight_max;
    out.unacked = limits.unacked_max;
    if (limits.rate_limits) out.msg_per_s = limits.messages_per_s;
    out.burst = static_cast<std::size_t>(limits.messages_burst);
    out.cluster = with_.sessions.cluster();
    return out;
}

}  // namespace chaind::gateway
