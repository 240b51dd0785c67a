#pragma once
// Our values to and from the generated classes: put() fills a message, get() checks and takes one over
// (false: malformed). Only the codec includes this.

#include "chain/types.hpp"
#include "membership/messages.hpp"
#include "wire/peer.pb.h"

#include <string>

namespace chaind::wire::peer
{

template <class Tag>
void put(id128<Tag> const& from, std::string& to)
{
    to.assign(from.view());
}
template <class Tag>
[[nodiscard]] bool get(std::string const& from, id128<Tag>& to)
{
    auto const id = id128<Tag>::from_bytes(from);
    if (id) to = *id;
    return id.has_value();
}

// What is beyond our words is the least that we know.
[[nodiscard]] inline room room_of(std::uint32_t from)
{
    return from > static_cast<std::uint32_t>(room::none) ? room::none : static_cast<room>(from);
}

void put(member const& from, pb::Member& to);
[[nodiscard]] bool get(pb::Member const& from, member& to);

void put(log_point const& from, pb::LogPoint& to);
[[nodiscard]] bool get(pb::LogPoint const& from, log_point& to);

void put(heartbeat const& from, pb::Heartbeat& to);
[[nodiscard]] bool get(pb::Heartbeat const& from, heartbeat& to);

void put(directive const& from, pb::Directive& to);
[[nodiscard]] bool get(pb::Directive const& from, directive& to);

void put(chain::message const& from, pb::Frame& to);
[[nodiscard]] bool get(pb::Frame const& from, chain::message& to);

}  // namespace chaind::wire::peer
