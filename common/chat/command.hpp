#pragma once
// The commands of the replicated log: what a gateway asks for after it has looked at shape, session and rate.
// All owned values; encoded by wire/command.hpp. Later operations are added as further alternatives at the
// end.
//
// Every command carries {uid, cid}: the person, from the session and never from the client's text, and the
// idempotency key. Commands of the daemon itself (`delivered`, `checkpoint`, `probe`) have neither; they are
// harmless when they are applied twice.

#include "chat/event.hpp"
#include "chat/ids.hpp"
#include "chat/rows.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace chaind::chat
{

// uid is 0, cid the Idempotency-Key (1 to 64 bytes, any text). A retry gets the stored uid with `dup`; the
// token that it brings is then *not* made valid: the gateway proves the password and sends session_create.
struct account_create
{
    std::string name;           // as typed
    std::string password_hash;  // argon2id string
    token_hash first_token;     // of the session that comes with the account
    std::string label;          // of that session
    std::uint32_t place = 0;    // of that session
};
// `password_rev` is the one of the login data that the password was proved against: when it has changed
// since, the answer is `unauthenticated`.
struct session_create
{
    token_hash token;
    std::string label;
    std::uint64_t password_rev = 0;
    std::uint32_t place = 0;
};
struct session_revoke  // one own session; unknown ones are no error
{
    session_id id;
};
struct session_revoke_all  // log out everywhere, but for `keep` where it is given
{
    std::optional<session_id> keep;
};
struct password_change  // all sessions but `keep` are revoked
{
    std::string password_hash;
    std::uint64_t password_rev = 0;  // as in session_create
    session_id keep;
};

struct msg_send
{
    conv_id conv;
    std::string body;
    text_format fmt = text_format::md;
    std::vector<user_id> mentions;  // those who are not members are dropped
    message_id reply_to;            // 0: none
};
struct msg_edit
{
    message_id mid;
    std::string body;
    std::optional<std::uint64_t> if_rev;
};
struct msg_delete
{
    message_id mid;
};
struct read_upto
{
    conv_id conv;
    std::uint64_t at_seq = 0;
};
struct delivered_batch
{
    std::vector<mark> marks;
};
struct dm_create
{
    user_id peer;
};
struct room_create
{
    std::string name;  // as typed
    bool priv = false;
    std::string topic;
};
struct conv_join
{
    conv_id conv;
};
struct conv_leave
{
    conv_id conv;
};

struct checkpoint  // every replica computes its state digest at this pos
{
    std::string id;
};
struct conv_archive  // removes a room, for its creator and for the server's owner
{
    conv_id conv;
};
struct session_touch  // an own session is in use; unknown ones are no error
{
    session_id id;
};
struct probe  // changes nothing: shows that the chain commits
{
};

using command_body = std::variant<
    probe,
    account_create,
    session_create,
    session_revoke,
    session_revoke_all,
    password_change,
    msg_send,
    msg_edit,
    msg_delete,
    read_upto,
    delivered_batch,
    dm_create,
    room_create,
    conv_join,
    conv_leave,
    checkpoint,
    conv_archive,
    session_touch>;

// Is it taken while a disk of the chain is low? What deletes or ends something is, and what one needs to come
// to that.
[[nodiscard]] bool frees_room(command_body const& what);

struct command
{
    user_id uid;
    std::string cid;
    command_body what;
    // When it was asked for, by the clock that the machines of the chain agree on; 0: the gateway knew none.
    // A second opinion on the time of its entry, which one machine alone has stamped.
    std::int64_t asked_ms = 0;
};

}  // namespace chaind::chat
