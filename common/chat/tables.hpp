#pragma once
// Each chat row described once: the columns of its table, each with its name in SQL and the field that it
// holds. What hashes rows (row_hash.cpp) and what keeps them in the database (daemon/store/chat_rows.cpp)
// follows from it. The SQL schemas are texts of their own, because a change here must not change a file that
// is there already; a test compares the two.
//
// The order of columns is that of the hash: a new column stands last, and is made by later().

#include "chat/event.hpp"
#include "chat/rows.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>

namespace chaind::chat
{

enum class column_use : std::uint8_t
{
    key,      // of the primary key; these come first, and rows have the order of their values
    fixed,    // as it came with the row
    changes,  // a later put() of the row may bring another value
};

// `is_blob`: a string of any bytes, in SQL a BLOB.
template <class Row, class Value, bool is_blob = false>
struct column
{
    char const* name;
    Value Row::* field;
    column_use use = column_use::changes;
    std::optional<unsigned> later = std::nullopt;  // its number among the later columns
};

template <class Row, class Value>
constexpr auto key(char const* name, Value Row::* field)
{
    return column<Row, Value>{name, field, column_use::key};
}
template <class Row, class Value>
constexpr auto blob_key(char const* name, Value Row::* field)
{
    return column<Row, Value, true>{name, field, column_use::key};
}
template <class Row, class Value>
constexpr auto fixed(char const* name, Value Row::* field)
{
    return column<Row, Value>{name, field, column_use::fixed};
}
template <class Row, class Value>
constexpr auto changing(char const* name, Value Row::* field)
{
    return column<Row, Value>{name, field};
}
// A column that its table got later. It is hashed only where it is set, behind its number, so that a row
// without it has the hash that it had before. 0: without a number.
template <class Row, class Value>
constexpr auto later(unsigned number, char const* name, Value Row::* field)
{
    return column<Row, Value>{name, field, column_use::changes, number};
}

template <class... Column>
struct row_table
{
    char const* name;
    unsigned number;  // each row's hash starts with it: no row of one table passes for one of another
    bool only_grows;  // rows come in the order of their key, a number, and are never taken away
    std::tuple<Column...> columns;
};
template <class... Column>
constexpr auto make_table(char const* name, unsigned number, Column... columns)
{
    return row_table<Column...>{name, number, false, {columns...}};
}
template <class... Column>
constexpr auto growing_table(char const* name, unsigned number, Column... columns)
{
    return row_table<Column...>{name, number, true, {columns...}};
}

template <class Row>
inline constexpr bool table = false;  // of something that is no row

// There is one such row, hence no key.
template <>
inline constexpr auto table<counters> = make_table(
    "chat_counters",
    1,
    changing("pos", &counters::pos),
    changing("at_ms", &counters::at_ms),
    changing("users", &counters::users),
    changing("convs", &counters::convs),
    changing("sessions", &counters::sessions),
    changing("max_message_id", &counters::max_message_id),
    later(0, "forgotten_ms", &counters::forgotten_ms)
);

template <>
inline constexpr auto table<user> = make_table(
    "chat_user",
    2,
    key("id", &user::id),
    changing("name", &user::name),
    changing("display", &user::display),
    changing("role", &user::as),
    changing("password_hash", &user::password_hash),
    changing("password_rev", &user::password_rev),
    fixed("created_ms", &user::created_ms),
    changing("rooms", &user::rooms),
    changing("changed", &user::changed),
    later(1, "made", &user::made)
);

template <>
inline constexpr auto table<session> = make_table(
    "chat_session",
    3,
    blob_key("token", &session::token),
    changing("id", &session::id),
    changing("uid", &session::uid),
    changing("label", &session::label),
    changing("created_ms", &session::created_ms),
    later(1, "used_ms", &session::used_ms),
    later(2, "place", &session::place)
);

template <>
inline constexpr auto table<conversation> = make_table(
    "chat_conv",
    4,
    key("id", &conversation::id),
    fixed("kind", &conversation::kind),
    changing("name", &conversation::name),
    changing("priv", &conversation::priv),
    changing("topic", &conversation::topic),
    fixed("creator", &conversation::creator),
    fixed("low", &conversation::low),
    fixed("high", &conversation::high),
    fixed("created_ms", &conversation::created_ms),
    changing("last_seq", &conversation::last_seq),
    changing("rev", &conversation::rev),
    changing("members", &conversation::members),
    changing("changed", &conversation::changed),
    later(1, "gone", &conversation::gone)
);

template <>
inline constexpr auto table<member> = make_table(
    "chat_member",
    5,
    key("conv", &member::conv),
    key("uid", &member::uid),
    changing("joined", &member::joined),
    changing("read", &member::read),
    changing("delivered", &member::delivered),
    changing("changed", &member::changed)
);

template <>
inline constexpr auto table<past_member> = make_table(
    "chat_past_member",
    6,
    key("conv", &past_member::conv),
    key("uid", &past_member::uid),
    key("joined", &past_member::joined),
    fixed("parted", &past_member::left)
);

template <>
inline constexpr auto table<message> = growing_table(
    "chat_message",
    7,
    key("id", &message::id),
    fixed("conv", &message::conv),
    fixed("seq", &message::at_seq),
    changing("rev", &message::rev),
    fixed("uid", &message::uid),
    fixed("at_ms", &message::at_ms),
    changing("body", &message::body),
    fixed("fmt", &message::fmt),
    fixed("reply_to", &message::reply_to),
    changing("mentions", &message::mentions),
    changing("edited_ms", &message::edited_ms),
    changing("deleted", &message::deleted)
);

template <>
inline constexpr auto table<mention> = make_table(
    "chat_mention", 8, key("uid", &mention::uid), key("conv", &mention::conv), key("seq", &mention::at_seq)
);

template <>
inline constexpr auto table<remembered> = make_table(
    "chat_remembered",
    9,
    key("uid", &remembered::uid),
    key("cid", &remembered::cid),
    changing("fingerprint", &remembered::fingerprint),
    changing("pos", &remembered::pos),
    changing("at_ms", &remembered::at_ms),
    changing("result", &remembered::result)
);

template <>
inline constexpr auto table<event> = growing_table(
    "chat_event",
    10,
    key("pos", &event::pos),
    fixed("kind", &event::kind),
    fixed("audience", &event::to),
    fixed("conv", &event::conv),
    fixed("uid", &event::uid),
    fixed("mid", &event::mid),
    fixed("seq", &event::at_seq),
    fixed("rev", &event::rev),
    fixed("at_ms", &event::at_ms),
    fixed("is_on", &event::on),
    fixed("marks", &event::marks)
);

template <class... Row>
struct row_types
{
};
// All but the counters, in the order in which tables are read and copied.
using keyed_rows =
    row_types<user, session, conversation, member, past_member, mention, message, event, remembered>;

// What `use` makes of the columns of a row, each as an argument of its own.
template <class Row, class Use>
constexpr decltype(auto) with_columns(Use&& use)
{
    return std::apply(use, table<Row>.columns);
}

template <class Row>
constexpr std::size_t columns_used(column_use how)
{
    return with_columns<Row>([how](auto const&... each) { return (std::size_t{each.use == how} + ... + 0); });
}

}  // namespace chaind::chat
