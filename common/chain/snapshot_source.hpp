#pragma once
// Gives a snapshot to a learner that the log does not reach: orders the file, offers it, and answers what the
// learner asks for, no faster than it may. docs/protocol.md 8.4. Outlives links and epochs, so that neither a
// reset connection nor another chain makes the work begin again.

#include "chain/types.hpp"

#include <deque>
#include <set>
#include <utility>

namespace chaind::chain
{

class snapshot_source
{
public:
    // The replica's state as this part judges it, during one step.
    struct view
    {
        settings const& how;
        instant now{};
        epoch in;
        seq applied;
        member const* learner = nullptr;  // that this replica feeds now; it may or may not need a snapshot
        bool needed = false;              // it does
        bool full = false;                // the link to it: chunks wait until what is on their way has gone
        effects& out;
    };

    // Nothing is given, and nothing is remembered of an earlier try: without a learner there is nothing to
    // do.
    [[nodiscard]] bool idle() const
    {
        return stage_ == stage::idle && !pin_ && trouble_.empty() && retry_at_ == instant{};
    }
    // After each step: orders, offers, reads, gives up; whatever is due.
    void pump(view const& v);
    void on_want(member const& from, snap_want const& what, view const& v);
    void on_made(snapshot_made const& what, view const& v);
    void on_chunk(chunk_read const& what, view const& v);
    // The learner streams from the log: the file has done its work.
    void not_needed(effects& out);

    // Rows above this position are needed by whoever takes the snapshot; nothing: none is under way.
    [[nodiscard]] std::optional<seq> pin() const { return pin_; }
    // A learner that has met this log at or above here is not given a snapshot for the way being long: it
    // would never arrive.
    [[nodiscard]] std::optional<seq> given() const { return given_; }
    [[nodiscard]] std::string const& trouble() const { return trouble_; }
    [[nodiscard]] std::uint64_t bytes() const { return stage_ == stage::made ? what_.bytes : 0; }
    [[nodiscard]] std::uint64_t bytes_done() const;
    // What has travelled in chunks since the last call.
    [[nodiscard]] std::uint64_t take_sent() { return std::exchange(sent_bytes_, 0); }

private:
    enum class stage : std::uint8_t
    {
        idle,
        making,
        made,
    };

    void make(view const& v);
    void offer(view const& v);
    void read(view const& v);
    void refill(view const& v);
    void fail(std::string why, view const& v);
    void drop(effects& out);
    void forget();

    stage stage_ = stage::idle;
    std::uint64_t last_order_ = 0;
    snapshot_info what_;
    std::optional<seq> pin_;
    std::optional<seq> given_;
    std::string trouble_;
    instant retry_at_{};

    member asker_;        // who asked last
    bool asked_ = false;  // anybody has, for this file
    instant asked_at_{};  // or made at; while it is made: needed at
    instant offered_at_{};
    std::deque<snap_want> wants_;      // not looked at yet
    std::set<std::uint64_t> reading_;  // ordered from the driver
    std::vector<bool> answered_;       // to asker_
    std::uint64_t answered_count_ = 0;

    std::int64_t tokens_ = 0;  // bytes that may be sent; below zero: a debt
    instant refilled_at_{};
    std::uint64_t sent_bytes_ = 0;
};

}  // namespace chaind::chain
