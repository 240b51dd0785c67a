#pragma once
// What a replica is, knows and waits for in one epoch. It begins with the epoch and is dropped whole with it,
// so that nothing of an old chain can steer a new one. What outlives an epoch (the log, the promise, what was
// committed, snapshots half received) is the replica's.
//
// Refused: members of the replica that each new epoch resets one by one. Whoever adds one must remember to.

#include "chain/log_index.hpp"
#include "chain/outgoing_link.hpp"
#include "chain/refused_requests.hpp"

#include <boost/container/static_vector.hpp>

#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace chaind::chain
{

// The head's alone.
struct head_part
{
    std::size_t uncommitted_bytes = 0;
    std::vector<std::pair<member, submission>> early;  // submits that came before ACTIVE was known here
    refused_requests refused;
};

// A learner that this replica feeds.
struct fed_learner
{
    outgoing_link link;
    std::deque<std::pair<instant, seq>> ends;  // when the own log's end passed where: tells its lag
};

// An append that waits for the disk to tell its `prev`. Each read is answered, or ends the process.
struct parked_append
{
    std::uint64_t read_id = 0;
    append what;
};

struct epoch_part
{
    chain_config config;
    std::optional<std::size_t> position;  // in the chain; none: no member
    std::vector<member> others;           // of the chain

    bool entered = false;  // the promise of `config` is durable
    instant entered_at{};
    bool activated = false;  // and `config` is ACTIVE, with this replica as member
    std::optional<instant> lease_until;
    std::optional<learner_assignment> assignment;  // who feeds whom
    std::optional<member> source;                  // this replica learns from it

    // Positions; received is the log's end, durable and applied are the write queue's.
    seq verified;                 // known to be the head's
    seq stable;                   // verified, and durable here and above
    seq upstream_stable;          // as the predecessor says
    seq commit_heard;             // from the tail, by the successor, and from above
    std::optional<seq> open;      // the head's end when it promised this epoch
    bool matched = false;         // an append of this epoch met this log
    bool shares_history = false;  // and met it at its commit or above: nothing in it is of another history
    std::optional<parked_append> parked;
    std::int64_t refused_us =
        0;  // the newest row that was refused for its stamp is ahead by so much; 0: none is

    std::optional<outgoing_link> successor;
    std::optional<fed_learner> feeds;
    head_part head;

    least_room least_below;  // by the successor's word
    least_room least_above;  // by the predecessor's: of all members
    bool ack_due = false;
    seq said_commit;  // upstream
    seq joined_upto;  // last reported as joiner

    [[nodiscard]] bool is_head() const { return position == std::size_t{0}; }
    [[nodiscard]] bool is_tail() const { return position && *position + 1 == config.members.size(); }
    [[nodiscard]] role part() const;
    // Whose rows come here: the predecessor's, the source's; null: nobody's.
    [[nodiscard]] member const* upstream() const;
    // Those that there are: towards the successor, towards the learner.
    [[nodiscard]] boost::container::static_vector<outgoing_link*, 2> links();
};

}  // namespace chaind::chain
