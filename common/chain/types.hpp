#pragma once
// The replica core's vocabulary: messages between replicas, events in, effects out. docs/protocol.md 14.2
// and 15.

#include "base/hash.hpp"
#include "base/time.hpp"
#include "membership/config.hpp"
#include "membership/messages.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chaind::chain
{

// What a peer may call a position in the log: far below the number's end, so that no sum of positions can
// wrap.
constexpr seq highest_position{std::uint64_t{1} << 62};

enum class role : std::uint8_t
{
    detached,  // not in the newest known configuration
    learner,
    head,
    middle,
    tail,
    solo,
};

// One log row. `command` is opaque here; it is shared because the same bytes wait for the disk, the
// successor, the cache and the apply at once.
struct entry
{
    seq at;
    epoch in;                // of the head that assigned `at`
    std::int64_t ts_us = 0;  // rises with `at`
    request_id request;
    std::shared_ptr<std::string const> command;
    digest hash;  // entry_hash(hash of at - 1, the other fields)

    [[nodiscard]] log_point point() const { return {at, in, hash, ts_us}; }
    [[nodiscard]] std::size_t bytes() const { return 64 + command->size(); }
};

digest entry_hash(digest const& previous, entry const& e);

// ---- messages between replicas; `in` is the epoch they are true in
// ------------------------------------------------
struct append  // to the successor, or to the learner
{
    epoch in;
    std::uint64_t number = 0;  // answered by ok or nack with the same; a resend keeps its number
    log_point prev;            // what the first entry follows
    std::vector<entry> entries;
    seq stable;  // of the sender
    seq commit;  // true in every epoch
    seq open;    // the head's end when it promised `in`
};
struct ok  // upstream, one for each accepted append
{
    epoch in;
    std::uint64_t number = 0;
    seq verified;
    seq durable;
};
struct nack  // upstream: `prev` did not match
{
    epoch in;
    std::uint64_t number = 0;
    seq hint;  // try here; never below the sender's commit
};
struct mark  // downstream: `stable` and `commit` when no entries go with them, and every mark interval
{
    epoch in;
    seq stable;
    seq commit;
    least_room least = {};  // of all members, as the head knows it
};
struct ack  // upstream, cumulative, and the answer to each mark
{
    epoch in;
    seq commit;
    seq durable;  // lets the source see the lag of an idle learner
    seq verified;
    least_room least = {};  // of the sender and all below it
};
struct submission
{
    request_id request;
    std::shared_ptr<std::string const> command;
    bool frees_room = false;  // taken although a disk is low: it deletes, or is small and needed for that
};
struct submit  // any member -> head
{
    epoch in;
    std::vector<submission> submissions;
};
enum class refusal : std::uint8_t
{
    busy,       // the head's admission is full
    read_only,  // fewer than min_replicas, or the head may not write
    not_known,  // no command of the head's version: in the log it would stop every member
    disk_full,  // a member has no room for it
    outside,    // there is an ACTIVE chain without this replica; the head never says so
};
struct refused  // head -> gateway: not in the log, and will not be by this submit
{
    epoch in;
    request_id request;
    refusal why = refusal::busy;
};
struct still_at  // barrier read: are you still in this epoch?
{
    epoch in;
    std::uint64_t round = 0;
};
struct still_at_yes
{
    epoch in;
    std::uint64_t round = 0;
};

// ---- a snapshot on its way to a learner (docs/protocol.md 8.4)
struct snapshot_info
{
    digest id;                // of this very file, random
    log_point at;             // its chat state is that of the log up to here, and so is its log's end
    digest state;             // of the chat state
    std::uint64_t bytes = 0;  // of the file; it travels in chunks of snapshot_chunk_bytes

    friend bool operator==(snapshot_info const&, snapshot_info const&) = default;
};
inline constexpr std::uint64_t snapshot_chunk_bytes = 256u << 10;
[[nodiscard]] constexpr std::uint64_t chunks_in(std::uint64_t snapshot_bytes)
{
    return (snapshot_bytes + snapshot_chunk_bytes - 1) / snapshot_chunk_bytes;
}

// How far a learner is with the one that it takes.
struct snapshot_progress
{
    std::uint64_t bytes_total = 0;
    std::uint64_t bytes_done = 0;

    friend bool operator==(snapshot_progress const&, snapshot_progress const&) = default;
};

struct snap_offer  // source -> learner: take this; again every mark interval until a chunk is asked for
{
    epoch in;
    snapshot_info snapshot;
};
struct snap_want  // learner -> source
{
    epoch in;
    digest id;
    std::uint64_t index = 0;  // behind the last chunk: none is wanted yet, this is a sign of life
    digest mine;  // hash of what the learner holds at that place from an earlier try; empty: nothing
};
struct snap_chunk  // source -> learner
{
    epoch in;
    digest id;
    std::uint64_t index = 0;
    digest hash;                                // of the chunk's bytes in the file
    std::shared_ptr<std::string const> packed;  // compressed; nothing: what the learner holds is right
};

using message = std::variant<
    append,
    ok,
    nack,
    mark,
    ack,
    submit,
    refused,
    still_at,
    still_at_yes,
    snap_offer,
    snap_want,
    snap_chunk>;

struct envelope
{
    member to;
    chain::message message;
};

// ---- events
// -------------------------------------------------------------------------------------------------------
using write_id = std::uint64_t;
using read_token = std::uint64_t;

struct tick
{
};  // at least every 10 ms
struct received
{
    member from;
    chain::message message;
};  // FIFO for each connection
struct peer_up
{
    member peer;
};  // a new connection (either direction): the old one's bytes are gone
struct peer_down
{
    member peer;
};
struct peer_links
{
    member peer;
    bool reached = false;       // a link to it carries in both directions
    bool apart = false;         // it says that it does not reach a neighbour in the chain
    epoch at = {};              // the newest epoch that it is in, as it says; 0: it does not
    bool refuses = false;       // it says that it takes no writes
    bool hears_config = false;  // it has said so lately
    bool full = false;          // much that was sent to it waits here: what can wait is not sent

    friend bool operator==(peer_links const&, peer_links const&) = default;
};  // said when it changes
struct directed
{
    chaind::directive directive;
};  // from the config service
struct config_link
{
    bool up = false;
};  // to the config service: it has begun or ended
struct written
{
    write_id upto = 0;
};  // the store has made all writes with id <= upto durable and visible
struct log_read
{
    std::uint64_t id = 0;
    std::vector<entry> entries;
};  // answer to effects::log_reads; from that position, in order
struct submit_local
{
    chain::submission submission;
};  // this replica's gateway
struct forget_local
{
    request_id request;
};  // the gateway gave up (its client has been told `timeout`)
struct read_wanted
{
    read_token token = 0;
};  // a linearizable read
struct read_done
{
    read_token token = 0;
};  // the rows have been read, after effects::run of the same token
struct disk_room
{
    room left = room::ample;
};  // of this machine's disk; said when it changes
struct disk_stalled
{
    std::optional<instant> since;
};  // a write is under way since then, and takes longer than it may; nothing: it is done. Said when it
    // changes
struct step_down
{
};  // SIGTERM: heartbeats say so from now on
struct stopping
{
};  // nothing is served any more

// Why an order about snapshots was not carried out.
enum class order_fault : std::uint8_t
{
    disk,          // of this machine: no room, or it cannot be read or written
    rows_changed,  // the disk has changed what was written
    content,       // of what came: it is not what was offered
    unknown,       // there is nothing of that name, or what was asked for has been dropped
};
struct order_failure
{
    order_fault what = order_fault::disk;
    std::string text;  // for people

    static order_failure disk(std::string text) { return {order_fault::disk, std::move(text)}; }
    static order_failure content(std::string text) { return {order_fault::content, std::move(text)}; }
    static order_failure unknown(std::string text) { return {order_fault::unknown, std::move(text)}; }
};
using order_outcome = std::optional<order_failure>;  // nothing: it was carried out

// Answers to effects::snapshot_orders.
struct snapshot_made  // to make_snapshot, also when drop_snapshot has ended it
{
    std::uint64_t order = 0;
    snapshot_info snapshot;
    order_outcome failed;
};
struct chunk_read  // to read_chunk
{
    digest id;
    std::uint64_t index = 0;
    digest hash;
    std::shared_ptr<std::string const> packed;  // nothing: the asker holds the same
    order_outcome failed;
};
struct incoming_opened  // to open_incoming
{
    digest id;
    std::vector<digest> held;  // hashes of the chunks that an earlier try left, from the first on; any file's
    order_outcome failed;
};
struct chunk_kept  // to keep_chunk
{
    digest id;
    std::uint64_t index = 0;
    order_outcome failed;
};
struct incoming_checked  // to check_incoming: it is complete, sound, and of that state; or why not
{
    digest id;
    order_outcome failed;
};
enum class rows_verdict : std::uint8_t
{
    sound,     // all are those that were written
    believed,  // by all that could be looked at: there are too many to be read at once
    changed,   // by the disk
    not_known  // it could not be found out
};
// To check_rows. Comes unasked, too, when all rows have been read behind everything else.
struct rows_checked
{
    rows_verdict verdict = rows_verdict::sound;
    std::string text;  // for people: what is changed, or why it is not known
};
struct compacted
{
    log_point base;
};  // the store has dropped its log up to here, as effects::may_drop allowed

using event = std::variant<
    tick,
    received,
    peer_up,
    peer_down,
    directed,
    written,
    log_read,
    submit_local,
    forget_local,
    read_wanted,
    read_done,
    disk_room,
    step_down,
    snapshot_made,
    chunk_read,
    incoming_opened,
    chunk_kept,
    incoming_checked,
    rows_checked,
    compacted,
    disk_stalled,
    peer_links,
    config_link,
    stopping>;

// ---- effects
// ------------------------------------------------------------------------------------------------------ One
// write to the store. The store performs writes strictly in order of id, as many as have queued up in one
// transaction; within one write: promise, truncate, append, apply.
struct store_write
{
    write_id id = 0;
    std::optional<chain_config> promise;  // durable record of the highest promised configuration
    std::optional<seq> truncate_after;    // delete log rows above; never at or below the applied mark
    std::vector<entry> entries;           // follow the log's end
    std::optional<seq> apply_upto;        // apply log rows to the chat state, applied mark included
};

// Read log rows from `from` on, at most `max_bytes` (at least one row). Answered by event log_read.
struct log_read_request
{
    std::uint64_t id = 0;
    seq from;
    std::size_t max_bytes = 0;
};

enum class read_verdict : std::uint8_t
{
    run,          // take a snapshot now, read, then say read_done (the applied rows are already visible)
    answer,       // what was read is linearizable: send it
    again,        // forget what was read; `run` will come again by itself
    unavailable,  // this replica cannot prove freshness now: tell the client
};
struct read_step
{
    read_token token = 0;
    read_verdict what = read_verdict::run;
};

struct local_refusal
{
    request_id request;
    refusal why = refusal::busy;
    bool maybe_logged = false;  // submitted more than once: the outcome is unknown
};

// ---- work on snapshot files and on the whole state; each is answered by the event named above. One file is
// made, one is taken in.
struct make_snapshot  // of the committed state as it is when the order is carried out
{
    std::uint64_t order = 0;  // rises
};
struct read_chunk
{
    digest id;
    std::uint64_t index = 0;
    digest mine;  // when the chunk's hash is this, its bytes need not be read back
};
struct drop_snapshot  // nobody needs what this order has made, or is going to: end it early; no answer
{
    std::uint64_t order = 0;
};
struct open_incoming
{
    snapshot_info snapshot;
};
struct keep_chunk  // unpack it, check it against `hash`, write it at its place
{
    digest id;
    std::uint64_t index = 0;
    digest hash;
    std::shared_ptr<std::string const> packed;  // nothing: what is held there is right
};
struct check_incoming
{
    snapshot_info snapshot;
};
struct check_rows  // of the own chat state: has the disk kept what was written?
{
    bool all = false;  // however many there are
};
using snapshot_order = std::
    variant<make_snapshot, read_chunk, drop_snapshot, open_incoming, keep_chunk, check_incoming, check_rows>;

// This run of the replica is over; the next one, in the same process, starts from another store.
struct begin_anew
{
    std::optional<digest>
        install;            // the incoming snapshot of this id becomes the store, identity rows are new
    chain_config promised;  // with `install`: what that store has promised; an empty one is of no chain
    std::string set_aside;  // why the store is of no use here: kept under a dated name, not deleted
};

// Everything that step() wants done. The parts do not depend on each other: whatever must wait for the disk
// is only produced by a later `written`.
struct effects
{
    std::vector<store_write> writes;
    std::vector<envelope> sends;        // FIFO for each destination; may be lost
    std::vector<heartbeat> heartbeats;  // to the config service; `facts` are filled in by the driver
    std::vector<log_read_request> log_reads;
    std::vector<read_step> reads;
    std::vector<local_refusal> refusals;
    std::vector<snapshot_order> snapshot_orders;
    // The store may drop its log up to here, as much as it does not want to keep. The newest word counts,
    // also when it is lower than one before: somebody needs the rows.
    std::optional<seq> may_drop;
    std::optional<begin_anew> anew;
    std::optional<std::string>
        halt;  // a broken invariant that peers or disk caused: stop the process, say why
};

// What the store found at start.
struct recovered
{
    chain_config promised;      // none: state == config_state::none
    log_point base;             // before the first kept row; {} for a log from the beginning
    log_point applied;          // the applied mark
    std::vector<entry> suffix;  // rows above the applied mark, in order
    std::vector<std::pair<epoch, seq>>
        epochs;                 // (epoch, its first kept seq), rising: which epoch each row is of
    bool restored = false;      // made from a backup, in no chain since
    bool rows_checked = false;  // the chat rows are known to be those that were written
    bool rows_suspect = false;  // the disk was seen to have changed some
};

enum class forwarding : std::uint8_t
{
    parallel,       // FP: forward on receipt; disks sync side by side
    persist_first,  // PF: forward after the own fsync
};

struct settings
{
    member self;
    forwarding policy = forwarding::parallel;
    std::size_t min_replicas = 1;                       // below: the head refuses writes
    bool (*knows)(std::string_view command) = nullptr;  // whether this version can carry it out; null: any
    std::size_t admission_entries = 8192;               // uncommitted at the head
    std::size_t admission_bytes = 16u << 20;
    std::size_t batch_entries = 1024;  // of one append
    std::size_t batch_bytes = 1u << 20;
    std::size_t window_bytes = 4u << 20;  // unanswered appends of one link
    std::size_t cache_bytes = 16u << 20;  // committed entries kept in memory for a successor that lags
    microseconds heartbeat_every = 50ms;
    microseconds mark_every = 25ms;
    microseconds resend_after = 100ms;
    microseconds resubmit_after = 500ms;
    microseconds silent_after = 100ms;    // a neighbour without a word for so long is reported unreachable
    microseconds lease = lease_span;      // from the heartbeat's send time
    microseconds clock_tolerance = 5min;  // more than this away from the others', a wall clock is wrong
    // Then a waiting read is unavailable. A disk that takes 1 s for each write is not called stalled yet, and
    // what it logs and then applies may wait for four of them.
    microseconds read_limit = 5s;
    microseconds read_limit_unserved = 1s;    // the same, where no read is served now by the own word
    std::uint64_t snapshot_after = 50'000;    // missing entries: more go faster as a snapshot
    std::uint64_t snapshot_rate = 64u << 20;  // bytes a second to a learner as they travel; 0: unlimited
    std::uint64_t pin_entries = 2'000'000;    // a learner that holds back compaction by more is given up
};

}  // namespace chaind::chain
