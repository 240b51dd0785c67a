#pragma once
// One greeting and its answer, without a link that stays: for whoever only wants to know who is there, or
// whether he may come in.

#include "base/errc.hpp"
#include "wire/peer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <variant>

namespace chaind::net
{

using greeting_answer = std::variant<wire::peer::welcome, wire::peer::refused>;

// Connects, says `what`, takes the answer, closes. An error: nobody is there (connection_refused), whoever is
// there does not speak our frames (bad_frame, frame_too_large, or the end of the connection), or it took
// longer than `limit` (timed_out).
boost::asio::awaitable<result<greeting_answer>> greet_once(
    boost::asio::ip::tcp::endpoint to, wire::peer::hello what, std::chrono::steady_clock::duration limit
);

}  // namespace chaind::net
