#pragma once
// The database file before SQLite sees it: its folder, its mode, its lock.

#include "base/errc.hpp"
#include "store/process_lock.hpp"

#include <string>

namespace chaind::store
{

// Makes the folder (0700) and the empty file (0600) where they are missing, durably, and takes the lock
// `path` + ".lock". Errors: locked, disk_failed; `why` becomes a sentence.
result<process_lock> prepare_file(std::string const& path, std::string& why);

}  // namespace chaind::store
