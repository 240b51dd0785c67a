#pragma once
// A deadline for any awaitable: asio::cancel_after does not exist in Boost 1.81.

#include "base/errc.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

namespace chaind::runtime
{

// Sleeps; returns early, without an exception, when cancelled by `timer.cancel()`.
inline boost::asio::awaitable<void> wait_on(boost::asio::steady_timer& timer)
{
    boost::system::error_code woken;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
}

// The outcome of `op`, or errc::timed_out after `limit`; `op` has then been cancelled and has ended.
// Not for a websocket read: Beast 1.81 cannot go on after a cancelled one.
template <class T>
boost::asio::awaitable<result<T>> within(
    std::chrono::steady_clock::duration limit, boost::asio::awaitable<result<T>> op
)
{
    using namespace boost::asio::experimental::awaitable_operators;
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, limit);
    auto race = (std::move(op) || wait_on(timer));
    auto outcome = co_await std::move(race);
    if (outcome.index() == 0) co_return std::get<0>(std::move(outcome));
    co_return make_error_code(errc::timed_out);
}

}  // namespace chaind::runtime
