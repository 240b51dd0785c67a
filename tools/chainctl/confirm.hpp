#pragma once
#include "chainctl/command.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace chaind::chainctl
{

// True when the administrator agrees: by --yes, or by typing `word` at the terminal. Not a terminal and no
// --yes: false, with the reason said.
bool confirmed(invocation const& call, std::string const& question, std::string const& word);

// False, with the reason said, for what cannot be a machine's name.
bool name_is_good(std::string const& name);

// Whether the config service says that what was asked for was so before.
bool was_so_already(boost::json::object const& answer);

// --dry-run: the config service says whether it would refuse that change, by the code that makes it; then
// what it would do, "would …".
int would(
    invocation const& call, std::string const& target, boost::json::object body, std::string const& line
);
// The end of a command that did what it was asked: the object for machines, the line for people.
int done(invocation const& call, boost::json::object what, std::string const& line);

}  // namespace chaind::chainctl
