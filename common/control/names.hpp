#pragma once
// Lists of names and of members, by name.

#include "membership/config.hpp"

#include <algorithm>
#include <vector>

namespace chaind::control
{

inline bool has_name(std::vector<member> const& chain, node_id const& name)
{
    return std::any_of(chain.begin(), chain.end(), [&](member const& m) { return m.name == name; });
}

inline bool has_name(std::vector<node_id> const& list, node_id const& name)
{
    return std::find(list.begin(), list.end(), name) != list.end();
}

inline void add_name(std::vector<node_id>& list, node_id const& name)
{
    if (!has_name(list, name)) list.push_back(name);
}

}  // namespace chaind::control
