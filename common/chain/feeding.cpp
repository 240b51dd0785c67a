// What is known of the learner that this replica feeds: how far behind it is, what it was sent.
// docs/protocol.md 8.5.

#include "chain/replica_impl.hpp"

#include <algorithm>

namespace chaind::chain
{
namespace
{

constexpr std::size_t samples_max = 4096;

}  // namespace

// Nothing until the learner's log has met this one: before that its distance is unknown.
std::optional<learner_progress> replica::impl::feeding()
{
    if (!epoch_.feeds) return std::nullopt;
    auto& link = epoch_.feeds->link;
    if (!link.streaming() && !link.needs_snapshot()) return std::nullopt;
    auto const there = std::min(link.peer_durable(), link.peer_verified());
    learner_progress out{
        .learner = link.peer(),
        .lag_entries = log_.end() > there ? log_.end() - there : 0,
        .round_trip = link.round_trip(now_.steady),
        .lag_time = {},
        .needs_snapshot = link.needs_snapshot(),
        .sent_bytes = fed_bytes_,
        .snapshot_bytes = snapshot_out_.bytes(),
        .snapshot_done = snapshot_out_.bytes_done(),
        .trouble = snapshot_out_.trouble(),
    };
    if (out.lag_entries == 0) return out;
    auto const& ends = epoch_.feeds->ends;
    auto passed = std::upper_bound(
        ends.begin(), ends.end(), there, [](seq value, auto const& each) { return value < each.second; }
    );
    // How long ago the log's end passed what was there already at the first look, nobody knows.
    if (passed == ends.begin())
        out.lag_time = microseconds::max();
    else if (passed != ends.end())
        out.lag_time = now_.steady - passed->first;
    return out;
}

void replica::impl::sample_end()
{
    auto& ends = epoch_.feeds->ends;
    if (!ends.empty() && ends.back().second >= log_.end()) return;
    if (ends.size() == samples_max) ends.pop_front();
    ends.emplace_back(now_.steady, log_.end());
}

void replica::impl::count_traffic()
{
    auto const chunks = snapshot_out_.take_sent();
    if (!epoch_.feeds) return;
    auto& link = epoch_.feeds->link;
    if (fed_ != link.peer().name)
    {
        fed_ = link.peer().name;
        fed_bytes_ = 0;
    }
    fed_bytes_ += chunks + link.take_sent();
}

}  // namespace chaind::chain
