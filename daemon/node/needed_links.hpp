#pragma once
// Without whom no write of a client of this replica is committed. A function of what is known, and no more.

#include "membership/config.hpp"

#include <functional>
#include <string>
#include <vector>

namespace chaind::node
{

struct known_links
{
    // A link to it carries in both directions.
    std::function<bool(member const&)> reached;
    // Lately, as the config service says; no: it is silent.
    std::function<bool(node_id const&)> heard_by_config;
    // It says that it does not reach a neighbour in the chain.
    std::function<bool(member const&)> apart;
};

// Names of members that are missing. The head takes the write, and the neighbours hand it on; beyond them the
// chain's links are others', so that a member whom the config service hears is not missed, unless it says
// itself that the chain ends at it.
[[nodiscard]] std::vector<std::string> missing_for_writes(
    chain_config const& chain, member const& self, known_links const& known
);
// It does not reach one of its neighbours.
[[nodiscard]] bool is_apart(chain_config const& chain, member const& self, known_links const& known);

}  // namespace chaind::node
