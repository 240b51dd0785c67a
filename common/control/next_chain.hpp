#pragma once
// The whole membership policy as two pure functions of the last ACTIVE chain and what is observed of its
// members: what follows a crash (docs/protocol.md 6, 8, 9) and what follows a power loss of all
// (docs/protocol.md 7). Idea: 3FS, mgmtd/service/updateChain.cc: a policy without state can be tested over
// every reachable state.

#include "membership/config.hpp"
#include "membership/messages.hpp"

#include <boost/container/flat_map.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace chaind::control
{

// One member of the last ACTIVE chain, in exactly that run of its process.
struct seen_member
{
    bool heard = false;    // in time, with the boot of the chain
    bool vouched = false;  // not heard, but its neighbours in the chain still hear it
    bool deaf = false;     // heard, but what we say does not reach it
    bool removed = false;  // by the administrator, for good or for now
};

struct observations
{
    boost::container::flat_map<node_id, seen_member> members;  // absent: nothing is known of it
    std::vector<std::pair<node_id, node_id>> dead_links;       // between members that we hear both
    std::vector<std::pair<node_id, node_id>> parted_lately;    // by which one of the two has left
    std::optional<member> joiner;                              // a learner that has all but the last entries
};

// The members of the next configuration, head first. Never empty, never a node that is neither a member nor
// the joiner, and survivors keep their order. The same members again: nothing has to change. When no member
// is heard there is no verdict, and nothing changes either.
std::vector<member> next_chain(std::vector<member> const& active, observations const& seen);

// A process that is there after a power loss, perhaps in a new run.
struct returned
{
    member who;
    log_point end;
};

struct cold_chain_result
{
    std::vector<member> members;  // longest log first; empty: nobody may start
    std::vector<member> refused;  // their logs end below a commit that was reported: their disks lied
};

// Members of the last ACTIVE chain, with the same store, that may start again after a power loss of all. Each
// of them holds every acknowledged write; the order keeps their logs prefixes of one another.
cold_chain_result cold_chain(
    std::vector<member> const& active, std::vector<returned> const& there, seq watermark
);

}  // namespace chaind::control
