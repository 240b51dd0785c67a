#include "chain/outgoing_link.hpp"

#include "base/rules.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{
namespace
{

// More unanswered appends than this bring nothing: what arrives meanwhile goes together in the next one.
constexpr std::size_t flights_max = 16;
// A learner has far to go, the chain has no time to lose: one small append a step. A step that encodes a
// whole window keeps the process from its heartbeats on a busy machine.
constexpr std::size_t learner_bytes = 128u << 10;
// The resend timer doubles up to 2^2 while nothing is answered.
constexpr int silence_max = 2;

}  // namespace

void outgoing_link::pump(link_view& view)
{
    if (needs_snapshot_) return;
    if (view.open) send_rows(view);
    send_mark(view);
}

// Only when the head's end at its promise is known: by then the own log has met the predecessor's, so that
// the first probe mostly fits.
void outgoing_link::send_rows(link_view& view)
{
    resend_if_due(view);
    if (streaming_)
        stream(view);
    else if (flights_.empty() && rows_wanted_ == 0)
        probe(view);
}

void outgoing_link::reset()
{
    streaming_ = false;
    needs_snapshot_ = false;
    heard_ = false;
    probe_at_.reset();
    prev_.reset();
    flights_.clear();
    flight_bytes_ = 0;
    silence_ = 0;
    rows_wanted_ = 0;
}

void outgoing_link::probe(link_view& view)
{
    if (!probe_at_)
    {
        // A peer that has already verified something in this epoch is asked right there.
        probe_at_ = peer_verified_ > seq{} ? std::min(peer_verified_, view.verified) : view.verified;
        if (!rule(rule_id::probes_stay_within_verified)) probe_at_ = view.log.end();
    }
    if (*probe_at_ < view.log.base().at)
    {
        if (to_learner_)
        {
            give_up_log();
            return;
        }
        // What is dropped here was committed, hence is common to all members.
        probe_at_ = view.log.base().at;
    }
    auto prev = view.log.point(*probe_at_);
    if (!prev)
    {
        want_rows(*probe_at_, 1, view);
        return;
    }
    launch(*prev, {}, 0, view);
}

void outgoing_link::stream(link_view& view)
{
    BOOST_ASSERT(prev_);
    skip_to_verified(view);
    while (rows_wanted_ == 0 && prev_->at < view.may_send && flights_.size() < flights_max &&
           flight_bytes_ < view.how.window_bytes)
    {
        auto const* next = view.log.row(prev_->at.next());
        if (next == nullptr)
        {
            want_rows(prev_->at.next(), batch_bytes(view), view);
            return;
        }
        std::vector<entry> batch;
        std::size_t bytes = 0;
        while (next != nullptr && next->at <= view.may_send && batch.size() < view.how.batch_entries &&
               (batch.empty() || bytes + next->bytes() <= batch_bytes(view)))
        {
            bytes += next->bytes();
            batch.push_back(*next);
            next = view.log.row(next->at.next());
        }
        send_batch(std::move(batch), bytes, view);
        if (to_learner_) return;
    }
}

std::size_t outgoing_link::batch_bytes(link_view const& view) const
{
    return to_learner_ ? std::min(view.how.batch_bytes, learner_bytes) : view.how.batch_bytes;
}

// What the peer has verified need not be sent; it may have got it from another predecessor or by an older
// link.
void outgoing_link::skip_to_verified(link_view& view)
{
    auto to = std::min(peer_verified_, view.may_send);
    if (to <= prev_->at) return;
    if (auto point = view.log.point(to))
    {
        prev_ = point;
        rows_wanted_ = 0;
    }
}

void outgoing_link::send_batch(std::vector<entry> batch, std::size_t bytes, link_view& view)
{
    auto const last = batch.back().point();
    launch(*prev_, std::move(batch), bytes, view);
    prev_ = last;
}

void outgoing_link::launch(
    log_point const& prev, std::vector<entry> entries, std::size_t bytes, link_view& view
)
{
    if (flights_.empty())
    {
        sent_at_ = view.now;
        resend_from_ = 0;
    }
    auto& each = flights_.emplace_back();
    each.what.in = view.in;
    each.what.number = ++view.last_number;
    each.what.prev = prev;
    each.what.entries = std::move(entries);
    each.bytes = bytes;
    each.sent = view.now;
    flight_bytes_ += bytes;
    send(each.what, view);
}

void outgoing_link::send(append const& what, link_view& view)
{
    auto copy = what;
    copy.stable = view.stable;
    copy.commit = view.commit;
    BOOST_ASSERT(view.open);
    copy.open = *view.open;
    for (auto const& e : copy.entries)
        sent_bytes_ += e.bytes();
    view.out.sends.push_back({peer_, std::move(copy)});
    said_stable_ = view.stable;
    said_commit_ = view.commit;
    said_at_ = view.now;
}

void outgoing_link::resend_if_due(link_view& view)
{
    if (rows_wanted_ != 0 && view.now - rows_wanted_at_ > 10 * view.how.resend_after) rows_wanted_ = 0;
    if (!flights_.empty() && view.now - sent_at_ >= view.how.resend_after * (1 << silence_))
    {
        silence_ = std::min(silence_ + 1, silence_max);
        sent_at_ = view.now;
        resend_from_ = flights_.front().what.number;
    }
    if (resend_from_ == 0) return;
    for (auto& each : flights_)
    {
        if (each.what.number < resend_from_) continue;
        each.sent.reset();  // its answer may be to either
        if (!each.what.entries.empty() && each.what.entries.back().at <= peer_verified_) continue;
        send(each.what, view);
        resend_from_ = each.what.number + 1;
        if (to_learner_) return;
    }
    resend_from_ = 0;
}

