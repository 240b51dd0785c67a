#pragma once
#include "chainctl/command.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace chaind::chainctl
{

// True when the administrator agrees: by --yes, by typing `word` at the terminal, or because nothing is done
// (--dry-run). Not a terminal and no --yes: false, with the reason said.
bool confirmed(invocation const& call, std::string const& question, std::string const& word);

// False, with the reason said, for what cannot be a machine's name.
bool name_is_good(std::string const& name);

// Whether the config service says that what was asked for was so before.
bool was_so_already(boost::json::object const& answer);

// What a change answers to machines, whichever it is, from what the config service says of it.
boost::json::object change_json(invocation const& call, boost::json::object const& answer);

// The end of a --dry-run that the config service does not refuse, which it judges by the code that makes the
// change: its answer for machines, "would …" for people.
int would(invocation const& call, boost::json::object const& judged, std::string const& line);
// The end of a change that the config service has made: its answer for machines, the line for people.
int changed(invocation const& call, boost::json::object const& answer, std::string const& line);
// The end of another command that did what it was asked: the object for machines, the line for people.
int done(invocation const& call, boost::json::object what, std::string const& line);

}  // namespace chaind::chainctl
