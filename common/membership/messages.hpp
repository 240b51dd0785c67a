#pragma once
// What replicas and the config service say to each other: heartbeats one way, directives the other. Both are
// state, not events: each carries everything, so that one that is lost, repeated or late does no harm.

#include "base/time.hpp"
#include "membership/config.hpp"
#include "membership/node_facts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chaind
{

// Of a read lease: the replica counts it from the send time of its heartbeat, the config service a little
// longer (docs/protocol.md 4.3).
constexpr microseconds lease_span = 200ms;

// A position in a log. Equal (at, hash) means: equal prefix.
struct log_point
{
    seq at;
    epoch in;
    digest hash;
    std::int64_t ts_us = 0;

    friend bool operator==(log_point const&, log_point const&) = default;
};

// How long lateness counts, at either end (recent_peak).
inline constexpr microseconds late_counts = 5s;

// What a machine's disk can still take.
enum class room : std::uint8_t
{
    ample,  // a chain may rest on this machine while another one's is low
    enough,
    low,   // only what makes room, or is small and needed
    none,  // nothing that clients ask for
};
[[nodiscard]] constexpr bool is_low(room left)
{
    return left >= room::low;
}

// Of several machines, the one with the least of it; nobody: none is low.
struct least_room
{
    node_id who;
    room left = room::ample;

    friend bool operator==(least_room const&, least_room const&) = default;
};

// What a source knows of the learner that it feeds.
struct learner_progress
{
    member learner;
    std::uint64_t lag_entries = 0;  // source's end - learner's durable
    microseconds round_trip{};      // of an append to it and the answer, at worst and lately
    microseconds lag_time{};        // since when the source's end is beyond that; max(): longer than it knows
    bool needs_snapshot = false;    // the log does not reach back to it, or the way by the log is too long
    std::uint64_t sent_bytes = 0;   // to it since it began to catch up: entries and chunks as they travel
    std::uint64_t snapshot_bytes = 0;  // of the file that it is given; 0: none, or not made yet
    std::uint64_t snapshot_done = 0;   // of these, what it holds
    std::string trouble;               // why the source cannot help it, for people; empty: it can

    friend bool operator==(learner_progress const&, learner_progress const&) = default;
};

// Replica -> config service: every heartbeat interval, and at once when `promised` has become durable.
struct heartbeat
{
    member from;
    instant sent{};                    // the replica's own clock; comes back in directive::lease_for
    epoch promised;                    // durable
    config_id promised_id{};           // which configuration that was; empty: promised before they had ids
    log_point end;                     // of the durable log
    seq verified;                      // in `promised`
    seq commit;                        // at or below `end`
    std::vector<node_id> unreachable;  // chain neighbours with a dead or silent link
    std::vector<node_id> missed;  // other members of the chain to which no link carries in both directions
    std::optional<learner_progress> feeding;
    bool stepping_down =
        false;  // leaves cleanly: it has no lease from now on, and has left when its connection ends
    // Its process runs, its disk does not: this is a word for people and no sign of life. It gets no lease.
    bool stalled = false;
    bool restored = false;  // its store was made from a backup and has been in no chain since
    bool in_doubt = false;  // whether the disk has kept its store's rows is not known yet
    bool damaged = false;   // the disk has changed its store's rows; `trouble` says so for people
    microseconds fsync{};   // how long its disk took for a write, at worst and lately
    // By how much its heartbeats were late, at worst and lately: that much more silence is no failure.
    microseconds late{};
    room left = room::ample;   // on its disk
    std::int64_t wall_us = 0;  // its wall clock, since 1970 UTC; 0: it does not say
    // The head's newest row is by so much ahead of all clocks that it is not taken; 0: none is.
    std::int64_t refused_us = 0;
    bool outdated = false;  // it stops, since the log holds what its version does not know; `trouble` says so
    std::string trouble;    // what is wrong with it: why it cannot take the snapshot it is offered, say
    shared_facts facts;     // of its process

    friend bool operator==(heartbeat const&, heartbeat const&) = default;
};

// A learner takes the stream of its source at exactly the epoch of the directive's configuration.
struct learner_assignment
{
    member learner;
    member source;

    friend bool operator==(learner_assignment const&, learner_assignment const&) = default;
};

// Config service -> every known replica: the answer to each heartbeat, and unasked when something changed.
struct directive
{
    chain_config config;  // the newest, PENDING or ACTIVE
    std::optional<learner_assignment> learning;
    std::optional<instant> lease_for;  // a read lease in config.at, counted from that heartbeat's `sent`
    bool drain = false;               // send your clients to other replicas: you are about to leave the chain
    std::int64_t time_us = 0;         // what most clocks say, since 1970 UTC; 0: not known
    std::vector<node_id> heard = {};  // members of the chain whose words come in time

    friend bool operator==(directive const&, directive const&) = default;
};

}  // namespace chaind
