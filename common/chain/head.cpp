// Commands on their way into the log: those of the own clients to the head, and what the head does with them.
// docs/protocol.md 2.1 and 2.2.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{

void replica::impl::on(submit_local const& what)
{
    BOOST_ASSERT(what.what.command);
    // Who is not in the chain cannot pass it on; the client finds out faster from another replica.
    if (config_.leaves_out(how_.self))
    {
        out_->refusals.push_back({.request = what.what.request, .why = refusal::outside});
        return;
    }
    if (!locals_.add(what.what) || !may_submit()) return;
    locals_.handed_over(what.what.request, now_.steady);
    hand_over({what.what});
}

void replica::impl::on(forget_local const& what)
{
    locals_.forget(what.request);
}

bool replica::impl::may_submit() const
{
    return in_stream() && config_.state == config_state::active && (activated_ || source_);
}

void replica::impl::hand_over(std::vector<submission> const& what)
{
    if (what.empty()) return;
    if (is_head())
    {
        for (auto const& each : what)
        {
            auto const why = assign(each);
            if (!why) continue;
            auto const times = locals_.take(each.request);
            out_->refusals.push_back({each.request, *why, times.value_or(1) > 1});
        }
        return;
    }
    auto const& head = config_.members.front();
    submit batch{.in = config_.at, .what = {}};
    std::size_t bytes = 0;
    for (auto const& each : what)
    {
        bytes += 64 + each.command->size();
        batch.what.push_back(each);
        if (bytes < how_.batch_bytes && batch.what.size() < how_.batch_entries) continue;
        send(head, std::exchange(batch, {.in = config_.at, .what = {}}));
        bytes = 0;
    }
    if (!batch.what.empty()) send(head, std::move(batch));
}

// What is in the log must be written by all members: the one with the least room decides.
least_room replica::impl::least_from_here() const
{
    if (!is_low(room_) || room_ < least_below_.left) return least_below_;
    return {how_.self.name, room_};
}

// The predecessor's word is the head's, hence about this member, too, and older than what is known here.
least_room replica::impl::least() const
{
    auto const here = least_from_here();
    if (is_head() || least_above_.who == how_.self.name) return here;
    return least_above_.left > here.left ? least_above_ : here;
}

// Gives the command its place in the log. Nothing: it has one (perhaps since before); else why not.
std::optional<refusal> replica::impl::assign(submission const& what)
{
    BOOST_ASSERT(activated_ && is_head());
    if (rule(r::retries_are_deduplicated) && log_.holds(what.request)) return std::nullopt;
    if (how_.knows != nullptr && !how_.knows(*what.command)) return refusal::not_known;
    if (config_.members.size() < how_.min_replicas) return refusal::read_only;
    auto const left = least().left;
    bool const no_room = left == room::none || (left == room::low && !what.frees_room);
    if (rule(r::what_needs_room_is_refused) && no_room) return refusal::disk_full;
    if (log_.end() - commit_ >= how_.admission_entries || uncommitted_bytes_ >= how_.admission_bytes)
        return refusal::busy;
    auto const last = log_.end_point();
    BOOST_ASSERT(last.in <= config_.at);
    entry next{
        .at = last.at.next(),
        .in = config_.at,
        .ts_us = std::max(
            last.ts_us + 1, rule(r::a_stamp_follows_most_clocks) ? clock_.read_us(now_) : now_.wall_us
        ),
        .request = what.request,
        .command = what.command,
        .hash = {},
    };
    next.hash = entry_hash(last.hash, next);
    log_.append(next);
    writes_.append(next);
    verified_ = next.at;
    uncommitted_bytes_ += next.bytes();
    return std::nullopt;
}

void replica::impl::from_peer(member const& from, submit const& what)
{
    if (!is_head()) return;
    bool const learner = assignment_ && assignment_->learner == from;
    if (!learner && !position_of(from, config_)) return;
    for (auto const& each : what.what)
    {
        if (!each.command) continue;
        if (!activated_)
        {
            // The gateway knows of ACTIVE first; its next attempt would come half a second later.
            if (early_.size() < how_.admission_entries) early_.emplace_back(from, each);
            continue;
        }
        auto why = refused_.find(each.request);
        if (!why) why = assign(each);
        if (!why) continue;
        refused_.remember(each.request, *why);
        send(from, refused{config_.at, each.request, *why});
    }
}

void replica::impl::from_peer(member const& from, refused const& what)
{
    if (!is(config_.members.front(), from)) return;
    auto const times = locals_.take(what.request);
    if (times) out_->refusals.push_back({what.request, what.why, *times > 1});
}

}  // namespace chaind::chain
