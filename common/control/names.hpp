#pragma once
// Lists of names and of members, by name.

#include "control/types.hpp"
#include "membership/messages.hpp"

#include <algorithm>
#include <string>
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

inline bool is_moved(record const& in, node_id const& name)
{
    return in.moving && has_name(in.moving->leaving, name);
}

// It is back, or need not leave any more.
inline void no_longer_moved(record& in, node_id const& name)
{
    if (!in.moving) return;
    std::erase(in.moving->leaving, name);
    if (in.moving->leaving.empty()) in.moving.reset();
}

// What people are told of a replica that its version stops.
inline std::string outdated_words(node_id const& name, heartbeat const& last)
{
    return "upgrade chaind on " + name.name.str() + ": " + last.trouble;
}

}  // namespace chaind::control
