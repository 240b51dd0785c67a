// The account of one node's way into the chain, over all its attempts: for status pages, and for the line
// that says what it took.

#include "control/controller_impl.hpp"

#include <array>
#include <cstdio>
#include <utility>

namespace chaind::control
{
namespace
{

std::string in_megabytes(std::uint64_t bytes)
{
    std::array<char, 32> text{};
    auto const size = static_cast<double>(bytes) / 1e6;
    std::snprintf(text.data(), text.size(), size < 100 ? "%.1f MB" : "%.0f MB", size);
    return text.data();
}

std::string in_seconds(microseconds t)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f s", static_cast<double>(t.count()) / 1e6);
    return text.data();
}

std::string grouped(std::uint64_t number)
{
    auto out = std::to_string(number);
    for (auto at = std::ssize(out) - 3; at > 0; at -= 3)
        out.insert(static_cast<std::size_t>(at), ",");
    return out;
}

}  // namespace

void controller::impl::note_join(learner_progress const& told)
{
    if (!join_ || join_->who != told.learner.name) return;
    // A source begins to count again with each of its links, and so does another source.
    join_->moved_bytes += told.sent_bytes < told_bytes_ ? told.sent_bytes : told.sent_bytes - told_bytes_;
    told_bytes_ = told.sent_bytes;
    join_->lag_entries = told.lag_entries;
    join_->needs_snapshot = told.needs_snapshot;
    if (told.snapshot_bytes == 0) return;
    join_->snapshot_bytes = told.snapshot_bytes;
    join_->snapshot_done = told.snapshot_done;
}

void controller::impl::joined(node_id const& name)
{
    if (!join_ || join_->who != name) return;
    auto const how = *std::exchange(join_, std::nullopt);
    auto const* last = nodes_.find(name);
    seq const end = last != nullptr && last->last ? last->last->end.at : seq{};
    auto const entries = grouped(end > how.began_at ? end - how.began_at : 0) + " entries";
    auto const took = " in " + in_seconds(now_ - how.since);
    if (how.snapshot_bytes == 0)
        tell(
            "joined",
            name,
            "as tail: " + entries + ", " + in_megabytes(how.moved_bytes) + " from the log" + took
        );
    else
        tell(
            "joined",
            name,
            "as tail: snapshot " + in_megabytes(how.snapshot_bytes) + ", " + entries + ", " +
                in_megabytes(how.moved_bytes) + " moved" + took
        );
}

}  // namespace chaind::control
