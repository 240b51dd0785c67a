// Commands on their way into the log: those of the own clients to the head, and what the head does with them.
// docs/protocol.md 2.1 and 2.2.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{

void replica::impl::on(submit_local const& what)
{
    BOOST_ASSERT(what.submission.command);
    // Who is not in the chain cannot pass it on; the client finds out faster from another replica.
    if (epoch_.config.leaves_out(how_.self))
    {
        out_->refusals.push_back({.request = what.submission.request, .why = refusal::outside});
        return;
    }
    if (!locals_.add(what.submission) || !may_submit()) return;
    locals_.handed_over(what.submission.request, now_.steady);
    hand_over({what.submission});
}

void replica::impl::on(forget_local const& what)
{
    locals_.forget(what.request);
}

bool replica::impl::may_submit() const
{
    return in_stream() && epoch_.config.state == config_state::active && (epoch_.activated || epoch_.source);
}

void replica::impl::hand_over(std::vector<submission> const& what)
{
    if (what.empty()) return;
    if (epoch_.is_head())
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
    auto const& head = epoch_.config.members.front();
    submit batch{.in = epoch_.config.at, .submissions = {}};
    std::size_t bytes = 0;
    for (auto const& each : what)
    {
        bytes += 64 + each.command->size();
        batch.submissions.push_back(each);
        if (bytes < how_.batch_bytes && batch.submissions.size() < how_.batch_entries) continue;
        send(head, std::exchange(batch, {.in = epoch_.config.at, .submissions = {}}));
        bytes = 0;
    }
    if (!batch.submissions.empty()) send(head, std::move(batch));
}

// What is in the log must be written by all members: the one with the least room decides.
least_room replica::impl::least_from_here() const
{
    if (!is_low(room_) || room_ < epoch_.least_below.left) return epoch_.least_below;
    return {how_.self.name, room_};
}

// The predecessor's word is the head's, hence about this member, too, and older than what is known here.
least_room replica::impl::least() const
{
    auto const here = least_from_here();
    if (epoch_.is_head() || epoch_.least_above.who == how_.self.name) return here;
    return epoch_.least_above.left > here.left ? epoch_.least_above : here;
}

std::optional<refusal> replica::impl::assign(submission const& what)
{
    BOOST_ASSERT(epoch_.activated && epoch_.is_head());
    if (rule(rule_id::retries_are_deduplicated) && log_.holds(what.request)) return std::nullopt;
    if (how_.knows != nullptr && !how_.knows(*what.command)) return refusal::not_known;
    if (epoch_.config.members.size() < how_.min_replicas) return refusal::read_only;
    auto const left = least().left;
    bool const no_room = left == room::none || (left == room::low && !what.frees_room);
    if (rule(rule_id::what_needs_room_is_refused) && no_room) return refusal::disk_full;
    if (log_.end() - commit_ >= how_.admission_entries ||
        epoch_.head.uncommitted_bytes >= how_.admission_bytes)
        return refusal::busy;
    auto const last = log_.end_point();
    BOOST_ASSERT(last.in <= epoch_.config.at);
    entry next{
        .at = last.at.next(),
        .in = epoch_.config.at,
        .ts_us = std::max(
            last.ts_us + 1, rule(rule_id::a_stamp_follows_most_clocks) ? clock_.read_us(now_) : now_.wall_us
        ),
        .request = what.request,
        .command = what.command,
        .hash = {},
    };
    next.hash = entry_hash(last.hash, next);
    log_.append(next);
    writes_.append(next);
    epoch_.verified = next.at;
    epoch_.head.uncommitted_bytes += next.bytes();
    return std::nullopt;
}

void replica::impl::from_peer(member const& from, submit const& what)
{
    if (!epoch_.is_head()) return;
    bool const learner = epoch_.assignment && epoch_.assignment->learner == from;
    if (!learner && !position_of(from, epoch_.config)) return;
    for (auto const& each : what.submissions)
    {
        if (!each.command) continue;
        if (!epoch_.activated)
        {
            // The gateway knows of ACTIVE first; its next attempt would come half a second later.
            if (epoch_.head.early.size() < how_.admission_entries) epoch_.head.early.emplace_back(from, each);
            continue;
        }
        auto why = epoch_.head.refused.find(each.request);
        if (!why) why = assign(each);
        if (!why) continue;
        epoch_.head.refused.remember(each.request, *why);
        send(from, refused{epoch_.config.at, each.request, *why});
    }
}

void replica::impl::from_peer(member const& from, refused const& what)
{
    if (!is(epoch_.config.members.front(), from)) return;
    auto const times = locals_.take(what.request);
    if (times) out_->refusals.push_back({what.request, what.why, *times > 1});
}

}  // namespace chaind::chain
