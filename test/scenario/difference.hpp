#pragma once
// Two tellings of a story, line by line, for people: what is missing and what is new, with some of what
// stands around it.

#include <string>

namespace chaind::scenario
{

// Lines of `before` that are gone begin with '-', new ones with '+', "@@ N below COMMAND" says where in
// `before`; nothing when both are the same.
std::string difference(std::string const& before, std::string const& now);

}  // namespace chaind::scenario
