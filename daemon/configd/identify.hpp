#pragma once
// Who listens at an address? Asked before a node is added, so that a wrong address is an answer and not a
// node that never comes.

#include "base/id.hpp"
#include "membership/config.hpp"
#include "runtime/task_group.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace chaind::configd
{

struct identified
{
    std::string problem;  // for people; empty: `who` answered
    member who;
    cluster_id cluster;  // empty: it belongs to none yet

    explicit identified(std::string why) : problem(std::move(why)) {}
    identified(member m, cluster_id c) : who(std::move(m)), cluster(c) {}
};

// Takes at most 2 s.
boost::asio::awaitable<identified> identify(
    runtime::task_group& tasks, boost::asio::ip::tcp::endpoint at, cluster_id own
);

}  // namespace chaind::configd
