#pragma once
// What a command comes to: an answer or a refusal, in the words of docs/client_api.md 1.10. Decided once, by
// `apply`, equal at every replica, and kept so that the same (uid, cid) gets the same again.

#include "chat/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace chaind::chat
{

// The error codes that clients see, all of them; gateways use the same list. Numbers are stored: never reuse
// one.
enum class api_errc : std::uint8_t
{
    bad_request = 1,
    too_large = 2,
    unsupported_version = 3,
    unauthenticated = 4,
    token_expired = 5,
    forbidden = 6,
    not_found = 7,
    conflict = 8,
    precondition_failed = 9,
    cid_mismatch = 10,
    rate_limited = 11,
    too_many_inflight = 12,
    quota_exceeded = 13,
    read_only = 14,
    unavailable = 15,
    timeout = 16,
    internal = 17,
};
enum class retry : std::uint8_t
{
    never,
    same_cid,
    after_fix,
    reauth,
};

std::string_view name_of(api_errc code);  // "bad_request"
std::string_view name_of(retry how);      // "after_fix"
retry retry_of(api_errc code);
bool is_api_errc(std::uint32_t number);  // for decoders

struct failure
{
    api_errc code = api_errc::internal;
    std::string message;  // a sentence for people; never a secret
    std::string field;    // the culprit, or empty
    // It is not known whether the same key has taken effect before. Never of a result that is kept.
    bool maybe_done = false;

    friend bool operator==(failure const&, failure const&) = default;
};

struct done  // read, conv.leave of nothing, session ops, checkpoint, probe
{
    friend bool operator==(done const&, done const&) = default;
};
struct account_created
{
    user_id uid;
    friend bool operator==(account_created const&, account_created const&) = default;
};
struct session_created
{
    session_id id;
    friend bool operator==(session_created const&, session_created const&) = default;
};
struct message_sent
{
    message_id mid;
    std::uint64_t at_seq = 0;
    std::uint64_t rev = 0;
    std::int64_t at_ms = 0;
    friend bool operator==(message_sent const&, message_sent const&) = default;
};
struct changed  // msg.edit, msg.delete, conv.join, conv.leave, conv.archive
{
    std::uint64_t rev = 0;
    friend bool operator==(changed const&, changed const&) = default;
};
struct conv_made  // conv.create; for a dm that existed: the same conversation
{
    conv_id conv;
    bool room = false;
    std::string name;  // of a room; of a dm: the other's name
    bool priv = true;
    std::string topic;
    user_id peer;  // of a dm: the other
    std::uint64_t last_seq = 0;
    std::uint64_t rev = 0;
    friend bool operator==(conv_made const&, conv_made const&) = default;
};

using outcome =
    std::variant<failure, done, account_created, session_created, message_sent, changed, conv_made>;

}  // namespace chaind::chat
