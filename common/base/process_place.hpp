#pragma once
// Where a process runs, as it says itself.

#include <cstdint>
#include <string>

namespace chaind
{

struct process_place
{
    // Boot of a kernel and namespace of process numbers: two processes with the same one can tell of each
    // other whether they have ended (runtime/this_process.hpp). Empty: not known.
    std::string kernel;
    std::uint64_t pid = 0;      // in that namespace
    std::uint64_t started = 0;  // clock ticks since that kernel's boot

    friend bool operator==(process_place const&, process_place const&) = default;
};

}  // namespace chaind
