#pragma once
// The state of one replica and what it does with each event; split by task over replica.cpp (events in,
// effects out), membership.cpp (epochs, promises), incoming.cpp (from upstream), links.cpp (to whoever stands
// behind), commit.cpp (stable, commit, apply), head.cpp (submissions), reads.cpp, snapshot.cpp, feeding.cpp
// (the learner's progress), compaction.cpp (what of the log may go), returning_store.cpp (whether a store is
// what it was) and heartbeats.cpp (time). What holds in one epoch alone is epoch_part.

#include "base/recent_peak.hpp"
#include "base/rules.hpp"
#include "chain/agreed_clock.hpp"
#include "chain/epoch_part.hpp"
#include "chain/known_links.hpp"
#include "chain/local_submissions.hpp"
#include "chain/log_index.hpp"
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
    [[nodiscard]] service const& can_do() const { return service_; }
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
    void on(submit_local const& what);
    void on(forget_local const& what);
    void on(disk_room const& what);
    void on(disk_stalled const& what);
    void on(step_down const&);
    void on(stopping const&);
    // After each event: all that follows from the state as it is now, in one order. The handlers above only
    // change state.
    void settle();
    [[nodiscard]] own_state own() const;
    void note_service();
    // The process must end: what this replica holds cannot be right. Nothing else is done in this step or
    // later.
    void halt(std::string why);
    // This store's history is not the chain's. A member halts; a learner begins with an empty store, this one
    // kept.
    void other_history(std::string why);
    void send(member const& to, message what);

    // membership.cpp
    // The same run of the same store. Who has restarted is somebody else: nobody knows what it has forgotten.
    [[nodiscard]] bool is(member const& one, member const& other) const;
    [[nodiscard]] std::optional<std::size_t> position_of(member const& m, chain_config const& in) const;
    // Rows of this epoch may come and go: promised, and a member or a learner whose rows are proven.
    [[nodiscard]] bool in_stream() const
    {
        return epoch_.entered && (epoch_.position || (epoch_.source && rows_proven()));
    }
    [[nodiscard]] bool holds_promise() const;  // durably, unless a mistake is planted
    // Precondition: `next` is above the epoch here. Afterwards nothing of the old epoch is left, the promise
    // of the new one is on its way to the disk, and nothing is done in it before that is durable.
    void adopt(chain_config const& next);
    [[nodiscard]] epoch_part beginning_of(chain_config const& next) const;
    void assign_learner(std::optional<learner_assignment> const& to);
    void enter_if_promised();
    void activate_if_ready();

    // links.cpp
    void keep_links();
    [[nodiscard]] member const* learner_to_feed() const;  // null: none
    void pump_links();
    [[nodiscard]] link_view view_for_links();
    [[nodiscard]] outgoing_link* link_to(member const& peer);
    void on(log_read const& what);
    void from_peer(member const& from, ok const& what);
    void from_peer(member const& from, nack const& what);
    void from_peer(member const& from, ack const& what);

    // feeding.cpp
    [[nodiscard]] std::optional<learner_progress> feeding();
    void sample_end();
    void count_traffic();

    // incoming.cpp
    void from_peer(member const& from, append const& what);
    void from_peer(member const& from, mark const& what);
    // Precondition: an append is parked, and `read` is what the disk holds at its `prev`.
    void accept_parked(std::vector<entry> const& read);
    // `own`: this log's point at `prev` as the disk told it; nothing: it is looked up, or parked until then.
    void accept(append const& what, std::optional<log_point> const& own);
    void mismatch(append const& what, log_point const& own);
    // Precondition: the logs agree at `prev`. Afterwards the log holds the append's rows, and they are
    // verified. False: the append is void, and the log as it was, or the replica has halted.
    [[nodiscard]] bool take_rows(append const& what);
    [[nodiscard]] bool too_far_ahead(log_point const& last, entry const& row);
    // Precondition: nothing above `last` is committed. Afterwards the log and what goes to the disk end
    // there.
    void truncate(seq last);

    // reads.cpp
    void on(read_wanted const& what);
    void on(read_done const& what);
    void from_peer(member const& from, still_at const& what);
    void from_peer(member const& from, still_at_yes const& what);
    [[nodiscard]] read_queue::view read_view() const;

    // snapshot.cpp
    void on(snapshot_made const& what);
    void on(chunk_read const& what);
    void on(incoming_opened const& what);
    void on(chunk_kept const& what);
    void on(incoming_checked const& what);
    void from_peer(member const& from, snap_offer const& what);
    void from_peer(member const& from, snap_want const& what);
    void from_peer(member const& from, snap_chunk const& what);
    [[nodiscard]] bool takes_snapshots() const { return in_stream() && !epoch_.position && epoch_.source; }
    [[nodiscard]] snapshot_source::view giving();
    [[nodiscard]] snapshot_receiver::view taking();
    void attend_snapshots();

    // compaction.cpp
    void on(compacted const& what);
    void watch_positions();
    void say_may_drop();

    // returning_store.cpp
    void on(rows_checked const& what);
    void judge_rows();
    [[nodiscard]] bool rows_proven() const
    {
        return rows_ == rows::sound || rows_ == rows::believed ||
               !rule(rule_id::a_returning_store_is_checked);
    }

    // commit.cpp
    // Neither falls within an epoch: `epoch_.stable` <= durable and verified here, <= the predecessor's;
    // commit <= verified here, and at the tail what is stable once the epoch is ACTIVE.
    void advance_stable();
    void advance_commit();
    void order_apply();  // everything that is committed, in order, once
    void acknowledge();  // upstream, when there is news or a mark to answer

    // head.cpp
    void from_peer(member const& from, submit const& what);
    void from_peer(member const& from, refused const& what);
    // Precondition: head of an ACTIVE epoch. Nothing: the command has a place in the log, now or since
    // before.
    [[nodiscard]] std::optional<refusal> assign(submission const& what);
    void hand_over(std::vector<submission> const& what);
    [[nodiscard]] least_room least_from_here() const;  // of this member and those below
    [[nodiscard]] least_room least() const;
    [[nodiscard]] bool is_below(node_id const& name) const;  // in the chain
    [[nodiscard]] bool may_submit() const;

    // heartbeats.cpp
    void heartbeat_if_due();
    void note_lateness(microseconds by);
    [[nodiscard]] std::vector<node_id> missed() const;
    [[nodiscard]] std::vector<node_id> unreachable();
    [[nodiscard]] std::string const& trouble() const;

    settings how_;
    now_t now_;
    agreed_clock clock_;
    effects* out_ = nullptr;  // of the step under way
    std::optional<std::string> halted_;
    std::optional<begin_anew> anew_;

    log_index log_;
    write_queue writes_;
    read_queue reads_;
    local_submissions locals_;

    epoch_part epoch_;       // of the newest configuration that is known
    seq commit_;             // what was committed in one epoch is so in all that follow
    bool restored_ = false;  // in no chain since its store was made from a backup

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
    std::string told_trouble_;  // what the config service said last cannot be
    instant rows_checked_at_{};
    std::uint64_t moved_bytes_ = 0;  // received as learner
    node_id fed_;                    // whom this replica fed last, in whatever run and store
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

    instant said_at_{};         // an ack upstream
    instant resubmitted_at_{};  // the commands of the own clients

    // What can be served.
    known_links known_;
    std::optional<instant> config_heard_;  // when the config service spoke last; nothing: its link is down
    bool drain_ = false;                   // as it said last
    bool stopping_ = false;
    // What `service_.seen` was made of: the same epoch has the same members.
    struct reach_of
    {
        epoch at;
        std::uint64_t links = 0;
        bool hears_config = false;

        friend bool operator==(reach_of const&, reach_of const&) = default;
    };
    std::optional<reach_of> reach_of_;
    least_room least_;
    service service_;
    std::optional<instant> waiting_since_;   // something is logged, and what was committed last ...
    seq waiting_after_;                      // ... is this
    std::optional<instant> applying_since_;  // then the log ended at ...
    seq applying_upto_;                      // ... this, and that is not applied yet
    std::optional<instant> alone_since_;

    // Heartbeats.
    bool heartbeat_due_ = true;
    bool stepping_down_ = false;
    instant heartbeat_at_{};
    recent_peak late_{late_counts};                        // by how much heartbeats came late
    recent_peak fsync_{late_counts};                       // how long a write took
    std::deque<std::pair<write_id, instant>> ordered_at_;  // writes under way
    std::unordered_map<node_id, instant> heard_at_;
    std::unordered_set<node_id> ended_;  // whose connection has, with no word since
};

}  // namespace chaind::chain
