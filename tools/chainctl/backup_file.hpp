#pragma once
// What the backup commands share.

#include "chainctl/command.hpp"
#include "store/snapshot_file.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace chaind::chainctl
{

// The manifest as `chainctl backup … -o json` prints it.
boost::json::object manifest_json(std::string const& file, store::snapshot_manifest const& what);
// "12,345 messages of 12 accounts at position 23,456, 81 MiB"
std::string manifest_text(store::snapshot_manifest const& what);

// Progress on stderr and the end by Ctrl-C for work on a whole database.
store::long_work watched(format as, std::string phase);

// The exit status for a failure of the store layer; the reason is said, with the name of the file once.
int store_failed(std::string const& what, error_code why, std::string const& sentence);

// exit_done when it is a file that this user may read; else the status to end with, and the reason is said.
int readable(std::string const& file, std::string const& if_missing);
int readable(std::string const& backup);

}  // namespace chaind::chainctl
