// Epochs, promises and this replica's part in each of them. docs/protocol.md 6 and 8.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{

bool replica::impl::is(member const& one, member const& other) const
{
    return rule(rule_id::a_restart_leaves_the_epoch) ? one == other : one.same_store(other);
}

std::optional<std::size_t> replica::impl::position_of(member const& m, chain_config const& in) const
{
    for (std::size_t i = 0; i < in.members.size(); ++i)
        if (is(in.members[i], m)) return i;
    return std::nullopt;
}

bool replica::impl::holds_promise() const
{
    if (epoch_.config.state == config_state::none) return false;
    if (!epoch_.position && epoch_.source && !rule(rule_id::a_learner_promises_first)) return true;
    return (rule(rule_id::a_promise_is_durable_before_acting)
                ? writes_.promised()
                : writes_.promise_ordered().at) == epoch_.config.at;
}

// All work of the old epoch stops here. Nothing of the new one starts before the promise is durable.
void replica::impl::adopt(chain_config const& next)
{
    BOOST_ASSERT(next.at > epoch_.config.at);
    if (next.state == config_state::none || next.members.empty()) return;
    if (epoch_.activated) moved_bytes_ = 0;
    auto fresh = beginning_of(next);
    if (!rule(rule_id::verified_resets_in_a_new_epoch))
        fresh.verified = std::max(fresh.verified, epoch_.verified);
    if (!rule(rule_id::stable_resets_in_a_new_epoch)) fresh.upstream_stable = epoch_.upstream_stable;
    epoch_ = std::move(fresh);
    if (epoch_.position || rule(rule_id::a_learner_promises_first)) writes_.promise(epoch_.config);
    reads_.new_epoch();
}

// The committed prefix is common to all members; what lies above it is to be matched again.
epoch_part replica::impl::beginning_of(chain_config const& next) const
{
    epoch_part out;
    out.config = next;
    out.position = position_of(how_.self, next);
    for (std::size_t i = 0; i < next.members.size(); ++i)
        if (i != out.position) out.others.push_back(next.members[i]);
    out.verified = commit_;
    if (out.is_head())
    {
        out.verified = log_.end();
        out.open = log_.end();
    }
    for (seq at = log_.end(); at > commit_; at = at.prev())
        if (auto const* e = log_.row(at)) out.head.uncommitted_bytes += e->bytes();
    return out;
}

// Learner: not a member by its store, whatever its boot. Source and learner both check that.
void replica::impl::assign_learner(std::optional<learner_assignment> const& to)
{
    bool valid = to && epoch_.config.state == config_state::active &&
                 position_of(to->source, epoch_.config) && !epoch_.config.contains(to->learner);
    if (valid && rule(rule_id::a_restarted_member_is_no_learner))
        valid = !epoch_.config.contains_store(to->learner);
    epoch_.assignment = valid ? to : std::nullopt;
    if (epoch_.assignment && !epoch_.position && epoch_.assignment->learner == how_.self)
    {
        if (epoch_.source == epoch_.assignment->source) return;
        epoch_.source = epoch_.assignment->source;
        snapshot_in_.begin_try();
        epoch_.parked.reset();
        epoch_.ack_due = true;
        return;
    }
    epoch_.source.reset();
}

void replica::impl::enter_if_promised()
{
    if (epoch_.entered || !holds_promise()) return;
    epoch_.entered = true;
    epoch_.entered_at = now_.steady;
    heartbeat_due_ = true;
    epoch_.ack_due = true;  // the predecessor may have probed too early
}

void replica::impl::activate_if_ready()
{
    if (!epoch_.entered || epoch_.config.state != config_state::active) return;
    if (!epoch_.activated && epoch_.position)
    {
        epoch_.activated = true;
        auto const& chain = epoch_.config.members;
        if (std::any_of(chain.begin(), chain.end(), [&](member const& m) { return m.name == fed_; }))
            fed_ = {};  // it has arrived
        for (auto const& [from, what] : std::exchange(epoch_.head.early, {}))
        {
            if (auto why = assign(what)) send(from, refused{epoch_.config.at, what.request, *why});
        }
        resubmitted_at_ = now_.steady;
        hand_over(locals_.due(now_.steady, now_.steady));
    }
}

}  // namespace chaind::chain
