#pragma once
// The planted mistakes: which rule is broken, alone or with the one that would hide it, and in which profile
// the simulation must notice. The seed that noticed first is remembered in mistakes.txt, so that the proof is
// quick.

#include "base/rules.hpp"
#include "chain/types.hpp"

#include <boost/describe/enum.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::sim
{

// What the simulated store and the plain application keep, as the daemon's do; named as in base/rules.hpp.
BOOST_DEFINE_FIXED_ENUM_CLASS(
    store_rule,
    std::uint8_t,
    none,
    snapshot_digest_is_checked,      // by whoever takes a snapshot in
    snapshot_covers_only_committed,  // by whoever makes one
    identity_is_not_inherited,       // a store made from a snapshot has an identity of its own
    a_snapshot_keeps_the_dedupe_table,
    a_snapshot_keeps_the_counters,
    a_snapshot_ends_at_its_mark,  // no log row above the state that it holds
    a_part_is_hashed_again,       // what an earlier try left may be torn
    an_installation_is_whole,     // the old store or the new one
    a_start_writes_again          // what a failed fsync left in memory is not on the disk
)

// One rule is broken: of the cores, perhaps with one that would hide it, or of the store.
struct broken_rules
{
    rule_id core = rule_id::none;
    rule_id also = rule_id::none;
    store_rule store = store_rule::none;
};

// By the names of the enumerators; `also` empty: none. Throws std::invalid_argument.
broken_rules rules_by_name(std::string_view broken, std::string_view also);
std::string name(broken_rules const& what);  // "ONE" or "ONE + OTHER"
std::vector<std::string_view> rule_names();  // of the cores and the store

struct mistake
{
    broken_rules rules;
    std::string profile;
    chain::forwarding policy = chain::forwarding::persist_first;
    std::uint64_t seed = 0;  // noticed here when it was last searched for
};

std::vector<mistake> read_mistakes(std::string const& path);

}  // namespace chaind::sim
