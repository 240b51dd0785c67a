#pragma once
// What a chain is left with while somebody leaves it.

#include "chainctl/command.hpp"

#include <boost/json/array.hpp>

#include <string>
#include <vector>

namespace chaind::chainctl
{

// A row of nodes: it is a member.
bool is_of_the_chain(boost::json::object const& node);

// Where one machine alone would hold every message without one of those, which leave one after the other,
// that is said, and true only when the administrator agrees. Of the last one the config service says what it
// is.
bool may_leave(
    invocation const& call,
    boost::json::array const& nodes,
    std::vector<std::string> const& leaving,
    std::string const& question,
    std::string const& word
);

}  // namespace chaind::chainctl
