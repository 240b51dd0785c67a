#include "gateway/session.hpp"

#include "base/utf8.hpp"
#include "gateway/ask.hpp"
#include "gateway/counters.hpp"
#include "gateway/queries.hpp"
#include "gateway/session_age.hpp"
#include "runtime/error_words.hpp"
#include "runtime/log.hpp"
#include "runtime/within.hpp"

#include <algorithm>

namespace chaind::gateway
{

namespace asio = boost::asio;
using chat::api_errc;
using clock = std::chrono::steady_clock;

namespace
{

// A page of history or sync may hold 256 KiB, as much as eight frames of a client.
std::size_t weight_of(wire::request_body const& what)
{
    bool const page = std::holds_alternative<chat::history_query>(what) ||
                      std::holds_alternative<chat::sync_query>(what) ||
                      std::holds_alternative<chat::members_query>(what);
    return page ? 8 : 1;
}

}  // namespace

session::session(services const& with, asio::any_io_executor on, std::string address)
    : with_(with),
      address_(std::move(address)),
      silent_since_(clock::now()),
      last_heard_(silent_since_),
      room_(on),
      feed_(with.limits),
      feed_room_(on)
{
}

session::~session()
{
    gone();
}

void session::opened(ws_link& link)
{
    link_ = &link;
    silent_since_ = last_heard_ = clock::now();
    with_.sessions.opened(*this);
}

void session::gone()
{
    if (gone_) return;
    gone_ = true;
    link_ = nullptr;
    with_.sessions.closed(*this);
    answers_.clear();
    writing_turn_.reset();
    room_.cancel();
    feed_room_.cancel();
}

// ---- what the client says

asio::awaitable<void> session::received(std::string text)
{
    auto const self = shared_from_this();
    last_heard_ = clock::now();
    co_await room_for(1);
    if (gone_ || ending_) co_return;

    auto frame = wire::parse_frame(text, with_.limits.body_max);
    if (auto const* bad = std::get_if<wire::refused_frame>(&frame))
    {
        refuse_frame(*bad);
        co_return;
    }
    auto what = std::get<wire::request>(std::move(frame));
    with_.count.request(what.op);
    if (what.id == 0)
    {
        note(what);
        co_return;
    }
    if (std::holds_alternative<wire::hello>(what.what))
    {
        co_await greet(std::move(what));
        co_return;
    }
    bool const needs_user =
        !std::holds_alternative<wire::ping>(what.what) && !std::holds_alternative<wire::status>(what.what);
    if (state_ != state::open || (needs_user && !me_))
    {
        auto const why = make_refusal(
            api_errc::unauthenticated, state_ == state::open ? "not signed in" : "say hello first"
        );
        say(refused(what.id, why));
        co_return;
    }
    auto const weight = std::min(weight_of(what.what), with_.limits.inflight_max);
    co_await room_for(weight);
    // Revoked while it waited: what was asked then has no right any more.
    if (gone_ || ending_) co_return;
    inflight_ += weight;
    ++serving_;
    with_.tasks.spawn(serve(self, std::move(what), weight));
}

asio::awaitable<void> session::room_for(std::size_t weight)
{
    while (!gone_ && inflight_ + weight > with_.limits.inflight_max)
    {
        room_.expires_at(clock::time_point::max());
        co_await runtime::wait_on(room_);
        last_heard_ = clock::now();  // it was us who did not read
    }
}

void session::refuse_frame(wire::refused_frame const& why)
{
    refusal bad;
    bad.why = why.why;
    say(refused(why.re, bad));
    if (why.unparseable && ++bad_frames_ >= with_.limits.bad_frames_max)
        end(4504, "too many frames that are not chat.v1", false);
}

void session::note(wire::request const& what)
{
    if (!me_) return;
    if (auto const* acked = std::get_if<wire::ack>(&what.what))
    {
        auto const before = feed_.unacked();
        for (auto const& mark : feed_.acked(acked->pos))
            with_.sessions.delivered(mark);
        if (feed_.unacked() < before)
        {
            blocked_since_.reset();
            if (link_ != nullptr) link_->wake();
        }
    }
    else if (auto const* typing = std::get_if<wire::typing>(&what.what))
    {
        auto const key = "typing " + std::to_string(me_->uid.value());
        if (!with_.rates.take(key, 2, 10, clock::now()))
            with_.sessions.typing(*this, typing->conv, typing->on);
    }
}

// ---- answers

void session::say(std::string text, std::size_t weight, page_turns::turn_ptr turn)
{
    // An answer that waits to be written weighs as much as its request did while it was served.
    inflight_ += weight;
    answers_.push_back({.text = std::move(text), .weight = weight, .turn = std::move(turn)});
    if (link_ != nullptr) link_->wake();
}

std::string session::refused(std::int64_t re, refusal const& why)
{
    with_.count.refused(why.why.code);
    return wire::error_response(re, why.why, why.more);
}

asio::awaitable<void> session::serve(
    std::shared_ptr<session> /*keeps this*/, wire::request what, std::size_t weight
)
{
    auto const begun = clock::now();
    std::string text;
    page_turns::turn_ptr turn;
    try
    {
        text = co_await answer_to(what, turn);
    }
    catch (boost::system::system_error const&)
    {
        throw;  // cancelled: the server is stopping
    }
    catch (std::exception const& e)
    {
        log::write(
            log::level::error,
            "gateway",
            "a request failed",
            {{"Op", what.op}, {"Reason", runtime::words_of(e)}}
        );
        auto why = make_refusal(api_errc::internal, "this replica could not do that");
        why.more.outcome = wire::result_outcome::unknown;
        text = refused(what.id, why);
    }
    if (std::holds_alternative<chat::command_body>(what.what)) with_.count.write_took(clock::now() - begun);
    --serving_;
    inflight_ -= weight;
    if (!gone_) say(std::move(text), weight, std::move(turn));
}

asio::awaitable<std::string> session::answer_to(wire::request const& what, page_turns::turn_ptr& turn)
{
    if (std::holds_alternative<chat::command_body>(what.what)) co_return co_await change(what);
    auto const pos = with_.chain.view().applied;
    if (std::holds_alternative<wire::ping>(what.what))
        co_return wire::response(what.id, pos, wire::ping_d(with_.chain.told_ms()));
    if (std::holds_alternative<wire::status>(what.what))
        co_return wire::response(what.id, pos, wire::cluster_d(with_.sessions.cluster()));
    co_return co_await read(what, turn);
}

asio::awaitable<std::string> session::change(wire::request const& what)
{
    auto const& body = std::get<chat::command_body>(what.what);
    // At the moment of the answer: who held it then is what the client is told.
    auto const replicas = [this] { return std::max<std::size_t>(1, with_.chain.view().replicas); };
    if (auto const* mark = std::get_if<chat::read_upto>(&body))
    {
        bool const there = co_await moves_nothing(*mark, what.cid);
        if (there)
            co_return wire::response(
                what.id, with_.chain.view().applied, false, wire::outcome_d(chat::done{}, replicas())
            );
    }
    if (auto const limited = with_.changes.take(me_->uid, body)) co_return refused(what.id, *limited);
    chat::command command;
    command.uid = me_->uid;
    command.cid = what.cid;
    command.what = body;
    auto const outcome = co_await with_.chain.submit(std::move(command));
    if (auto const* none = std::get_if<undecided>(&outcome)) co_return refused(what.id, refusal_of(*none));
    auto const& done = std::get<chat::applied>(outcome);
    with_.changes.answered(done);
    if (auto const* failed = std::get_if<chat::failure>(&done.result))
    {
        co_return refused(what.id, refusal_of(*failed));
    }
    co_return wire::response(what.id, done.effect_pos, done.dup, wire::outcome_d(done.result, replicas()));
}

// Whether the watermark is there already, as of this replica's own rows: it never goes back, so such a
// request has nothing to change, and needs no entry in the log. One whose key is known gets its stored
// answer.
asio::awaitable<bool> session::moves_nothing(chat::read_upto const& what, std::string const& cid)
{
    static constexpr std::size_t looked_at = 1024;  // bytes
    auto const uid = me_->uid;
    // Who asks too often is judged by the rate of changes instead.
    if (with_.pages.in_debt(uid, clock::now())) co_return false;
    with_.pages.charge(uid, looked_at, clock::now());
    query<bool> question = [uid, mark = what, cid](store::chat_reader& from)
    { return !from.is_remembered(uid, cid) && from.has_read(uid, mark.conv, mark.at_seq); };
    auto const found = co_await ask_from(with_.chain, with_.chain.view().applied, std::move(question));
    co_return found && found->value;
}

asio::awaitable<std::optional<refusal>> session::wait_for(seq pos)
{
    if (pos <= with_.chain.view().applied) co_return std::nullopt;
    std::function<void(store::chat_reader&)> nothing = [](store::chat_reader&) {};
    if (auto const failed = co_await with_.chain.read_from(pos, std::move(nothing)))
    {
        if (failed == errc::disk_failed) co_return refusal_of_read(failed);
        auto why = make_refusal(api_errc::unavailable, "this replica has not come so far yet");
        why.more.after_ms = 150;
        co_return why;
    }
    co_return std::nullopt;
}

asio::awaitable<std::string> session::read(wire::request const& what, page_turns::turn_ptr& turn)
{
    if (what.min_pos)
        if (auto const behind = co_await wait_for(*what.min_pos)) co_return refused(what.id, *behind);
    auto question = query_of(what.what, me_->uid);
    if (!question) co_return refused(what.id, make_refusal(api_errc::bad_request, "unknown operation", "op"));
    turn = co_await with_.pages.take(me_->uid);
    if (!turn) co_return refused(what.id, page_refusal());
    auto const page = co_await ask(with_.chain, std::move(*question));
    if (!page) co_return refused(what.id, refusal_of_read(page.error()));
    auto const* text = std::get_if<std::string>(&page->value);
    turn->cost(text != nullptr ? text->size() : 0);
    if (auto const* failed = std::get_if<chat::failure>(&page->value))
    {
        co_return refused(what.id, refusal_of(*failed));
    }
    co_return wire::response(what.id, page->pos, *text);
}

// ---- what is written

std::optional<ws_output> session::next()
{
    if (writing_weight_ > 0)
    {
        inflight_ -= std::exchange(writing_weight_, 0);
        writing_turn_.reset();
        room_.cancel();
    }
    if (!answers_.empty())
    {
        auto first = std::move(answers_.front());
        answers_.pop_front();
        writing_weight_ = first.weight;
        writing_turn_ = std::move(first.turn);
        return ws_output{.text = std::move(first.text), .close_code = 0, .close_reason = {}};
    }
    if (ending_ && !std::exchange(ending_->said_bye, true))
    {
        bool const back = ending_->code < 4500;
        auto const within = std::chrono::milliseconds(with_.limits.drain_within).count();
        auto text =
            wire::bye_frame(ending_->code, ending_->reason, back, within, others_than(with_.chain.view()));
        return ws_output{.text = std::move(text), .close_code = 0, .close_reason = {}};
    }
    if (ending_ && !(ending_->after_requests && serving_ > 0))
        return ws_output{.text = {}, .close_code = ending_->code, .close_reason = ending_->reason};
    if (state_ != state::open) return std::nullopt;
    if (!hints_.empty())
    {
        auto const frame = hints_.front();
        hints_.pop_front();
        return ws_output{.text = *frame, .close_code = 0, .close_reason = {}};
    }
    if (auto event = next_event())
        return ws_output{.text = std::move(*event), .close_code = 0, .close_reason = {}};
    return std::nullopt;
}

void session::hint(std::shared_ptr<std::string const> frame)
{
    static constexpr std::size_t hints_max = 64;
    if (feed_.unacked() > with_.limits.unacked_max / 2 || hints_.size() >= hints_max) return;
    hints_.push_back(std::move(frame));
    if (link_ != nullptr) link_->wake();
}

void session::end(int code, std::string reason, bool after_requests)
{
    static constexpr std::size_t reason_max = 120;  // what fits into a close frame
    if (ending_ && !(ending_->after_requests && !after_requests)) return;
    reason.resize(utf8_prefix(reason, reason_max).size());
    with_.count.closed(code);
    // 4500 and above: the client did something that it should not do again.
    log::write(
        code >= 4500 ? log::level::info : log::level::debug,
        "gateway",
        "closes a client",
        {{"Peer", address_}, {"Code", code}, {"Reason", reason}}
    );
    ending_.emplace();
    ending_->code = code;
    ending_->reason = std::move(reason);
    ending_->after_requests = after_requests;
    ending_->since = clock::now();
    if (link_ != nullptr) link_->wake();
}

// A connection that stays is a use as well, and does not outlive its login.
void session::keep_login()
{
    if (!me_ || ending_) return;
    auto const now_ms = with_.chain.now_ms();
    if (std::chrono::milliseconds(now_ms - login_.created_ms) > with_.limits.session_ttl)
        return end(4501, "this session is too old", false);
    auto const used_ms = std::max(login_.created_ms, login_.used_ms);
    if (std::chrono::milliseconds(now_ms - used_ms) < said_every(with_.limits)) return;
    note_use(with_, login_, now_ms);
    login_.used_ms = now_ms;
}

void session::tick(time_point now)
{
    if (link_ == nullptr) return;
    keep_login();
    auto const& limits = with_.limits;
    auto const writing = link_->writing_since();
    auto const reading = link_->reading_since();
    static constexpr std::chrono::seconds patience_at_the_end{6};
    bool const stuck = ending_ && now - ending_->since > limits.drain_within + patience_at_the_end;
    if (stuck || (writing && now - *writing > limits.slow_after))
    {
        link_->abort();
        return;
    }
    if (!ending_)
    {
        if (state_ == state::silent && now - silent_since_ > limits.hello_within)
        {
            if (turned_away_.empty())
                end(4500, "no hello", false);
            else
                end(code_elsewhere(with_.chain.view()), turned_away_, false);
        }
        else if (reading && now - *reading > limits.message_within)
            end(4504, "a message took too long", false);
        else if (inflight_ == 0 && now - last_heard_ > limits.idle_after)
            end(4009, "idle", false);
        else if (feed_.blocked())
        {
            if (!blocked_since_) blocked_since_ = now;
            if (now - *blocked_since_ > limits.slow_after) end(4008, "nothing was acknowledged", false);
        }
    }
}

}  // namespace chaind::gateway
