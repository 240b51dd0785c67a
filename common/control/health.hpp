#pragma once
// The judgements of which a status is made: who serves, how each machine is, and what can be served. Of each,
// the first rule that holds decides.

#include "control/status.hpp"

namespace chaind::control
{

// Null: not known.
[[nodiscard]] node_status const* find(status_input const& in, node_id const& name);
// All empty of who was never heard.
[[nodiscard]] node_facts const& facts_of(status_input const& in, node_id const& name);
[[nodiscard]] bool is_listed(std::vector<node_id> const& in, node_id const& name);

// It is heard, in the very run that is the member.
[[nodiscard]] bool serves(status_input const& in, member const& m);
[[nodiscard]] member_state state_of(status_input const& in, member const& m);
[[nodiscard]] node_state state_of(status_input const& in, node_status const& node);
[[nodiscard]] health health_of(status_input const& in);

// min-replicas, as the head says, which refuses writes for that.
[[nodiscard]] std::uint64_t fewest_for_writes(status_input const& in);
// Machines of another cluster ask for this one, and no member of its own chain has spoken to it.
[[nodiscard]] bool registry_is_foreign(status_input const& in);
// The disk of the registry has not finished a write for long, or has no room for it.
[[nodiscard]] bool disk_stands_still(status_input const& in);
// Whose wall clock is wrong, and what to do. The chain goes on by what the others say.
[[nodiscard]] std::vector<machine_trouble> wrong_clocks(status_input const& in);
// Members that serve no writes because of links of their own, while others do.
[[nodiscard]] std::vector<machine_trouble> who_is_cut_off(status_input const& in);
// Who does not hear what the config service tells it: no chain can be made with it.
[[nodiscard]] std::vector<machine_trouble> who_is_unanswered(status_input const& in);
// Members whose writes take long, and with them everybody's: no failure, and nobody is taken out for it.
[[nodiscard]] std::vector<machine_trouble> slow_disks(status_input const& in);

}  // namespace chaind::control
