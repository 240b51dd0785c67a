#pragma once
// Which members of its chain a replica reaches, and what that takes away from it. It changes when the chain,
// a link or the config service's word does, which is seldom: after every other event it is still true.
// docs/protocol.md 4.4.

#include "chain/types.hpp"

#include <vector>

namespace chaind::chain
{

class known_links;

struct reach
{
    // Without them no write of a client here is committed. The head takes the write, and the neighbours hand
    // it on; beyond them the chain's links are others', so that a member whom the config service hears is not
    // missed, unless it says itself that the chain ends at it, or has gone on without this one.
    std::vector<node_id> missing;
    std::vector<node_id> unreached;  // no link to them carries in both directions
    // A member that is reached and has gone on to a newer epoch. Empty where the config service is heard,
    // which knows better.
    node_id overtaken_by;
    bool member = false;
    bool leads = false;         // it is the head
    bool apart = false;         // it does not reach one of its neighbours
    bool others_go_on = false;  // whoever is missing is heard by the config service and not reached from here
    epoch served_in;            // the newest in which a machine that hears the config service takes writes
    bool first_is_linked = false;  // the first of those that are missing is reached, and is apart itself
    bool head_refuses =
        false;  // it says that it takes no writes: its options decide, and it alone knows them
};

[[nodiscard]] reach judge_reach(
    chain_config const& chain, member const& self, known_links const& known, bool hears_config
);

}  // namespace chaind::chain
