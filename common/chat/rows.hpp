#pragma once
// The rows of the replicated chat state, as `apply` sees them. Every implementation of `state` keeps exactly
// these; tables.hpp describes each to what hashes and what stores it. Times are of the log entry, in ms since
// 1970 UTC.

#include "chat/ids.hpp"
#include "chat/outcome.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace chaind::chat
{

enum class role : std::uint8_t
{
    member = 0,
    owner = 1,  // the first account
};
enum class conv_kind : std::uint8_t
{
    dm = 0,
    room = 1,
};
enum class text_format : std::uint8_t
{
    md = 0,
    plain = 1,
};

struct user
{
    user_id id;
    std::string name;     // canonical (names.hpp), unique
    std::string display;  // as it was typed
    role as = role::member;
    std::string password_hash;       // argon2id string, made at a gateway
    std::uint64_t password_rev = 0;  // pos of its last change: what a login proved is compared with it
    std::int64_t created_ms = 0;
    std::uint64_t rooms = 0;  // rooms he is in now
    seq changed;              // pos of the last change that others see
    std::uint64_t made = 0;   // rooms that he has made, less those that were removed

    friend bool operator==(user const&, user const&) = default;
};

struct session
{
    token_hash token;
    session_id id;
    user_id uid;
    std::string label;  // what the client called itself
    std::int64_t created_ms = 0;
    std::int64_t used_ms = 0;  // when it was last said to be in use (session_touch); 0: never
    std::uint32_t place =
        0;  // where it was opened: a hash of 16 bits of the address, too short to tell; 0: not known

    friend bool operator==(session const&, session const&) = default;
};

struct conversation
{
    conv_id id;
    conv_kind kind = conv_kind::dm;
    std::string name;  // of a room, canonical; unique among public rooms. Empty for a dm.
    bool priv = true;
    std::string topic;
    user_id creator;
    user_id low, high;  // of a dm: its two people, low < high; else 0
    std::int64_t created_ms = 0;
    std::uint64_t last_seq = 0;  // messages so far, dense
    std::uint64_t rev = 0;       // message changes so far, dense: new, edit, delete
    std::uint64_t members = 0;   // now
    seq changed;                 // pos of the last change
    seq gone;                    // pos at which the room was removed; 0: it is there

    friend bool operator==(conversation const&, conversation const&) = default;
};

// Somebody who is in a conversation now.
struct member
{
    conv_id conv;
    user_id uid;
    seq joined;                   // receives events of the conversation from this pos on
    std::uint64_t read = 0;       // watermarks: message seqs
    std::uint64_t delivered = 0;  // never below `read`
    seq changed;                  // pos of the last change of this row that its user must see

    friend bool operator==(member const&, member const&) = default;
};

// Somebody who was in a conversation: he still receives its events of [joined, left] when he resumes.
struct past_member
{
    conv_id conv;
    user_id uid;
    seq joined;
    seq left;

    friend bool operator==(past_member const&, past_member const&) = default;
};

struct message
{
    message_id id;
    conv_id conv;
    std::uint64_t at_seq = 0;  // its place in the conversation, for ever
    std::uint64_t rev = 0;     // of the conversation, at its last change
    user_id uid;
    std::int64_t at_ms = 0;
    std::string body;  // byte-exact; empty when deleted
    text_format fmt = text_format::md;
    message_id reply_to;            // 0: none
    std::vector<user_id> mentions;  // members at that time, rising
    std::int64_t edited_ms = 0;     // 0: never
    bool deleted = false;

    friend bool operator==(message const&, message const&) = default;
};

// An unread-mention index: one row for each mention of a message that is not deleted.
struct mention
{
    user_id uid;
    conv_id conv;
    std::uint64_t at_seq = 0;

    friend auto operator<=>(mention const&, mention const&) = default;
};

// The stored result of (uid, cid). For account.create: uid 0 and the key `name/idempotency key`.
struct remembered
{
    user_id uid;
    std::string cid;
    digest fingerprint;  // of the operation and its payload
    seq pos;             // where it took effect (or was refused)
    std::int64_t at_ms = 0;
    outcome result;

    friend bool operator==(remembered const&, remembered const&) = default;
};

struct counters
{
    seq pos;                 // of the last applied entry
    std::int64_t at_ms = 0;  // the state's time; falls only where it turns out to have been ahead
    std::uint64_t users = 0;
    std::uint64_t convs = 0;
    std::uint64_t sessions = 0;
    std::uint64_t max_message_id = 0;
    std::int64_t forgotten_ms = 0;  // nothing has been forgotten of a cid whose time is this or later

    friend bool operator==(counters const&, counters const&) = default;
};

}  // namespace chaind::chat
