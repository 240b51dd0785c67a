#pragma once
// chaind --join: the first contact alone, before anything is started.

#include "chaind/chaind_settings.hpp"

namespace chaind::program
{

// The exit code: exit_ok when the store belongs to the config service's cluster (also when it did before),
// exit_refused and exit_unavailable with the reason on stderr. Throws runtime::config_error for a token file
// that is no good.
int join(chaind_settings const& how);

}  // namespace chaind::program
