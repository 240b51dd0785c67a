// Epochs, promises and this replica's part in each of them; links to whoever stands behind it.
// docs/protocol.md 6 and 8.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{

bool replica::impl::is(member const& one, member const& other) const
{
    return rule(r::a_restart_leaves_the_epoch) ? one == other : one.same_store(other);
}

std::optional<std::size_t> replica::impl::position_of(member const& m, chain_config const& in) const
{
    for (std::size_t i = 0; i < in.members.size(); ++i)
        if (is(in.members[i], m)) return i;
    return std::nullopt;
}

role replica::impl::part() const
{
    if (!position_) return source_ ? role::learner : role::detached;
    if (is_head()) return is_tail() ? role::solo : role::head;
    return is_tail() ? role::tail : role::middle;
}

member const* replica::impl::upstream() const
{
    if (position_) return *position_ == 0 ? nullptr : &config_.members[*position_ - 1];
    return source_ ? &*source_ : nullptr;
}

bool replica::impl::holds_promise() const
{
    if (config_.state == config_state::none) return false;
    if (!position_ && source_ && !rule(r::a_learner_promises_first)) return true;
    return (rule(r::a_promise_is_durable_before_acting) ? writes_.promised() : writes_.promise_ordered()) ==
           config_.at;
}

// All work of the old epoch stops here. Nothing of the new one starts before the promise is durable.
void replica::impl::adopt(chain_config const& next)
{
    BOOST_ASSERT(next.at > config_.at);
    if (next.state == config_state::none || next.members.empty()) return;
    config_ = next;
    if (activated_) moved_bytes_ = 0;
    position_ = position_of(how_.self, config_);
    others_.clear();
    for (std::size_t i = 0; i < config_.members.size(); ++i)
        if (i != position_) others_.push_back(config_.members[i]);
    if (position_ || rule(r::a_learner_promises_first)) writes_.promise(config_);

    entered_ = false;
    activated_ = false;
    assignment_.reset();
    source_.reset();
    lease_until_.reset();
    reads_.new_epoch();
    parked_.reset();
    early_.clear();
    refused_.clear();
    successor_.reset();
    learner_link_.reset();
    ends_.clear();
    ack_due_ = false;
    least_below_ = {};
    least_above_ = {};
    said_commit_ = seq{};
    joined_upto_ = seq{};
    matched_ = false;
    shares_history_ = false;
    commit_heard_ = seq{};
    open_.reset();
    refused_us_ = 0;

    // The committed prefix is common to all members; what lies above it is to be matched again.
    if (is_head())
    {
        verified_ = log_.end();
        open_ = log_.end();
    }
    else if (rule(r::verified_resets_in_a_new_epoch))
        verified_ = commit_;
    if (rule(r::stable_resets_in_a_new_epoch)) upstream_stable_ = seq{};
    stable_ = seq{};

    uncommitted_bytes_ = 0;
    for (seq at = log_.end(); at > commit_; at = at.prev())
        if (auto const* e = log_.row(at)) uncommitted_bytes_ += e->bytes();
}

// Learner: not a member by its store, whatever its boot. Source and learner both check that.
void replica::impl::assign_learner(std::optional<learner_assignment> const& to)
{
    bool valid = to && config_.state == config_state::active && position_of(to->source, config_) &&
                 !config_.contains(to->learner);
    if (valid && rule(r::a_restarted_member_is_no_learner)) valid = !config_.contains_store(to->learner);
    assignment_ = valid ? to : std::nullopt;
    if (assignment_ && !position_ && assignment_->learner == how_.self)
    {
        if (source_ == assignment_->source) return;
        source_ = assignment_->source;
        snapshot_in_.begin_try();
        parked_.reset();
        ack_due_ = true;
        return;
    }
    source_.reset();
}

void replica::impl::enter_if_promised()
{
    if (entered_ || !holds_promise()) return;
    entered_ = true;
    entered_at_ = now_.steady;
    heartbeat_due_ = true;
    ack_due_ = true;  // the predecessor may have probed too early
}

void replica::impl::activate_if_ready()
{
    if (!entered_ || config_.state != config_state::active) return;
    if (!activated_ && position_)
    {
        activated_ = true;
        auto const& chain = config_.members;
        if (std::any_of(chain.begin(), chain.end(), [&](member const& m) { return m.name == fed_; }))
            fed_ = {};  // it has arrived
        for (auto const& [from, what] : std::exchange(early_, {}))
        {
            if (auto why = assign(what)) send(from, refused{config_.at, what.request, *why});
        }
        resubmitted_at_ = now_.steady;
        hand_over(locals_.due(now_.steady, now_.steady));
    }
}

// A successor hears of this one from the first moment on, whatever the members above do: who says nothing
// until it has met their logs would be missed, as if the link to it were dead.
void replica::impl::keep_links()
{
    if (!entered_ || !position_) return;
    if (!is_tail() && !successor_) successor_.emplace(config_.members[*position_ + 1], false);

    bool const feeds = activated_ && open_ && assignment_ && is(assignment_->source, how_.self);
    if (!feeds || (learner_link_ && learner_link_->peer() != assignment_->learner))
    {
        learner_link_.reset();
        ends_.clear();
    }
    // Before this log has met all that the head had, it says nothing about a learner's history.
    if (feeds && !learner_link_ && verified_ >= *open_) learner_link_.emplace(assignment_->learner, true);
}

link_view replica::impl::view_for_links()
{
    auto may_send = rule(r::forwards_stay_within_verified) ? verified_ : log_.end();
    if (how_.policy == forwarding::persist_first) may_send = std::min(may_send, writes_.durable());
    return {
        .log = log_,
        .how = how_,
        .now = now_.steady,
        .verified = verified_,
        .may_send = may_send,
        .stable = stable_,
        .commit = commit_,
        .open = open_,
        .least = least(),
        .given = snapshot_out_.given(),
        .in = config_.at,
        .last_number = last_number_,
        .out = *out_,
    };
}

void replica::impl::pump_links()
{
    if (!successor_ && !learner_link_) return;
    auto view = view_for_links();
    if (successor_) successor_->pump(view);
    if (learner_link_)
    {
        sample_end();
        learner_link_->pump(view);
    }
}

outgoing_link* replica::impl::link_to(member const& peer)
{
    if (successor_ && is(successor_->peer(), peer)) return &*successor_;
    if (learner_link_ && learner_link_->peer() == peer) return &*learner_link_;
    return nullptr;
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
    commit_heard_ = std::max(commit_heard_, what.commit);
    if (what.least != least_below_) ack_due_ = true;
    least_below_ = what.least;
}

void replica::impl::from_peer(member const& from, still_at const& what)
{
    if (!position_ || !position_of(from, config_)) return;
    send(from, still_at_yes{config_.at, what.round});
}

void replica::impl::from_peer(member const& from, still_at_yes const& what)
{
    if (!position_ || !position_of(from, config_)) return;
    reads_.answered(from, what, read_view());
}

}  // namespace chaind::chain
