#pragma once
// How many files and connections this process may have open at once (RLIMIT_NOFILE).

#include <cstddef>

namespace chaind::runtime
{

// Raises the limit to what this process may raise it to, and says what it is then.
std::size_t most_open_files();

}  // namespace chaind::runtime
