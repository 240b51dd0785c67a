#pragma once
// Work that blocks for seconds, while the loop goes on: signals are heard and the watchdog is fed.

#include <boost/asio/awaitable.hpp>

#include <functional>

namespace chaind::program
{

// Runs `what` on a thread of its own and resumes when it has returned. It may not throw. Not to be cancelled.
boost::asio::awaitable<void> beside_the_loop(std::function<void()> what);

}  // namespace chaind::program
