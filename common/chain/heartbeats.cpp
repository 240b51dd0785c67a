// What the config service is told. docs/protocol.md 4 and 8.5.

#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{
namespace
{

constexpr auto tick_every = 10ms;

}  // namespace

void replica::impl::heartbeat_if_due()
{
    // A joiner's progress decides when the epoch goes ACTIVE; clients wait for that.
    if (epoch_.entered && epoch_.config.state == config_state::pending &&
        epoch_.config.joiner == how_.self.name && epoch_.position)
    {
        auto const complete = std::min(writes_.durable(), epoch_.verified);
        if (complete > epoch_.joined_upto) heartbeat_due_ = true;
        epoch_.joined_upto = complete;
    }
    if (!heartbeat_due_ && now_.steady - heartbeat_at_ < how_.heartbeat_every) return;
    if (heartbeat_at_ != instant{}) note_lateness(now_.steady - heartbeat_at_ - how_.heartbeat_every);
    heartbeat_due_ = false;
    heartbeat_at_ = now_.steady;
    auto const end = log_.point(writes_.durable());
    BOOST_ASSERT(end);
    out_->heartbeats.push_back(heartbeat{
        .from = how_.self,
        .sent = now_.steady,
        .promised = writes_.promised(),
        .promised_id = writes_.promised_id(),
        .end = *end,
        .verified = epoch_.entered ? epoch_.verified : commit_,
        .commit = std::min(commit_, writes_.durable()),  // a learner hears of more
        .unreachable = unreachable(),
        .missed = missed(),
        .feeding = feeding(),
        .stepping_down = stepping_down_,
        .stalled = stalled_since_.has_value(),
        .restored = restored_,
        .in_doubt = !epoch_.position && (rows_ == rows::doubtful || rows_ == rows::in_check),
        .damaged = rows_ == rows::changed,
        .fsync = fsync_.at(now_.steady),
        .late = late_.at(now_.steady),
        .left = room_,
        .wall_us = now_.wall_us,
        .refused_us = epoch_.refused_us,
        .trouble = trouble(),
        .facts = {},
    });
}

std::string const& replica::impl::trouble() const
{
    if (!told_trouble_.empty()) return told_trouble_;
    return snapshot_in_.trouble().empty() ? rows_trouble_ : snapshot_in_.trouble();
}

void replica::impl::note_lateness(microseconds by)
{
    // Ticks come every 10 ms at the latest: up to there nothing was late.
    if (by > tick_every) late_.note(by - tick_every, now_.steady);
}

// Of a member's link of which nothing has been told yet nobody is taken for dead: it may still come up. Who
// is no member is not put beside one that it does not reach by now.
std::vector<node_id> replica::impl::missed() const
{
    std::vector<node_id> out;
    if (!epoch_.entered) return out;
    for (auto const& m : epoch_.others)
        if (epoch_.position ? known_.lost(m) : m.name != how_.self.name && !known_.reached(m))
            out.push_back(m.name);
    return out;
}

// Who was late itself has not read in time what had come: twice its own lateness is no silence of others.
std::vector<node_id> replica::impl::unreachable()
{
    std::vector<node_id> out;
    if (!epoch_.entered || !epoch_.position) return out;
    auto const late = std::min(late_.at(now_.steady), longest_silence);
    auto const patience =
        std::max(how_.silent_after, std::min(how_.silent_after + 2 * late, longest_silence));
    auto judge = [&](member const& neighbour)
    {
        auto const heard = heard_at_.find(neighbour.name);
        auto const last =
            heard == heard_at_.end() ? epoch_.entered_at : std::max(heard->second, epoch_.entered_at);
        auto const limit = ended_.contains(neighbour.name) ? how_.silent_after : patience;
        if (now_.steady - last > limit) out.push_back(neighbour.name);
    };
    if (!epoch_.is_head()) judge(epoch_.config.members[*epoch_.position - 1]);
    if (!epoch_.is_tail()) judge(epoch_.config.members[*epoch_.position + 1]);
    return out;
}

}  // namespace chaind::chain
