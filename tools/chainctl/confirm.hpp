#pragma once
#include "chainctl/command.hpp"

#include <string>

namespace chaind::chainctl
{

// True when the administrator agrees: by --yes, or by typing `word` at the terminal. Not a terminal and no
// --yes: false, with the reason said.
bool confirmed(invocation const& call, std::string const& question, std::string const& word);

}  // namespace chaind::chainctl
