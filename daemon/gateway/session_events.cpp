// The durable events of a session: those it missed, from the store; then live ones, from the hub.
#include "gateway/ask.hpp"
#include "gateway/session.hpp"
#include "runtime/within.hpp"

#include <algorithm>

namespace chaind::gateway
{

namespace asio = boost::asio;

namespace
{

struct missed
{
    bool known = false;  // the token is still good
    chat::events_page page;
    std::vector<chat::conv_id> own;  // when the page is the last one
    seq applied;
};

missed read_missed(
    store::chat_reader& from,
    chat::user_id who,
    chat::token_hash const& token,
    seq since,
    chat::room_sizes const& sizes
)
{
    missed out;
    out.known = from.find_session(token).has_value();
    out.page = from.events(who, since, sizes);
    out.applied = from.applied();
    if (out.page.upto < out.applied) return out;
    for (auto const& one : from.conversations_of(who))
        out.own.push_back(one.conv);
    std::sort(out.own.begin(), out.own.end());
    return out;
}

}  // namespace

void session::start_events(seq from, seq snapshot)
{
    feed_.start(me_->uid, from);
    scanned_ = from;
    if (from == snapshot)
    {
        live_at_ = snapshot;
        if (with_.sessions.join(*this, snapshot)) return;
    }
    start_catching_up();
}

void session::start_catching_up()
{
    if (catching_up_ || gone_) return;
    catching_up_ = true;
    with_.tasks.spawn(catch_up(shared_from_this()));
}

bool session::push(published_ptr what)
{
    if (feed_.push(std::move(what)))
    {
        if (link_ != nullptr) link_->wake();
        return true;
    }
    scanned_ = feed_.last_queued();
    start_catching_up();
    return false;
}

void session::missed_events()
{
    scanned_ = feed_.last_queued();
    start_catching_up();
}

asio::awaitable<void> session::catch_up(std::shared_ptr<session> /*keeps this*/)
{
    static constexpr int tries_max = 20;
    static constexpr std::size_t looked_at = 16U * 1024;  // bytes, for one look
    static constexpr std::size_t row_counted = 16;        // bytes, for one row of members
    int tries = 0;
    chat::room_sizes sizes;
    seq sizes_at;
    asio::steady_timer pause(feed_room_.get_executor());
    while (!gone_ && !ending_)
    {
        if (!feed_.wants_more())
        {
            feed_room_.expires_at(asio::steady_timer::time_point::max());
            co_await runtime::wait_on(feed_room_);
            continue;
        }
        co_await with_.pages.paid(me_->uid);
        if (gone_ || ending_) break;
        if (sizes_at != scanned_) sizes.clear();
        query<missed> question =
            [who = me_->uid, token = token_, since = scanned_, sizes](store::chat_reader& from)
        { return read_missed(from, who, token, since, sizes); };
        auto const found = co_await ask_from(with_.chain, scanned_, std::move(question));
        if (gone_) break;
        if (!found)
        {
            if (++tries > tries_max)
            {
                end(4003, "this replica cannot read the missed events", false);
                break;
            }
            pause.expires_after(std::chrono::milliseconds(100));
            co_await runtime::wait_on(pause);
            continue;
        }
        tries = 0;
        if (!found->value.known)
        {
            end(4502, "this session was ended", false);
            break;
        }
        auto const& page = found->value.page;
        bool full = false;
        std::size_t cost = looked_at + row_counted * page.counted;
        for (auto const& e : page.events)
        {
            if (e.pos <= feed_.last_queued()) continue;
            auto what = std::make_shared<published const>(e);
            cost += what->bytes();
            full = !feed_.push(std::move(what));
            if (full) break;
        }
        with_.pages.charge(me_->uid, cost, std::chrono::steady_clock::now());
        scanned_ = full ? feed_.last_queued() : std::max(scanned_, page.upto);
        sizes = page.sizes;
        sizes_at = page.upto;
        if (!full && scanned_ >= found->value.applied)
        {
            own = found->value.own;
            if (!said_live_) live_at_ = scanned_;
            if (with_.sessions.join(*this, scanned_)) break;
            scanned_ = std::max(scanned_, feed_.last_queued());
        }
        if (link_ != nullptr) link_->wake();
    }
    catching_up_ = false;
    if (link_ != nullptr) link_->wake();
}

std::optional<std::string> session::next_event()
{
    if (live_at_ && !said_live_ && !catching_up_)
    {
        auto const waiting = feed_.next_pos();
        if (!waiting || *waiting > *live_at_)
        {
            said_live_ = true;
            return wire::live_frame(*live_at_);
        }
    }
    auto text = feed_.next(batches_, own);
    if (catching_up_ && feed_.wants_more()) feed_room_.cancel();
    return text;
}

}  // namespace chaind::gateway
