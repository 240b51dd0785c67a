#pragma once
// A replica with a new disk does not know which cluster it belongs to: it asks the config service, once.

#include "base/id.hpp"
#include "membership/config.hpp"
#include "runtime/task_group.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace chaind::program
{

// Waits as long as it takes; nothing when it was cancelled.
boost::asio::awaitable<std::optional<cluster_id>> learn_cluster(
    boost::asio::ip::tcp::endpoint configd, member self
);

}  // namespace chaind::program
