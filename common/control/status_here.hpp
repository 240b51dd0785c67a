#pragma once
// What a replica shows of the cluster: the config service's word as long as that answers, and what it sees by
// itself where it does not. Pure.

#include "membership/cluster_status.hpp"
#include "membership/other_machine.hpp"

#include <string>
#include <vector>

namespace chaind::control
{

struct seen_here
{
    node_id node;  // this replica
    epoch at;
    std::string lineage;
    bool member = false;  // of an ACTIVE chain
    bool can_read = false;
    bool can_write = false;
    std::string why_not;             // for people, when one of them is false
    std::string what_helps;          // against that; empty: the config service does
    std::string refused;             // why the config service does not let this process in; empty: it does
    std::vector<node_id> unreached;  // other members of the chain, to which no link is up
    std::size_t replicas = 0;        // members of that chain
    seq committed;
    std::vector<other_machine> others{};
};

// `told`: its last word; as made by default, there is none.
[[nodiscard]] cluster_status status_here(cluster_status told, seen_here const& now);

}  // namespace chaind::control
