#pragma once
#include <atomic>

namespace chaind::chainctl
{

// From the first call on, Ctrl-C sets this flag instead of ending the process; system calls that wait return.
std::atomic<bool> const& interrupts();

}  // namespace chaind::chainctl
