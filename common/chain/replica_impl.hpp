#pragma once
// The state of one replica and what it does with each event; split by task over replica.cpp (events in,
// effects out), membership.cpp (epochs, promises, links), incoming.cpp (appends from upstream), commit.cpp
// (stable, commit, apply), head.cpp (submissions), snapshot.cpp (snapshots, what of the log may go) and
// heartbeats.cpp (time).

#include "base/recent_peak.hpp"
#include "base/rules.hpp"
#include "chain/agreed_clock.hpp"
#include "chain/known_links.hpp"
#include "chain/local_submissions.hpp"
#include "chain/log_index.hpp"
#include "chain/outgoing_link.hpp"
#include "chain/read_queue.hpp"
#include "chain/replica.hpp"
#include "chain/snapshot_receiver.hpp"
#include "chain/snapshot_source.hpp"
#include "chain/write_queue.hpp"

#include <deque>
#include <unordered_map>
#include <unordered_set>

namespace chaind::chain
{

// However late a host is, a neighbour without a word for so long is reported unreachable.
inline constexpr microseconds longest_silence = 1s;

class replica::impl
{
public:
    impl(settings how, recovered const& from);

    effects step(now_t const& now, event const& what);
    void status(replica_status& out) const;
    [[nodiscard]] bool lease_valid(instant now) const;
    [[nodiscard]] agreed_clock const& clock() const { return clock_; }

private:
    // replica.cpp
    void on(tick const&);
    void on(received const& what);
    void on(peer_up const& what);
    void on(peer_down const& what);
    void on(peer_links const& what);
    void on(directed const& what);
    void on(config_link const& what);
    void on(written const& what);
    void on(log_read const& what);
    void on(submit_local const& what);
    void on(forget_local const& what);
    void on(read_wanted const& what);
    void on(read_done const& what);
    void on(disk_room const& what);
    void on(disk_stalled const& what);
    void on(step_down const&);
    void on(stopping const&);
    void settle();
    [[nodiscard]] own_state own() const;
    void note_service();
    void halt(std::string why);
    void other_history(std::string why);
    void send(member const& to, message what);
    [[nodiscard]] read_queue::view read_view() const;

    // membership.cpp
    [[nodiscard]] bool is(member const& one, member const& other) const;
    [[nodiscard]] std::optional<std::size_t> position_of(member const& m, chain_config const& in) const;
    [[nodiscard]] bool is_head() const { return position_ == std::size_t{0}; }
    [[nodiscard]] bool is_tail() const { return position_ && *position_ + 1 == config_.members.size(); }
    [[nodiscard]] role part() const;
    [[nodiscard]] bool in_stream() const { return entered_ && (position_ || (source_ && rows_proven())); }
    [[nodiscard]] member const* upstream() const;
    [[nodiscard]] bool holds_promise() const;
    void adopt(chain_config const& next);
    void assign_learner(std::optional<learner_assignment> const& to);
    void enter_if_promised();
    void activate_if_ready();
    void keep_links();
    void pump_links();
    [[nodiscard]] link_view view_for_links();
    [[nodiscard]] outgoing_link* link_to(member const& peer);

    // incoming.cpp
    void from_peer(member const& from, append const& what);
    void from_peer(member const& from, mark const& what);
    void accept(append const& what, std::optional<log_point> const& own);
    void mismatch(append const& what, log_point const& own);
    [[nodiscard]] bool take_rows(append const& what);
    [[nodiscard]] bool too_far_ahead(log_point const& last, entry const& row);
    void truncate(seq last);

    // messages from downstream: membership.cpp
    void from_peer(member const& from, ok const& what);
    void from_peer(member const& from, nack const& what);
    void from_peer(member const& from, ack const& what);
    void from_peer(member const& from, still_at const& what);
    void from_peer(member const& from, still_at_yes const& what);

    // snapshot.cpp
    void on(snapshot_made const& what);
    void on(chunk_read const& what);
    void on(incoming_opened const& what);
    void on(chunk_kept const& what);
    void on(incoming_checked const& what);
    void on(rows_checked const& what);
    void on(compacted const& what);
    void from_peer(member const& from, snap_offer const& what);
    void from_peer(member const& from, snap_want const& what);
    void from_peer(member const& from, snap_chunk const& what);
    [[nodiscard]] bool takes_snapshots() const { return in_stream() && !position_ && source_; }
    [[nodiscard]] snapshot_source::view giving();
    [[nodiscard]] snapshot_receiver::view taking();
    [[nodiscard]] bool rows_proven() const
    {
        return rows_ == rows::sound || rows_ == rows::believed || !rule(r::a_returning_store_is_checked);
    }
    void judge_rows();
    void attend_snapshots();
    void count_traffic();
    void watch_positions();
    void say_may_drop();

    // commit.cpp
    void advance_stable();
    void advance_commit();
    void order_apply();
    void acknowledge();

