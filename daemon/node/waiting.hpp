#pragma once
// A coroutine that waits for the driver: it sleeps on its timer until somebody fills in the outcome.

#include "runtime/within.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>

namespace chaind::node
{

template <class Outcome>
struct waiting
{
    explicit waiting(boost::asio::any_io_executor const& on)
        : wake(on, boost::asio::steady_timer::time_point::max())
    {
    }

    void finish(Outcome with)
    {
        if (outcome) return;
        outcome.emplace(std::move(with));
        wake.cancel();
    }

    boost::asio::steady_timer wake;
    std::optional<Outcome> outcome;
};

}  // namespace chaind::node
