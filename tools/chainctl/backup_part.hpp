#pragma once
// A backup that is being made has a name of its own, in which stands whose it is: FILE.part-KERNEL-PID. A
// process that is killed cannot take its part away; the next one that makes a backup in that folder does.

#include <filesystem>
#include <string>

#include <sys/types.h>

namespace chaind::chainctl
{

// `kernel` as in process_place, of the process that makes it.
[[nodiscard]] std::string part_of(std::string const& file, std::string const& kernel, pid_t pid);

// Says which.
void remove_dead_parts(std::filesystem::path const& folder);

}  // namespace chaind::chainctl
