#pragma once
// A deadline for any awaitable: asio::cancel_after does not exist in Boost 1.81.

#include "base/errc.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace chaind::runtime
{

// Sleeps; returns early, without an exception, when cancelled by `timer.cancel()`.
inline boost::asio::awaitable<void> wait_on(boost::asio::steady_timer& timer)
{
    boost::system::error_code woken;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
}

namespace detail
{

template <class T>
struct race
{
    explicit race(boost::asio::any_io_executor const& on) : wake(on) {}

    boost::asio::steady_timer wake;
    boost::asio::cancellation_signal cancel;
    std::optional<result<T>> outcome;
    std::exception_ptr thrown;
    bool ended = false;
};

// Ends the race when the operation has ended, or was destroyed where it waited.
template <class T>
class race_end
{
public:
    explicit race_end(std::shared_ptr<race<T>> of) : of_(std::move(of)) {}
    race_end(race_end&&) noexcept = default;
    race_end& operator=(race_end&&) = delete;
    ~race_end()
    {
        if (of_) (*this)(nullptr);
    }

    void operator()(std::exception_ptr thrown)
    {
        auto const over = std::exchange(of_, nullptr);
        over->thrown = std::move(thrown);
        over->ended = true;
        over->wake.cancel();
    }

private:
    std::shared_ptr<race<T>> of_;
};

template <class T>
boost::asio::awaitable<void> run_into(std::shared_ptr<race<T>> to, boost::asio::awaitable<result<T>> op)
{
    to->outcome.emplace(co_await std::move(op));
}

}  // namespace detail

// The outcome of `op`, or errc::timed_out after `limit` (or when the caller is cancelled); `op` has then been
// cancelled and has ended. Not for a websocket read: Beast 1.81 cannot go on after a cancelled one.
//
// Not made of Asio's operator||: compiled by g++ 12 that crashed when one side ended at once.
template <class T>
boost::asio::awaitable<result<T>> within(
    std::chrono::steady_clock::duration limit, boost::asio::awaitable<result<T>> op
)
{
    namespace asio = boost::asio;
    auto const on = co_await asio::this_coro::executor;
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto const race = std::make_shared<detail::race<T>>(on);
    race->wake.expires_after(limit);
    detail::race_end<T> on_end(race);
    asio::co_spawn(
        on,
        detail::run_into(race, std::move(op)),
        asio::bind_cancellation_slot(race->cancel.slot(), std::move(on_end))
    );
    co_await wait_on(race->wake);
    bool const late = !race->ended;
    while (!race->ended)
    {
        race->wake.expires_at(asio::steady_timer::time_point::max());
        race->cancel.emit(asio::cancellation_type::terminal);
        co_await wait_on(race->wake);
    }
    // Boost 1.81 passes a cancellation on by a posted function that points into the signal.
    if (late) asio::post(on, [race] {});
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (late) co_return make_error_code(errc::timed_out);
    if (race->thrown) std::rethrow_exception(race->thrown);
    if (!race->outcome) co_return make_error_code(errc::stopped);
    co_return std::move(*race->outcome);
}

}  // namespace chaind::runtime