    // head.cpp
    void from_peer(member const& from, submit const& what);
    void from_peer(member const& from, refused const& what);
    [[nodiscard]] std::optional<refusal> assign(submission const& what);
    void hand_over(std::vector<submission> const& what);
    [[nodiscard]] least_room least_from_here() const;  // of this member and those below
    [[nodiscard]] least_room least() const;
    [[nodiscard]] bool may_submit() const;

    // heartbeats.cpp
    void heartbeat_if_due();
    void note_lateness(microseconds by);
    [[nodiscard]] std::vector<node_id> unreachable();
    [[nodiscard]] std::optional<learner_progress> feeding();
    void sample_end();

    settings how_;
    now_t now_;
    agreed_clock clock_;
    std::int64_t refused_us_ =
        0;  // by how much the newest row that was refused for its stamp is ahead; 0: none is
    effects* out_ = nullptr;  // of the step under way
    std::optional<std::string> halted_;
    std::optional<begin_anew> anew_;

    log_index log_;
    write_queue writes_;
    read_queue reads_;
    local_submissions locals_;
    refused_requests refused_;

    // Membership: the newest known configuration and this replica's part in it.
    chain_config config_;
    bool restored_ = false;  // in no chain since its store was made from a backup
    std::optional<std::size_t> position_;
    std::vector<member> others_;
    std::optional<learner_assignment> assignment_;  // of config_'s epoch
    std::optional<member> source_;                  // this replica learns from it
    bool entered_ = false;                          // the promise of config_ is durable
    bool activated_ = false;                        // and config_ is ACTIVE, with this replica as member
    instant entered_at_{};
    std::optional<instant> lease_until_;  // in config_'s epoch

    // This epoch's positions; received is log_.end(), durable and applied are in writes_.
    seq verified_;
    seq stable_;
    seq upstream_stable_;
    seq commit_;
    seq commit_heard_;
    std::optional<seq> open_;      // the head's end when it promised this epoch
    bool matched_ = false;         // an append of this epoch met this log
    bool shares_history_ = false;  // and met it at its commit or above: nothing in it is of another history

    struct parked
    {
        std::uint64_t read_id = 0;
        append what;
    };
    // Waits for the disk to tell its `prev`. Each read is answered, or ends the process.
    std::optional<parked> parked_;

    std::optional<outgoing_link> successor_;
    std::optional<outgoing_link> learner_link_;
    snapshot_source snapshot_out_;
    snapshot_receiver snapshot_in_;
    // A store that another run of this process left may have suffered since.
    enum class rows : std::uint8_t
    {
        doubtful,
        in_check,
        believed,  // too many to be read while the chain is short: as far as they were looked at
        sound,
        changed,
    };
    rows rows_ = rows::doubtful;
    bool rows_suspect_ = false;
    std::string rows_trouble_;  // what is wrong, or why it is not known yet
    instant rows_checked_at_{};
    std::uint64_t moved_bytes_ = 0;  // received as learner
    node_id fed_;                    // whom this replica fed last, under whatever triple
    std::uint64_t fed_bytes_ = 0;    // sent to it

    // The lowest position of those who are fed from this log, and when it was known last.
    struct position_held
    {
        seq at;
        instant seen{};
    };
    std::optional<position_held> held_;
    seq may_drop_;  // said last
    std::uint64_t last_number_ = 0;

    room room_ = room::ample;               // on the own disk
    std::optional<instant> stalled_since_;  // the own disk
    least_room least_below_;                // by the successor's word in this epoch
    least_room least_above_;                // by the predecessor's: of all members

    bool ack_due_ = false;
    seq said_commit_;  // upstream, in this epoch
    instant said_at_{};

    // The head.
    std::size_t uncommitted_bytes_ = 0;
    std::vector<std::pair<member, submission>> early_;  // submits that came before ACTIVE was known here
    instant resubmitted_at_{};

    // What can be served.
    known_links known_;
    std::optional<instant> config_heard_;  // when the config service spoke last; nothing: its link is down
    bool drain_ = false;                   // as it said last
    bool stopping_ = false;
    service service_;
    std::optional<instant> alone_since_;

    // Heartbeats.
    bool heartbeat_due_ = true;
    bool stepping_down_ = false;
    instant heartbeat_at_{};
    recent_peak late_{late_counts};                        // by how much heartbeats came late
    recent_peak fsync_{late_counts};                       // how long a write took
    std::deque<std::pair<write_id, instant>> ordered_at_;  // writes under way
    seq joined_upto_;                                      // last reported as joiner
    std::unordered_map<node_id, instant> heard_at_;
    std::unordered_set<node_id> ended_;         // whose connection has, with no word since
    std::deque<std::pair<instant, seq>> ends_;  // when the log's end passed where, for a learner's lag
};

}  // namespace chaind::chain
