#pragma once
// A replica with a new disk does not know which cluster it belongs to: it asks the config service, once,
// and shows its join token if it was given one.

#include "base/id.hpp"
#include "wire/peer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace chaind::program
{

struct first_contact
{
    std::optional<cluster_id> cluster;  // let in
    bool refused = false;               // the config service says no
    bool perhaps_heard = false;         // it may have got the greeting, and did not answer
    std::string why;                    // when not let in: a sentence
};

// Tries again as long as nobody answers, until `patience` has passed.
boost::asio::awaitable<first_contact> meet_config_service(
    boost::asio::ip::tcp::endpoint configd,
    wire::peer::hello what,
    std::chrono::steady_clock::duration patience
);

// What a replica says there. `token` may be empty; so may `cluster`, of a new disk.
wire::peer::hello greeting_of(member const& self, cluster_id cluster, std::string token);

}  // namespace chaind::program
