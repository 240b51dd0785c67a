#pragma once
// What passes between the replica's loop and its gateway's.

#include "chain/types.hpp"
#include "gateway/backend.hpp"
#include "membership/node_facts.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace chaind::node
{

// Shared and never changed: both threads look at it.
using applied_batch = std::shared_ptr<std::vector<chat::applied> const>;
using shared_status = std::shared_ptr<cluster_status const>;  // null: as it was

// ---- to the replica
struct submit_this
{
    request_id as;
    std::shared_ptr<std::string const> command;  // encoded
    bool frees_room = false;
};
struct forget_command  // its client has been told `timeout`
{
    request_id which;
};
struct read_this  // linearizable
{
    chain::read_token as = 0;
    std::function<void(store::chat_reader&)> query;
};
struct read_this_from  // once `min_pos` is visible
{
    chain::read_token as = 0;
    seq min_pos;
    std::function<void(store::chat_reader&)> query;
};
struct forget_read  // unless its query runs already
{
    chain::read_token which = 0;
};
struct gateway_facts
{
    client_facts front;
    std::optional<set_aside_store> set_aside;

    friend bool operator==(gateway_facts const&, gateway_facts const&) = default;
};
using to_chain = std::variant<
    submit_this,
    forget_command,
    read_this,
    read_this_from,
    forget_read,
    gateway_facts,
    gateway::typing_note>;

// ---- to the gateway
struct decided
{
    request_id which;
    chat::applied how;  // without its events
};
struct not_decided
{
    request_id which;
    gateway::undecided why;
};
struct has_read
{
    chain::read_token which = 0;
    error_code outcome;
};
struct was_applied
{
    applied_batch what;
    std::size_t bytes = 0;
};
struct were_missed  // applied entries that had to make room
{
    seq upto;
    std::vector<chat::token_hash> revoked;
};
struct progress
{
    seq applied;
    seq committed;
};
struct looks
{
    gateway::chain_view view;  // without status
    shared_status status;
};
using to_gateway = std::
    variant<decided, not_decided, has_read, was_applied, were_missed, progress, looks, gateway::typing_note>;

// Of a gateway that is late nobody expects more.
inline constexpr std::size_t letters_before_hearsay_is_lost = 1024;

// About what it costs to keep.
[[nodiscard]] std::size_t bytes_of(std::vector<chat::applied> const& what);

// Puts `next` behind the letters that wait. Of the batches that nobody has looked at, together `bytes`, all
// are made one `were_missed`, at the place of the first, when they become more than `bytes_max`: before any
// answer to a read that may have seen some of it. Of neighbouring `progress` and `looks` the last one stays.
// Where many letters wait, notes of who types are dropped.
void put_in_order(
    std::vector<to_gateway>& waiting, to_gateway next, std::size_t& bytes, std::size_t bytes_max
);

}  // namespace chaind::node
