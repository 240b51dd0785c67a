// Snapshots given and taken, and how much of the log nobody needs any more. docs/protocol.md 8.4 and 12.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{
namespace
{

constexpr std::uint64_t worth_saying = 256;  // rows
constexpr auto check_again_after = 5s;
// A position outlives its link by so much: until the next epoch's link has met the peer's log again.
constexpr auto position_holds = 2s;

}  // namespace

snapshot_source::view replica::impl::giving()
{
    return {
        .how = how_,
        .now = now_.steady,
        .in = config_.at,
        .applied = writes_.applied(),
        .learner = learner_link_ ? &learner_link_->peer() : nullptr,
        .needed = learner_link_ && learner_link_->needs_snapshot(),
        .out = *out_,
    };
}

snapshot_receiver::view replica::impl::taking()
{
    return {
        .how = how_,
        .now = now_.steady,
        .in = config_.at,
        .source = takes_snapshots() ? &*source_ : nullptr,
        .out = *out_,
    };
}

void replica::impl::on(snapshot_made const& what)
{
    snapshot_out_.on_made(what, giving());
}

void replica::impl::on(chunk_read const& what)
{
    snapshot_out_.on_chunk(what, giving());
}

void replica::impl::on(incoming_opened const& what)
{
    snapshot_in_.on_opened(what, taking());
}

void replica::impl::on(chunk_kept const& what)
{
    snapshot_in_.on_kept(what, taking());
}

void replica::impl::on(incoming_checked const& what)
{
    snapshot_in_.on_checked(what, taking());
}

void replica::impl::on(rows_checked const& what)
{
    if (what.again)
        rows_ = rows::doubtful;
    else if (!what.error.empty())
        rows_ = rows::changed;
    else
        rows_ = what.partly ? rows::believed : rows::sound;
    rows_trouble_ = what.error;
    rows_checked_at_ = now_.steady;
    heartbeat_due_ = true;
    ack_due_ = true;  // a source may have probed before
}

void replica::impl::on(compacted const& what)
{
    if (what.base.at <= log_.base().at) return;
    BOOST_ASSERT(what.base.at <= writes_.applied());
    log_.base_moved(what.base);
}

void replica::impl::from_peer(member const& from, snap_offer const& what)
{
    if (takes_snapshots() && is(*source_, from)) snapshot_in_.on_offer(what, taking());
}

void replica::impl::from_peer(member const& from, snap_want const& what)
{
    snapshot_out_.on_want(from, what, giving());
}

void replica::impl::from_peer(member const& from, snap_chunk const& what)
{
    if (!takes_snapshots() || !is(*source_, from)) return;
    if (what.packed) moved_bytes_ += what.packed->size();
    snapshot_in_.on_chunk(what, taking());
}

// What is wrong with a store would be given on by a member. docs/protocol.md 8.3. Others rely on a member's
// as it is, and a cold start may still make it one: it goes when the chain is ACTIVE without it.
void replica::impl::judge_rows()
{
    bool const due = rows_trouble_.empty() || now_.steady - rows_checked_at_ >= check_again_after;
    if (rows_ == rows::doubtful && !position_ && due)
    {
        rows_ = rows::in_check;
        out_->snapshot_orders.emplace_back(check_rows{.all = rows_suspect_});
    }
    if (rows_ == rows::changed && source_ && rule(r::a_returning_store_is_checked))
        other_history(rows_trouble_);
}

void replica::impl::attend_snapshots()
{
    judge_rows();
    if (activated_) restored_ = false;
    if (learner_link_ && learner_link_->streaming()) snapshot_out_.not_needed(*out_);
    if (learner_link_ || !snapshot_out_.idle()) snapshot_out_.pump(giving());
    count_traffic();
    watch_positions();

    // A member's store is what others rely on: it is not replaced, however good the other one is.
    if (position_ && rule(r::member_xor_learner)) snapshot_in_.abandon();
    if (takes_snapshots()) snapshot_in_.pump(taking());
    if (auto const id = snapshot_in_.ready(); id && (takes_snapshots() || !rule(r::member_xor_learner)))
    {
        // The source's log does not reach down to this one: whether it was of this history is not known.
        bool const known = shares_history_ || commit_ == seq{};
        anew_ = begin_anew{
            .install = id,
            .set_aside = known ? "" : "its log and the chain's have no common point that is known"
        };
    }
}

void replica::impl::count_traffic()
{
    auto const chunks = snapshot_out_.take_sent();
    if (!learner_link_) return;
    if (fed_ != learner_link_->peer().name)
    {
        fed_ = learner_link_->peer().name;
        fed_bytes_ = 0;
    }
    fed_bytes_ += chunks + learner_link_->take_sent();
}

// Rows that the peers of the links still need. As long as one of them has not been met, what was known of
// them counts.
void replica::impl::watch_positions()
{
    std::optional<seq> lowest;
    bool all_met = true;
    for (auto* link : {&successor_, &learner_link_})
    {
        if (!*link || (*link)->needs_snapshot()) continue;
        if (!(*link)->streaming())
        {
            all_met = false;
            continue;
        }
        auto const at = std::min((*link)->peer_durable(), (*link)->peer_verified());
        lowest = std::min(lowest.value_or(at), at);
    }
    if (lowest && all_met)
        held_ = position_held{*lowest, now_.steady};
    else if (held_ && now_.steady - held_->seen > position_holds)
        held_.reset();
    else if (lowest && held_)
        held_->at = std::min(held_->at, *lowest);
    else if (lowest)
        held_ = position_held{*lowest, now_.steady};
}

void replica::impl::say_may_drop()
{
    auto upto = std::min(writes_.applied(), commit_);
    if (rule(r::compaction_respects_pins))
    {
        if (auto const pin = snapshot_out_.pin()) upto = std::min(upto, *pin);
        if (held_)
        {
            // Who is so far behind is given up.
            auto const oldest =
                log_.end() - seq{} > how_.pin_entries ? seq{log_.end().value() - how_.pin_entries} : seq{};
            upto = std::min(upto, std::max(held_->at, oldest));
        }
    }
    if (upto < may_drop_ || upto - may_drop_ >= worth_saying)
    {
        out_->may_drop = upto;
        may_drop_ = upto;
    }
}

}  // namespace chaind::chain
