#pragma once
// The sending side towards one successor (or learner) in one epoch: finds the point where the two logs meet,
// then streams what follows. docs/protocol.md 2.3 and 6.4.
//
// Probing: one empty append is outstanding at a time; the peer's nack says where to try next. Streaming: a
// window of appends, answered cumulatively. Only the timer sends anything again, and under its old number, so
// that neither slow nor duplicating links can turn into an endless exchange.

#include "base/recent_peak.hpp"
#include "chain/log_index.hpp"

#include <deque>
#include <utility>

namespace chaind::chain
{

// What the replica lets a link see and use during one step.
struct link_view
{
    log_index const& log;
    settings const& how;
    instant now{};
    seq verified;  // own; nothing beyond it is probed
    seq may_send;  // at or below verified
    seq stable;
    seq commit;
    std::optional<seq> open;  // nothing: the head's end is not known here yet
    least_room least = {};
    std::optional<seq> given;  // a learner that meets this log here or above has had its snapshot
    bool log_only = false;     // the own rows are changed: nobody makes a snapshot of them
    epoch in;
    std::uint64_t& last_number;  // of appends and log reads, rising over the whole run
    effects& out;
};

class outgoing_link
{
public:
    outgoing_link(member peer, bool to_learner) : peer_(std::move(peer)), to_learner_(to_learner) {}

    [[nodiscard]] member const& peer() const { return peer_; }
    [[nodiscard]] bool to_learner() const { return to_learner_; }
    [[nodiscard]] bool streaming() const { return streaming_; }
    // A learner's only: the log does not reach back to it, or the way is too long.
    [[nodiscard]] bool needs_snapshot() const { return needs_snapshot_; }
    // Bytes of entries that have gone out since the last call.
    [[nodiscard]] std::uint64_t take_sent() { return std::exchange(sent_bytes_, 0); }
    // Of an append and its answer, at worst and lately.
    [[nodiscard]] microseconds round_trip(instant now) { return round_trip_.at(now); }
    // What the peer has said of its log, as far as it is known to be ours.
    [[nodiscard]] seq peer_verified() const { return peer_verified_; }
    [[nodiscard]] seq peer_durable() const { return peer_durable_; }

    // Sends what may be sent now, and what is due again; nothing but marks as long as `open` is not known.
    void pump(link_view& view);
    // The connection is another one: whatever is under way may be gone.
    void reset();

    void on_ok(ok const& what, link_view& view);
    void on_nack(nack const& what, link_view& view);
    void on_ack(ack const& what, link_view& view);
    // Rows from the disk. False: they are not the rows that belong there.
    [[nodiscard]] bool on_rows(std::vector<entry> const& rows, link_view& view);
    [[nodiscard]] bool awaits_rows(std::uint64_t id) const { return rows_wanted_ == id && id != 0; }

private:
    struct flight
    {
        append what;
        std::size_t bytes = 0;
        std::optional<instant> sent{};  // once, and not answered yet
    };

    void send_rows(link_view& view);
    void probe(link_view& view);
    void stream(link_view& view);
    void skip_to_verified(link_view& view);
    [[nodiscard]] std::size_t batch_bytes(link_view const& view) const;
    void send_batch(std::vector<entry> batch, std::size_t bytes, link_view& view);
    void launch(log_point const& prev, std::vector<entry> entries, std::size_t bytes, link_view& view);
    void send(append const& what, link_view& view);
    void resend_if_due(link_view& view);
    void want_rows(seq from, std::size_t bytes, link_view& view);
    void send_mark(link_view& view);
    void verified_by_peer(seq upto, link_view& view);
    void release();
    void give_up_log();
    [[nodiscard]] bool too_far(seq met, link_view const& view) const;

    member peer_;
    bool to_learner_ = false;
    bool streaming_ = false;
    bool needs_snapshot_ = false;
    bool heard_ = false;  // an ack in this epoch: the peer has promised it
    seq peer_verified_, peer_durable_, peer_commit_;

    std::optional<seq> probe_at_;    // probing: where; nothing: at the best guess
    std::optional<log_point> prev_;  // streaming: what was sent last
    std::deque<flight> flights_;
    std::size_t flight_bytes_ = 0;
    recent_peak round_trip_{late_counts};
    int silence_ = 0;                // resends without an answer between them
    std::uint64_t resend_from_ = 0;  // number of the first append that is to be sent again now; 0: none
    instant sent_at_{};              // the last send or answer, for the resend timer
    std::uint64_t rows_wanted_ = 0;  // id of the log read under way; 0: none
    instant rows_wanted_at_{};

    seq said_stable_, said_commit_;
    instant said_at_{};
    std::uint64_t sent_bytes_ = 0;
};

}  // namespace chaind::chain
