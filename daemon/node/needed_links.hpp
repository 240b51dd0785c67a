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
    std::function<bool(member const&)> reached;  // a link to it carries in both directions
    std::function<bool(node_id const&)>
        heard_by_config;  // lately, as the config service says; no: it is silent
};

// Names of members that are missing. The head takes the write, and the neighbours hand it on; beyond them the
// chain's links are others', so that a member whom the config service hears is not missed.
[[nodiscard]] std::vector<std::string> missing_for_writes(
    chain_config const& chain, member const& self, known_links const& known
);

}  // namespace chaind::node