void outgoing_link::want_rows(seq from, std::size_t bytes, link_view& view)
{
    rows_wanted_ = ++view.last_number;
    rows_wanted_at_ = view.now;
    view.out.log_reads.push_back({.id = rows_wanted_, .from = from, .max_bytes = bytes});
}

// Stable and commit ride on appends; alone when none goes, at once when they grew, and every mark interval,
// so that an idle chain moves and a lost one does no harm. A member upstream of whom commit came needs no
// mark for it.
void outgoing_link::send_mark(link_view& view)
{
    bool const news =
        view.stable > said_stable_ || (view.commit > said_commit_ && view.commit > peer_commit_);
    if (!(news && streaming_) && view.now - said_at_ < view.how.mark_every) return;
    view.out.sends.push_back(
        {peer_, mark{.in = view.in, .stable = view.stable, .commit = view.commit, .least = view.least}}
    );
    said_stable_ = view.stable;
    said_commit_ = view.commit;
    said_at_ = view.now;
}

void outgoing_link::on_ok(ok const& what, link_view& view)
{
    if (flights_.empty() || what.number < flights_.front().what.number ||
        what.number > flights_.back().what.number)
        return;
    silence_ = 0;
    sent_at_ = view.now;
    for (auto& each : flights_)
        if (each.what.number == what.number && each.sent)
            round_trip_.note(view.now - *std::exchange(each.sent, std::nullopt), view.now);
    peer_durable_ = std::min(what.durable, view.log.end());
    if (!streaming_)
    {
        peer_verified_ = std::max(peer_verified_, std::min(what.verified, view.log.end()));
        streaming_ = true;
        prev_ = flights_.front().what.prev;
        flights_.clear();
        if (to_learner_ && too_far(prev_->at, view)) give_up_log();
        return;
    }
    verified_by_peer(what.verified, view);
}

bool outgoing_link::too_far(seq met, link_view const& view) const
{
    if (view.log_only || (view.given && met >= *view.given)) return false;
    return view.log.end() - met > view.how.snapshot_after;
}

void outgoing_link::give_up_log()
{
    reset();
    needs_snapshot_ = true;
}

void outgoing_link::verified_by_peer(seq upto, link_view& view)
{
    peer_verified_ = std::max(peer_verified_, std::min(upto, view.log.end()));
    release();
}

// A member's memory is bounded by the head's admission; a learner's by this window, so it counts until it is
// on its disk.
void outgoing_link::release()
{
    auto const upto = to_learner_ ? std::min(peer_verified_, peer_durable_) : peer_verified_;
    while (!flights_.empty() && flights_.front().what.entries.back().at <= upto)
    {
        flight_bytes_ -= flights_.front().bytes;
        flights_.pop_front();
    }
}

void outgoing_link::on_nack(nack const& what, link_view& view)
{
    if (streaming_ || flights_.empty() || what.number != flights_.front().what.number) return;
    auto const at = flights_.front().what.prev.at;
    if (at <= view.log.base().at)
    {
        // A member holds all that was committed, so that this is none: the timer asks again.
        if (to_learner_) give_up_log();
        return;
    }
    // A hint that is not below the probe says that our row there is of a younger epoch than the peer's: that
    // epoch's run is the one to walk back over.
    probe_at_ = what.hint < at ? what.hint : view.log.run_start(at).prev();
    flights_.clear();
    silence_ = 0;
}

void outgoing_link::on_ack(ack const& what, link_view& view)
{
    peer_commit_ = std::max(peer_commit_, what.commit);
    peer_durable_ = std::min(what.durable, view.log.end());
    if (streaming_) verified_by_peer(what.verified, view);
    if (heard_) return;
    // Until now the peer may not have promised the epoch and has dropped the probe. Once for each connection.
    heard_ = true;
    if (!streaming_) sent_at_ = view.now - view.how.resend_after * (1 << silence_);
}

bool outgoing_link::on_rows(std::vector<entry> const& rows, link_view& view)
{
    if (rows.empty())
    {
        // They have been dropped meanwhile. A member is asked again soon, at the new base when that is known.
        if (to_learner_)
            give_up_log();
        else
            rows_wanted_at_ = view.now - 9 * view.how.resend_after;
        return true;
    }
    rows_wanted_ = 0;
    if (!streaming_)
    {
        if (!probe_at_ || rows.front().at != *probe_at_) return false;
        launch(rows.front().point(), {}, 0, view);
        return true;
    }
    std::vector<entry> batch;
    std::size_t bytes = 0;
    auto last = *prev_;
    for (auto const& e : rows)
    {
        if (e.at != last.at.next() || entry_hash(last.hash, e) != e.hash) return false;
        if (e.at > view.may_send || batch.size() == view.how.batch_entries) break;
        batch.push_back(e);
        bytes += e.bytes();
        last = e.point();
    }
    if (!batch.empty()) send_batch(std::move(batch), bytes, view);
    return true;
}

}  // namespace chaind::chain
