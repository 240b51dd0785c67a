#pragma once

struct passwd;

namespace chaind::chainctl
{

// The calling process goes on as that user, in that user's groups alone: none of the caller's stays. False:
// the system refuses, and the process must not go on.
[[nodiscard]] bool become(passwd const& user);

}  // namespace chaind::chainctl
