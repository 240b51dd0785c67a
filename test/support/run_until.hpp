#pragma once
// Runs a loop on the test's own thread until what it waits for holds.

#include <boost/asio/io_context.hpp>

#include <chrono>

namespace chaind::test
{

// False when it did not hold within the limit.
template <class Condition>
bool run_until(boost::asio::io_context& loop, std::chrono::seconds limit, Condition const& holds)
{
    auto const end = std::chrono::steady_clock::now() + limit;
    while (!holds() && std::chrono::steady_clock::now() < end)
        loop.run_one_for(std::chrono::milliseconds(100));
    return holds();
}

}  // namespace chaind::test
