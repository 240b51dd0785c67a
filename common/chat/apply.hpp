#pragma once
// The chat state machine: one log entry in, the same result at every replica. No clock, no random numbers, no
// unordered iteration, no floating point, no locale; whatever the bytes of a command are, the result is an
// outcome and never an exception (but for those that `state` throws).

#include "chat/command.hpp"
#include "chat/event.hpp"
#include "chat/outcome.hpp"
#include "chat/state.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chaind::chat
{

struct entry_context
{
    seq pos;
    std::int64_t ts_us = 0;  // of the entry; rises with pos
    request_id request;      // passed through to `applied`
};

struct applied
{
    seq pos;             // of this entry
    request_id request;  // of this entry: whose gateway answers
    user_id uid;         // who asked; 0: the daemon, or account.create
    outcome result;
    bool dup = false;               // `result` was stored when (uid, cid) was first applied
    std::int64_t at_ms = 0;         // the state's time then
    std::int64_t forgotten_ms = 0;  // no key of an earlier time is carried out any more
    seq effect_pos;  // where it took effect: `pos` of the client's answer. Equal to `pos` unless dup.

    std::vector<event> events;              // 0 or 1 for each recipient; all have `pos`
    std::vector<token_hash> revoked;        // sessions that ended: their sockets are closed with 4502
    std::optional<std::string> checkpoint;  // take the state digest right here

    friend bool operator==(applied const&, applied const&) = default;
};

[[nodiscard]] applied apply(state& on, command const& what, entry_context const& at);

}  // namespace chaind::chat
