#pragma once
// The only place where the daemons read clocks.

#include "base/time.hpp"

namespace chaind::runtime
{

// CLOCK_BOOTTIME: goes on while the machine sleeps, so that a lease cannot outlive a suspend.
instant steady_now();

// Both clocks, as a core's step() wants them.
now_t now();

}  // namespace chaind::runtime
