#pragma once
// What a replica can do for its clients now, and what it lacks for more. Functions of what is known, and no
// more. docs/protocol.md 4.4.

#include "chain/types.hpp"

namespace chaind::chain
{

class known_links;

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
};

struct service
{
    bool can_read = false;      // a linearizable read would be answered now
    bool can_write = false;     // a command would be committed
    bool draining = false;      // about to leave the chain: its clients are to go to others
    bool outside = false;       // there is an ACTIVE chain, and this replica is not in it
    bool apart = false;         // it does not reach a neighbour in the chain, or its disk stands still
    bool cut_off = false;       // by links of this machine alone, for a while: the others go on
    bool hears_config = false;  // the config service answers
    not_served why = not_served::nothing;
    node_id who;                     // whom `why` is about
    microseconds stalled_for{};      // how long the write under way has taken
    std::vector<node_id> missing;    // members without whom no write of a client here is committed
    std::vector<node_id> unreached;  // members to which no link carries in both directions
};

// What the replica knows of itself.
struct own_state
{
    chain_config const& chain;  // newest known
    member const& self;
    std::size_t min_replicas = 1;
    bool active = false;  // a member of `chain`, which is ACTIVE and durably promised
    bool learns = false;
    bool takes_snapshot = false;
    bool has_lease = false;
    bool drain = false;  // as the config service said last
    bool hears_config = false;
    bool stopping = false;
    std::optional<microseconds> stalled_for = {};  // its disk
    microseconds waiting_for = {};  // since the last commit, where something is logged that is not committed
    seq end = {}, commit = {};
    least_room least = {};
};

// The head takes the write, and the neighbours hand it on; beyond them the chain's links are others', so that
// a member whom the config service hears is not missed, unless it says itself that the chain ends at it, or
// has gone on without this one.
[[nodiscard]] std::vector<node_id> missing_for_writes(own_state const& own, known_links const& known);
[[nodiscard]] std::vector<node_id> unreached_members(own_state const& own, known_links const& known);
// It does not reach one of its neighbours.
[[nodiscard]] bool is_apart(own_state const& own, known_links const& known);
// The first member that is reached and has gone on to a newer epoch. Whoever hears the config service knows
// better.
[[nodiscard]] node_id const* overtaken_by(own_state const& own, known_links const& known);
// Whoever is missing is heard by the config service and not reached from here: others can go on.
[[nodiscard]] bool is_alone(own_state const& own, service const& now, known_links const& known);

// All but `cut_off`, which takes time.
[[nodiscard]] service judge_service(own_state const& own, known_links const& known);

}  // namespace chaind::chain
