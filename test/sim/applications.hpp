#pragma once
// The applications a simulation can run, by name.

#include "sim/app.hpp"

#include <string_view>

namespace chaind::sim
{

// "plain", "chat" or "sqlite". Throws std::invalid_argument for an unknown name.
app_kind application(std::string_view name);

}  // namespace chaind::sim
