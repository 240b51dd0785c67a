// The one commit rule. docs/protocol.md 3.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{

// Every member from the head down to this one has the log durably up to here, and knows it to be the head's.
void replica::impl::advance_stable()
{
    if (!entered_ || !position_) return;
    auto upto = rule(r::stable_waits_for_fsync) ? writes_.durable() : log_.end();
    if (rule(r::stable_stays_within_verified)) upto = std::min(upto, verified_);
    if (!is_head() && rule(r::stable_waits_for_predecessor)) upto = std::min(upto, upstream_stable_);
    BOOST_ASSERT(upto >= stable_ || !rule(r::stable_stays_within_verified));
    stable_ = upto;
}

void replica::impl::advance_commit()
{
    auto upto = std::max(commit_, std::min(commit_heard_, verified_));
    if (is_tail() && (activated_ || !rule(r::commits_only_when_active)))
        upto = std::max(
            upto, rule(r::tail_waits_for_all_disks) ? stable_ : std::min(writes_.durable(), verified_)
        );
    if (position_ && !rule(r::commit_comes_from_the_tail)) upto = std::max(upto, stable_);
    upto = std::min(upto, verified_);
    for (auto at = commit_.next(); at <= upto; at = at.next())
    {
        auto const* e = log_.row(at);
        BOOST_ASSERT(e != nullptr);
        uncommitted_bytes_ -= std::min(uncommitted_bytes_, e->bytes());
        locals_.forget(e->request);
    }
    commit_ = std::max(commit_, upto);
}

void replica::impl::order_apply()
{
    auto const upto = rule(r::apply_waits_for_commit) ? commit_ : log_.end();
    if (upto > writes_.apply_ordered()) writes_.apply(upto);
}

void replica::impl::acknowledge()
{
    auto const* to = in_stream() ? upstream() : nullptr;
    if (to == nullptr || (!ack_due_ && commit_ <= said_commit_)) return;
    send(*to, ack{config_.at, commit_, writes_.durable(), verified_, least_from_here()});
    said_commit_ = commit_;
    said_at_ = now_.steady;
    ack_due_ = false;
}

}  // namespace chaind::chain
