// The one commit rule, docs/protocol.md 3: what is stable, committed and applied, and what the predecessor is
// told of it. Who is head or tail stands in epoch_part.hpp; what a read may see in reads.cpp.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{
namespace
{

// Each rule of the section once; the simulator breaks them one at a time.

seq own_part(write_queue const& writes, seq log_end)
{
    return rule(rule_id::stable_waits_for_fsync) ? writes.durable() : log_end;
}

seq known_to_be_the_heads(epoch_part const& epoch)
{
    return rule(rule_id::stable_stays_within_verified) ? epoch.verified : highest_position;
}

seq all_above(epoch_part const& epoch)
{
    bool const waits = !epoch.is_head() && rule(rule_id::stable_waits_for_predecessor);
    return waits ? epoch.upstream_stable : highest_position;
}

bool tail_may_commit(epoch_part const& epoch)
{
    return epoch.is_tail() && (epoch.activated || !rule(rule_id::commits_only_when_active));
}

seq committed_by_the_tail(epoch_part const& epoch, write_queue const& writes)
{
    return rule(rule_id::tail_waits_for_all_disks) ? epoch.stable
                                                   : std::min(writes.durable(), epoch.verified);
}

bool may_commit_by_itself(epoch_part const& epoch)
{
    return epoch.position && !rule(rule_id::commit_comes_from_the_tail);
}

seq may_apply_upto(seq commit, seq log_end)
{
    return rule(rule_id::apply_waits_for_commit) ? commit : log_end;
}

}  // namespace

// Every member from the head down to this one has the log durably up to here, and knows it to be the head's.
void replica::impl::advance_stable()
{
    if (!epoch_.entered || !epoch_.position) return;
    auto const upto =
        std::min({own_part(writes_, log_.end()), known_to_be_the_heads(epoch_), all_above(epoch_)});
    BOOST_ASSERT(upto >= epoch_.stable);
    epoch_.stable = upto;
}

void replica::impl::advance_commit()
{
    auto upto = std::max(commit_, std::min(epoch_.commit_heard, epoch_.verified));
    if (tail_may_commit(epoch_)) upto = std::max(upto, committed_by_the_tail(epoch_, writes_));
    if (may_commit_by_itself(epoch_)) upto = std::max(upto, epoch_.stable);
    upto = std::min(upto, epoch_.verified);
    for (auto at = commit_.next(); at <= upto; at = at.next())
    {
        auto const* e = log_.row(at);
        BOOST_ASSERT(e != nullptr);
        epoch_.head.uncommitted_bytes -= std::min(epoch_.head.uncommitted_bytes, e->bytes());
        locals_.forget(e->request);
    }
    commit_ = std::max(commit_, upto);
}

void replica::impl::order_apply()
{
    auto const upto = may_apply_upto(commit_, log_.end());
    if (upto > writes_.apply_ordered()) writes_.apply(upto);
}

void replica::impl::acknowledge()
{
    auto const* to = in_stream() ? epoch_.upstream() : nullptr;
    if (to == nullptr || (!epoch_.ack_due && commit_ <= epoch_.said_commit)) return;
    send(*to, ack{epoch_.config.at, commit_, writes_.durable(), epoch_.verified, least_from_here()});
    epoch_.said_commit = commit_;
    said_at_ = now_.steady;
    epoch_.ack_due = false;
}

}  // namespace chaind::chain
