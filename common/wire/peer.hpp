#pragma once
// The frames between daemons, as values, and their encoding (peer.proto). Decoding trusts nothing: a frame
// that is malformed, or carries an id, name, enum value or list of impossible shape, is errc::bad_frame.

#include "base/errc.hpp"
#include "base/process_place.hpp"
#include "chain/types.hpp"
#include "chat/ids.hpp"
#include "membership/messages.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace chaind::wire::peer
{

inline constexpr std::uint32_t protocol_min = 1;
inline constexpr std::uint32_t protocol_max = 3;
inline constexpr std::uint32_t typing_since = 2;
inline constexpr std::uint32_t here_since = 3;

enum class purpose : std::uint8_t
{
    chain = 1,    // replica to replica
    control = 2,  // replica to config service
    // Answered by a welcome, then closed. Config service to replica: who is there? Replica that cannot start,
    // to config service: does the chain go on without my database?
    identify = 3,
};

// First on every connection.
struct hello
{
    std::uint32_t protocol_min = peer::protocol_min;
    std::uint32_t protocol_max = peer::protocol_max;
    cluster_id cluster;  // empty: belongs to none yet
    member from;         // without a name, to identify: the config service
    purpose what_for = purpose::chain;
    std::string token{};    // join token, of a node that belongs to no cluster yet
    process_place place{};  // of who speaks to the config service
    // Of a replica that cannot start: why, and what people may do about it.
    std::string trouble{};
    std::string advice{};
};
// The answer to a hello that is accepted.
struct welcome
{
    std::uint32_t protocol = 0;
    cluster_id cluster;
    member from;  // without a name: the config service
    // The config service to a replica that cannot start: the ACTIVE chain lives, and nothing that it ever
    // acknowledged depends on a database of that name.
    bool goes_on_without = false;
};
// The answer to one that is not; the connection then closes.
struct refused
{
    std::string reason;
};

// Config service -> replica.
struct instruction
{
    directive what;
    std::map<node_id, std::string> addresses;  // where each replica listens for others, "host:port"
    std::string status_json;                   // form of `chainctl status -o json`; empty: as before
    std::string lineage;
};
struct verify  // to one member: submit a checkpoint command with this id
{
    std::uint64_t id = 0;
};
struct prove  // to a replica: read all rows again, and say in heartbeats how it goes; 0: no more
{
    std::uint64_t id = 0;
};
struct abort_process  // a drill: die now, as by kill -9
{
};

// Replica to replica: somebody writes in a conversation, at a client of the sender. Hearsay: it is in no log,
// and lost where a link is down or slow.
struct typing
{
    chat::conv_id conv;
    chat::user_id who;
    bool on = false;
};

// Replica to replica: the sender is there, also where it has nothing else to say, and whether it hears the
// other one. Each direction has a link of its own, and who speaks cannot see where its words end.
struct here
{
    bool hears = false;
    bool apart = false;         // it does not reach a neighbour in the chain, both ways: nothing is committed
    epoch at = {};              // the newest that it is in
    bool hears_config = false;  // and `can_write`: the other one may send its clients here
    bool can_read = false;      // what it serves its own clients now; for people at the other one
    bool can_write = false;     // of the head: whether others take writes
};

using frame = std::variant<
    hello,
    welcome,
    refused,
    chain::message,
    heartbeat,
    instruction,
    verify,
    prove,
    abort_process,
    typing,
    here>;

[[nodiscard]] std::string encode(frame const& what);
// Without a copy of the message into a frame first.
[[nodiscard]] std::string encode(chain::message const& what);
[[nodiscard]] result<frame> decode(std::string_view bytes);

// The protocol version that both sides speak; nothing when there is none.
[[nodiscard]] std::optional<std::uint32_t> agree(std::uint32_t their_min, std::uint32_t their_max);

}  // namespace chaind::wire::peer
