// Snapshots given and taken. docs/protocol.md 8.4.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{

snapshot_source::view replica::impl::giving()
{
    return {
        .how = how_,
        .now = now_.steady,
        .in = epoch_.config.at,
        .applied = writes_.applied(),
        .learner = epoch_.feeds ? &epoch_.feeds->link.peer() : nullptr,
        .needed = epoch_.feeds && epoch_.feeds->link.needs_snapshot(),
        .full = epoch_.feeds && known_.of(epoch_.feeds->link.peer()).full,
        .out = *out_,
    };
}

snapshot_receiver::view replica::impl::taking()
{
    return {
        .how = how_,
        .now = now_.steady,
        .in = epoch_.config.at,
        .source = takes_snapshots() ? &*epoch_.source : nullptr,
        .out = *out_,
    };
}

void replica::impl::on(snapshot_made const& what)
{
    snapshot_out_.on_made(what, giving());
    // Also of one that nobody wants any more: the rows are this replica's own.
    if (what.failed && what.failed->what == order_fault::rows_changed)
        on(rows_checked{rows_verdict::changed, what.failed->text});
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

void replica::impl::from_peer(member const& from, snap_offer const& what)
{
    if (takes_snapshots() && is(*epoch_.source, from)) snapshot_in_.on_offer(what, taking());
}

void replica::impl::from_peer(member const& from, snap_want const& what)
{
    snapshot_out_.on_want(from, what, giving());
}

void replica::impl::from_peer(member const& from, snap_chunk const& what)
{
    if (!takes_snapshots() || !is(*epoch_.source, from)) return;
    if (what.packed) moved_bytes_ += what.packed->size();
    snapshot_in_.on_chunk(what, taking());
}

void replica::impl::attend_snapshots()
{
    judge_rows();
    if (epoch_.activated) restored_ = false;
    if (epoch_.feeds && epoch_.feeds->link.streaming()) snapshot_out_.not_needed(*out_);
    if (epoch_.feeds || !snapshot_out_.idle()) snapshot_out_.pump(giving());
    count_traffic();
    watch_positions();

    // A member's store is what others rely on: it is not replaced, however good the other one is.
    if (epoch_.position && rule(rule_id::member_xor_learner)) snapshot_in_.abandon();
    if (takes_snapshots()) snapshot_in_.pump(taking());
    if (auto const id = snapshot_in_.ready(); id && (takes_snapshots() || !rule(rule_id::member_xor_learner)))
    {
        // The source's log does not reach down to this one: whether it was of this history is not known.
        bool const known = epoch_.shares_history || commit_ == seq{};
        anew_ = begin_anew{
            .install = id,
            .promised = rule(rule_id::what_is_installed_keeps_the_promise) ? writes_.promise_ordered()
                                                                           : chain_config{},
            .set_aside = known ? "" : "its log and the chain's have no common point that is known"
        };
    }
}

}  // namespace chaind::chain
