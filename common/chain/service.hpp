#pragma once
// What a replica can do for its clients now, and what it lacks for more. Functions of what is known, and no
// more. docs/protocol.md 4.4.

#include "chain/reach.hpp"
#include "chain/types.hpp"

namespace chaind::chain
{

// Why not all is served.
enum class not_served : std::uint8_t
{
    nothing,  // all is
    stopping,
    disk_stalled,     // for `stalled_for`
    taking_snapshot,  // as a learner
    catching_up,      // as a learner, from the log
    not_active,       // no member of an active chain
    disk_full,        // of `who`
    too_few_replicas,
    taking_its_place,  // a member, and nobody is missed
    apart,             // `who` is reached from here, but not by its neighbour, or its disk stands still
    unreached,         // `who`, from here
    overtaken,         // `who` is in a newer epoch: nothing is committed in this one any more
    head_refuses,      // `who` says that it takes no writes
    nothing_commits,   // of what has been logged, for 2 s
    too_slow,          // what has been logged is applied later than a read may wait
};

struct service
{
    bool can_read = false;      // a linearizable read would be answered now
    bool can_write = false;     // a command would be committed
    bool draining = false;      // about to leave the chain: its clients are to go to others
    bool outside = false;       // there is an ACTIVE chain, and this replica is not in it
    bool apart = false;         // it does not reach a neighbour in the chain, or its disk stands still
    bool cut_off = false;       // others take writes and this machine does not: its clients are to go to them
    bool hears_config = false;  // the config service answers
    not_served why = not_served::nothing;
    node_id who;                 // whom `why` is about
    microseconds stalled_for{};  // how long the write under way has taken
    reach seen;                  // what it was judged by
};

// What the replica knows of itself.
struct own_state
{
    chain_config const& chain;  // newest known
    least_room const& least;
    std::size_t min_replicas = 1;
    bool active = false;  // a member of `chain`, which is ACTIVE and durably promised
    bool learns = false;
    bool takes_snapshot = false;
    bool has_lease = false;
    bool drain = false;  // as the config service said last
    bool hears_config = false;
    bool stopping = false;
    std::optional<microseconds> stalled_for = {};  // its disk
    microseconds waiting_for = {};   // since the last commit, where something is logged that is not committed
    microseconds applying_for = {};  // how long something that was logged has not been applied
    microseconds read_limit = 5s;
    seq end = {}, commit = {};
};

// All but `seen`, by which it judges, and what of `cut_off` takes time.
void judge_service(own_state const& own, service& now);

}  // namespace chaind::chain
