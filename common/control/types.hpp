#pragma once
// The config service core's vocabulary: what it stores, events in, effects out. docs/protocol.md 4, 6, 7, 8.

#include "base/time.hpp"
#include "membership/config.hpp"
#include "membership/messages.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace chaind::control
{

// Words by which the registry is older than the replicas: nothing is decided while there are any. Whoever
// said them may be the only one that knows, and may die.
struct older_claim
{
    member by;
    epoch promised;                    // by it: a forced epoch must be above
    std::string lacks;                 // for people
    std::set<store_id> stores_before;  // of that name, before it was said

    friend bool operator==(older_claim const&, older_claim const&) = default;
};

// A member is to be the head or the tail: whoever is in its way leaves and comes back as the tail.
struct place_change
{
    node_id who;                   // to be the tail, it leaves itself
    std::vector<node_id> leaving;  // one after the other, the next one first; never empty in a record
    std::size_t members = 0;       // of the chain when people asked

    friend bool operator==(place_change const&, place_change const&) = default;
};

// The old one goes when the other one is a member.
struct replacement
{
    node_id old;
    node_id with;
    std::size_t members = 0;  // of the chain when people asked

    friend bool operator==(replacement const&, replacement const&) = default;
};

// What the registry holds, as one record: replaced whole, by compare-and-set on `revision`.
struct record
{
    std::uint64_t revision = 0;    // 0: nothing stored yet
    chain_config current;          // newest, PENDING or ACTIVE
    chain_config last_active;      // members of this one hold every acknowledged write
    epoch watermark_epoch;         // the newest epoch in which a commit was reported, ...
    seq watermark;                 // ... and the highest commit reported: no cold start ends below it
    std::vector<node_id> known;    // may be members; others are refused
    std::vector<node_id> removed;  // taken out by the administrator: not taken back by themselves
    std::size_t want = 0;          // how many members the chain should have
    std::vector<node_id> drained;  // out of the chain for now (drain), back by undrain
    std::optional<place_change> moving;
    std::optional<replacement> replacing;
    std::vector<std::pair<epoch, config_id>> given{};  // before `current`, the newest last; not all of them
    std::map<node_id, older_claim> claims{};

    friend bool operator==(record const&, record const&) = default;
};

// ---- events
// -------------------------------------------------------------------------------------------------------
struct tick
{
    std::int64_t wall_us = 0;  // the config service's own wall clock; 0: not known
};  // at least every 10 ms
struct heard
{
    chaind::heartbeat heartbeat;
};
struct connected
{
    member from;
    std::string kernel;
};  // that process has a control connection; where it runs, as it says (base/process_place.hpp)
struct connection_lost
{
    member from;
};  // that process's control connection ended by reset or close
struct probed
{
    member who;
    bool gone = false;
};  // answer to effects::probes; gone: our kernel, which runs that very process, has seen its end
struct stored
{
    std::uint64_t revision = 0;
};  // the registry has this record durably
struct drained_clients
{
    node_id who;
};  // the node that is being drained has none any more

// What people ask for; each is answered by one admin_reply, and may be asked again at any time.
struct remove_node
{
    std::uint64_t request = 0;
    node_id who;
};  // out for good: until it is added
struct add_node
{
    std::uint64_t request = 0;
    node_id who;
};  // makes a name known, or takes a removed one back; lengthens the chain
struct drain_node
{
    std::uint64_t request = 0;
    node_id who;
};  // out for now; its clients leave first
struct undrain_node
{
    std::uint64_t request = 0;
    node_id who;
};
struct move_node
{
    std::uint64_t request = 0;
    node_id who;
    bool to_head = false;  // else to the tail
};  // done: stored; it happens while clients write
struct replace_node
{
    std::uint64_t request = 0;
    node_id who;
    std::optional<node_id> with;  // else the first spare
};  // done: stored; `who` goes when the other one is a member
struct set_want
{
    std::uint64_t request = 0;
    std::size_t members = 0;
};
struct force_epoch
{
    std::uint64_t request = 0;
    node_id who;
};  // a chain of that node alone, whatever others may hold: acknowledged writes may be lost
struct withdrawn
{
    std::uint64_t request = 0;
};  // whoever asked was told that nothing is decided yet: what has not begun does not begin any more

using event = std::variant<
    tick,
    heard,
    connected,
    connection_lost,
    probed,
    stored,
    drained_clients,
    remove_node,
    add_node,
    drain_node,
    undrain_node,
    move_node,
    replace_node,
    set_want,
    force_epoch,
    withdrawn>;

// ---- effects
// ------------------------------------------------------------------------------------------------------
struct outgoing
{
    member to;
    chaind::directive directive;
};
enum class admin_verdict : std::uint8_t
{
    done,          // stored; where a member has to go for it, the chain without it is ACTIVE
    already,       // done, and nothing had to change
    no_such_node,  // not known
    removed,       // by an administrator; only adding it brings it back
    last_replica,  // no other member is there: it stays
    not_now,       // another change is under way; the current epoch tells
    others_left,   // since it was asked: it stays, and may be asked for again
    no_spare,      // nobody is there to take its place
    not_a_member,  // of the chain, and has to be one for this
    is_a_member,   // of the chain, and may not be one for this
    not_alive,     // and has to be for this
    not_needed,    // the chain can go on by itself
    bad_number,
    wrong_clock,   // its clock is: it becomes no head
    old_registry,  // replicas have promised what the registry does not know: nothing is decided
};
struct admin_reply
{
    std::uint64_t request = 0;
    admin_verdict verdict = admin_verdict::done;
    epoch current;
    std::optional<node_id> with;  // of a replacement: who comes
    // not_now for a reconfiguration alone: nobody else's request is in the way, and soon nothing is.
    bool passing = false;
    bool nobody_heard = false;  // not_now, and no member of the chain is there to make any change
};
// One line of `chainctl events`: a fact for people, read as "WHO WHAT: WHY" ("n1 removed: no heartbeat for
// 250 ms"), or "WHAT: WHY" without a WHO.
struct notice
{
    std::string what;  // constant: "removed", "pending", "active", "learner", "cold_start", "refused", ...
    epoch at;
    node_id who;  // or empty
    std::string why;
    // No decision: what a stranger or one machine says makes it happen, as often as it is said.
    bool repeatable = false;
};

// Its control connection ends: what came on it cannot be true.
struct hang_up
{
    member on;
    std::string why;  // told to it, for its log
};

struct effects
{
    std::optional<record> persist;  // answered by `stored`; at most one is outstanding
    bool new_lineage = false;       // with `persist`: another history begins, clients must not resume
    std::vector<outgoing> directives;
    std::vector<hang_up> hang_ups;
    std::vector<member> probes;  // processes of our kernel: have they ended?
    std::vector<admin_reply> replies;
    std::vector<notice> notices;
};

struct settings
{
    std::vector<node_id>
        bootstrap;       // members of the first configuration, head first; used once, on an empty registry
    std::string kernel;  // that runs this config service; empty: not known
    boot_id run;         // random, of this run: what makes configurations' ids differ
    microseconds silence = 250ms;      // without a heartbeat: failed
    microseconds silence_max = 1s;     // at most, on a host that is late
    microseconds lease = lease_span;   // granted with each answer
    int lease_margin_percent = 5;      // clocks may run at rates within 2.4 % of each other
    microseconds promise_wait = 60ms;  // then a PENDING configuration is computed again
    microseconds cold_wait = 10s;      // for all members of the last ACTIVE configuration after a power loss
    microseconds vouch_wait = 2s;      // a silent node whose neighbours still hear it
    // After our own start, or isolation, for a member that has not come back and that no other one misses: a
    // dial that hangs is given up after 2 s.
    microseconds return_wait = 3s;
    microseconds splice_stall = 300ms;  // a PENDING with a joiner that does not complete
    microseconds deaf_wait = 1s;        // a member that is heard but does not promise: what we say is lost
    microseconds learner_stall = 3s;    // a learner that its source does not name: the next one's turn
    microseconds trouble_wait = 2s;     // a learner or its source that cannot go on: the next one's turn
    microseconds drain_wait = 3s;       // for the clients of a node that is drained to leave
    microseconds watermark_every = 1s;  // at most so often is a grown watermark stored on its own
    microseconds splice_lag_time = 20ms;
    microseconds own_pause = 50ms;  // a step later than this: its own pause, no verdicts in that round
    microseconds room_wait =
        500ms;                     // a member whose disk is low, before it leaves: the others may be low, too
    microseconds flap_first = 1s;  // before a node that just left is taken back; doubles to flap_last
    microseconds flap_last = 60s;
    microseconds clock_tolerance = 5min;  // more than this away from the others', a wall clock is wrong
};

}  // namespace chaind::control
