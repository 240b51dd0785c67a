#pragma once
// The loop of a daemon's thread.

#include <boost/asio/io_context.hpp>

namespace chaind::runtime
{

// io_context::run(), but a fault in a library (base/library_fault.hpp) ends only the operation in which it
// showed: it is logged, the coroutine that waited for it is destroyed, and the loop goes on. Other exceptions
// pass.
void run_loop(boost::asio::io_context& on);

}  // namespace chaind::runtime
