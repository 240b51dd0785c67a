#pragma once
// Messages as one line of a printed trace.

#include "chain/types.hpp"

#include <string>

namespace chaind::sim
{

std::string describe(chain::message const& what);

}  // namespace chaind::sim
