#pragma once
// Why a replica does not serve all, as a sentence for people.

#include "chain/service.hpp"

#include <string>

namespace chaind::node
{

// `refused`: why the config service does not let this process in; empty: nothing like that. `answered`: whom
// that answers, as they say. Empty where all is served.
[[nodiscard]] std::string why_not(
    chain::service const& now, std::string const& refused, std::string const& answered = {}
);

// What helps, where that is no matter of the config service; else "".
[[nodiscard]] std::string what_helps(chain::service const& now);
// A way, or a member that stands still, that nobody else is named for.
[[nodiscard]] bool is_cut_off(chain::service const& now);

}  // namespace chaind::node
