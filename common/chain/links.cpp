// Towards whoever stands behind this replica: its successor, the learner that it feeds. docs/protocol.md 2.3
// and 6.4.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <algorithm>

namespace chaind::chain
{

// A successor hears of this one from the first moment on, whatever the members above do: who says nothing
// until it has met their logs would be missed, as if the link to it were dead.
void replica::impl::keep_links()
{
    if (!epoch_.entered || !epoch_.position) return;
    if (!epoch_.is_tail() && !epoch_.successor)
        epoch_.successor.emplace(epoch_.config.members[*epoch_.position + 1], false);

    auto const* learner = learner_to_feed();
    if (epoch_.feeds && (learner == nullptr || epoch_.feeds->link.peer() != *learner)) epoch_.feeds.reset();
    // Before this log has met all that the head had, it says nothing about a learner's history.
    if (learner != nullptr && !epoch_.feeds && epoch_.verified >= *epoch_.open)
        epoch_.feeds.emplace(fed_learner{.link = {*learner, true}, .ends = {}});
}

member const* replica::impl::learner_to_feed() const
{
    bool const feeds =
        epoch_.activated && epoch_.open && epoch_.assignment && is(epoch_.assignment->source, how_.self);
    return feeds ? &epoch_.assignment->learner : nullptr;
}

link_view replica::impl::view_for_links()
{
    auto may_send = rule(rule_id::forwards_stay_within_verified) ? epoch_.verified : log_.end();
    if (how_.policy == forwarding::persist_first) may_send = std::min(may_send, writes_.durable());
    return {
        .log = log_,
        .how = how_,
        .now = now_.steady,
        .verified = epoch_.verified,
        .may_send = may_send,
        .stable = epoch_.stable,
        .commit = commit_,
        .open = epoch_.open,
        .least = least(),
        .given = snapshot_out_.given(),
        .log_only = rows_ == rows::changed,
        .in = epoch_.config.at,
        .last_number = last_number_,
        .out = *out_,
    };
}

void replica::impl::pump_links()
{
    if (epoch_.feeds) sample_end();
    for (auto* link : epoch_.links())
    {
        auto view = view_for_links();
        link->pump(view);
    }
}

bool replica::impl::is_below(node_id const& name) const
{
    if (!epoch_.position) return false;
    auto const& chain = epoch_.config.members;
    auto const here = chain.begin() + static_cast<std::ptrdiff_t>(*epoch_.position);
    return std::any_of(here + 1, chain.end(), [&](member const& m) { return m.name == name; });
}

outgoing_link* replica::impl::link_to(member const& peer)
{
    if (epoch_.successor && is(epoch_.successor->peer(), peer)) return &*epoch_.successor;
    if (epoch_.feeds && epoch_.feeds->link.peer() == peer) return &epoch_.feeds->link;
    return nullptr;
}

// Who is waiting for rows that only the disk has: an append for its `prev`, or a link for what it is to send.
void replica::impl::on(log_read const& what)
{
    if (epoch_.parked && epoch_.parked->read_id == what.id)
    {
        accept_parked(what.entries);
        return;
    }
    for (auto* link : epoch_.links())
    {
        if (!link->awaits_rows(what.id)) continue;
        auto view = view_for_links();
        if (!link->on_rows(what.entries, view)) halt("a log row on disk is not the one that was written");
    }
}

void replica::impl::from_peer(member const& from, ok const& what)
{
    auto* link = link_to(from);
    if (link == nullptr) return;
    auto view = view_for_links();
    link->on_ok(what, view);
}

void replica::impl::from_peer(member const& from, nack const& what)
{
    auto* link = link_to(from);
    if (link == nullptr) return;
    auto view = view_for_links();
    link->on_nack(what, view);
}

void replica::impl::from_peer(member const& from, ack const& what)
{
    auto* link = link_to(from);
    if (link == nullptr) return;
    auto view = view_for_links();
    link->on_ack(what, view);
    // A learner only repeats what it was told; commit comes from the tail by the members.
    if (link->to_learner()) return;
    epoch_.commit_heard = std::max(epoch_.commit_heard, what.commit);
    // What the successor says of members above it, it has heard from here.
    auto const least = is_below(what.least.who) ? what.least : least_room{};
    if (least != epoch_.least_below) epoch_.ack_due = true;
    epoch_.least_below = least;
}

}  // namespace chaind::chain
