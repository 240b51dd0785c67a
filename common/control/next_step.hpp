#pragma once
// What people are told to do about a machine that should serve and does not, and about a registry by which
// nothing can be decided.

#include "control/status.hpp"

namespace chaind::control
{

[[nodiscard]] std::string next_step(status_input const& in, node_status const& node);
// Nothing: decisions are made.
[[nodiscard]] std::optional<registry_trouble> trouble_of_registry(status_input const& in);

}  // namespace chaind::control
