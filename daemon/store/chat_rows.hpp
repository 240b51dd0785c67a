#pragma once
// Chat rows of the database: which columns, in which order, to which type. For chat_state and chat_reader.

#include "chat/event.hpp"
#include "chat/rows.hpp"
#include "store/sqlite.hpp"

#include <string>

namespace chaind::store::chat_rows
{

// Column lists for SELECT, in the order that the get_* functions read from column `at` on.
#define CHAIND_USER_COLUMNS \
    "id, name, display, role, password_hash, password_rev, created_ms, rooms, changed, made"
#define CHAIND_SESSION_COLUMNS "token, id, uid, label, created_ms, used_ms, place"
#define CHAIND_CONV_COLUMNS \
    "id, kind, name, priv, topic, creator, low, high, created_ms, last_seq, rev, members, changed, gone"
#define CHAIND_MEMBER_COLUMNS "conv, uid, joined, read, delivered, changed"
#define CHAIND_PAST_MEMBER_COLUMNS "conv, uid, joined, parted"
#define CHAIND_MESSAGE_COLUMNS \
    "id, conv, seq, rev, uid, at_ms, body, fmt, reply_to, mentions, edited_ms, deleted"
#define CHAIND_REMEMBERED_COLUMNS "uid, cid, fingerprint, pos, at_ms, result"
#define CHAIND_EVENT_COLUMNS "pos, kind, audience, conv, uid, mid, seq, rev, at_ms, is_on, marks"

chat::counters get_counters(database& db);
chat::user get_user(statement const& row);
chat::session get_session(statement const& row);
chat::conversation get_conv(statement const& row);
chat::member get_member(statement const& row);
chat::past_member get_past_member(statement const& row);
chat::message get_message(statement const& row);
chat::mention get_mention(statement const& row);  // uid, conv, seq
chat::remembered get_remembered(statement const& row);
chat::event get_event(statement const& row);  // the stored part

std::string mentions_text(std::vector<chat::user_id> const& who);

}  // namespace chaind::store::chat_rows
