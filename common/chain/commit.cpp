// The one commit rule. docs/protocol.md 3.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{

// Every member from the head down to this one has the log durably up to here, and knows it to be the head's.
void replica::impl::advance_stable()
{
    if (!epoch_.entered || !epoch_.position) return;
    auto upto = rule(rule_id::stable_waits_for_fsync) ? writes_.durable() : log_.end();
    if (rule(rule_id::stable_stays_within_verified)) upto = std::min(upto, epoch_.verified);
    if (!epoch_.is_head() && rule(rule_id::stable_waits_for_predecessor))
        upto = std::min(upto, epoch_.upstream_stable);
    BOOST_ASSERT(upto >= epoch_.stable);
    epoch_.stable = upto;
}

void replica::impl::advance_commit()
{
    auto upto = std::max(commit_, std::min(epoch_.commit_heard, epoch_.verified));
    if (epoch_.is_tail() && (epoch_.activated || !rule(rule_id::commits_only_when_active)))
        upto = std::max(
            upto,
            rule(rule_id::tail_waits_for_all_disks) ? epoch_.stable
                                                    : std::min(writes_.durable(), epoch_.verified)
        );
    if (epoch_.position && !rule(rule_id::commit_comes_from_the_tail)) upto = std::max(upto, epoch_.stable);
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
    auto const upto = rule(rule_id::apply_waits_for_commit) ? commit_ : log_.end();
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
