// What the config service is told. docs/protocol.md 4 and 8.5.

#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{
namespace
{

constexpr std::size_t samples_max = 4096;
constexpr auto tick_every = 10ms;

}  // namespace

void replica::impl::heartbeat_if_due()
{
    // A joiner's progress decides when the epoch goes ACTIVE; clients wait for that.
    if (entered_ && config_.state == config_state::pending && config_.joiner == how_.self.name && position_)
    {
        auto const complete = std::min(writes_.durable(), verified_);
        if (complete > joined_upto_) heartbeat_due_ = true;
        joined_upto_ = complete;
    }
    if (!heartbeat_due_ && now_.steady - heartbeat_at_ < how_.heartbeat_every) return;
    if (heartbeat_at_ != instant{}) note_lateness(now_.steady - heartbeat_at_ - how_.heartbeat_every);
    heartbeat_due_ = false;
    heartbeat_at_ = now_.steady;
    // Alive is not working: a replica whose disk hangs must look dead.
    if (stalled_since_) return;
    auto const end = log_.point(writes_.durable());
    BOOST_ASSERT(end);
    out_->heartbeats.push_back(heartbeat{
        .from = how_.self,
        .sent = now_.steady,
        .promised = writes_.promised(),
        .promised_id = writes_.promised_id(),
        .end = *end,
        .verified = entered_ ? verified_ : commit_,
        .commit = std::min(commit_, writes_.durable()),  // a learner hears of more
        .unreachable = unreachable(),
        .feeding = feeding(),
        .stepping_down = stepping_down_,
        .restored = restored_,
        .in_doubt = !position_ && (rows_ == rows::doubtful || rows_ == rows::in_check),
        .damaged = rows_ == rows::changed,
        .fsync = fsync_.at(now_.steady),
        .late = late_.at(now_.steady),
        .left = room_,
        .wall_us = now_.wall_us,
        .refused_us = refused_us_,
        .trouble = snapshot_in_.trouble().empty() ? rows_trouble_ : snapshot_in_.trouble(),
        .facts = {},
    });
}

void replica::impl::note_lateness(microseconds by)
{
    // Ticks come every 10 ms at the latest: up to there nothing was late.
    if (by > tick_every) late_.note(by - tick_every, now_.steady);
}

// Who was late itself has not read in time what had come: twice its own lateness is no silence of others.
std::vector<node_id> replica::impl::unreachable()
{
    std::vector<node_id> out;
    if (!entered_ || !position_) return out;
    auto const late = std::min(late_.at(now_.steady), longest_silence);
    auto const patience =
        std::max(how_.silent_after, std::min(how_.silent_after + 2 * late, longest_silence));
    auto judge = [&](member const& neighbour)
    {
        auto const heard = heard_at_.find(neighbour.name);
        auto const last = heard == heard_at_.end() ? entered_at_ : std::max(heard->second, entered_at_);
        auto const limit = ended_.contains(neighbour.name) ? how_.silent_after : patience;
        if (now_.steady - last > limit) out.push_back(neighbour.name);
    };
    if (!is_head()) judge(config_.members[*position_ - 1]);
    if (!is_tail()) judge(config_.members[*position_ + 1]);
    return out;
}

// Nothing until the learner's log has met this one: before that its distance is unknown.
std::optional<learner_progress> replica::impl::feeding()
{
    if (!learner_link_ || (!learner_link_->streaming() && !learner_link_->needs_snapshot()))
        return std::nullopt;
    auto const there = std::min(learner_link_->peer_durable(), learner_link_->peer_verified());
    learner_progress out{
        .learner = learner_link_->peer(),
        .lag_entries = log_.end() > there ? log_.end() - there : 0,
        .round_trip = learner_link_->round_trip(now_.steady),
        .lag_time = {},
        .needs_snapshot = learner_link_->needs_snapshot(),
        .sent_bytes = fed_bytes_,
        .snapshot_bytes = snapshot_out_.bytes(),
        .snapshot_done = snapshot_out_.bytes_done(),
        .trouble = snapshot_out_.trouble(),
    };
    if (out.lag_entries == 0) return out;
    auto passed = std::upper_bound(
        ends_.begin(), ends_.end(), there, [](seq value, auto const& each) { return value < each.second; }
    );
    // What was in the log at the first look is of an age that nobody knows.
    if (passed == ends_.begin())
        out.lag_time = microseconds::max();
    else if (passed != ends_.end())
        out.lag_time = now_.steady - passed->first;
    return out;
}

void replica::impl::sample_end()
{
    if (!ends_.empty() && ends_.back().second >= log_.end()) return;
    if (ends_.size() == samples_max) ends_.pop_front();
    ends_.emplace_back(now_.steady, log_.end());
}

}  // namespace chaind::chain
