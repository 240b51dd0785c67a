#include "store/chat_state.hpp"

#include "store/chat_rows.hpp"
#include "store/chat_sum.hpp"
#include "wire/command.hpp"

namespace chaind::store
{

using namespace chat_rows;

namespace
{

template <class Row>
std::optional<Row> one(statement row, Row (*get)(statement const&))
{
    if (!row.step()) return std::nullopt;
    return get(row);
}

template <class E>
    requires std::is_enum_v<E>
int number(E value)
{
    return static_cast<int>(value);
}

}  // namespace

chat_state::chat_state(database& db) : db_(db), counters_(chat_rows::get_counters(db)), rows_(kept_sum(db))
{
    rows_.remove(counters_);
    watch_->settled(rows_);
}

chat::row_sum chat_state::kept() const
{
    auto all = rows_;
    all.add(counters_);
    return all;
}

void chat_state::flush()
{
    if (!counters_changed_) return;
    counters_changed_ = false;
    watch_->settled(rows_);
    db_.run(
        "UPDATE chat_counters SET pos = ?, at_ms = ?, users = ?, convs = ?, sessions = ?, max_message_id = ?,"
        " forgotten_ms = ?, row_sum = ?",
        counters_.pos,
        counters_.at_ms,
        counters_.users,
        counters_.convs,
        counters_.sessions,
        counters_.max_message_id,
        counters_.forgotten_ms,
        kept().value()
    );
}

template <class Row>
void chat_state::came(Row const& row)
{
    chat::row_sum one;
    one.add(row);
    rows_.add(one);
    if (auto const at = counters_.pos.next(); watch_->watches(at)) watch_->changed(place_of(row), one, at);
}

template <class Row>
void chat_state::went(Row const& row)
{
    chat::row_sum less;
    less.remove(row);
    rows_.add(less);
    if (auto const at = counters_.pos.next(); watch_->watches(at)) watch_->changed(place_of(row), less, at);
}

// A row that takes the place of another. Every change of rows comes with one of the counters, so that flush()
// has something to do.
template <class Row>
void chat_state::replaced(std::optional<Row> const& before, Row const& after)
{
    if (before) went(*before);
    came(after);
}

void chat_state::put(chat::counters const& row)
{
    counters_ = row;
    counters_changed_ = true;
}

std::optional<chat::user> chat_state::find_user(chat::user_id id)
{
    return one(db_.query("SELECT " CHAIND_USER_COLUMNS " FROM chat_user WHERE id = ?", id), get_user);
}

std::optional<chat::user> chat_state::find_user(std::string_view canonical_name)
{
    return one(
        db_.query("SELECT " CHAIND_USER_COLUMNS " FROM chat_user WHERE name = ?", canonical_name), get_user
    );
}

void chat_state::put(chat::user const& row)
{
    replaced(find_user(row.id), row);
    db_.run(
        "INSERT INTO chat_user (" CHAIND_USER_COLUMNS
        ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name,"
        " display = excluded.display, role = excluded.role, password_hash = excluded.password_hash,"
        " password_rev = excluded.password_rev, rooms = excluded.rooms, changed = excluded.changed,"
        " made = excluded.made",
        row.id,
        row.name,
        row.display,
        number(row.as),
        row.password_hash,
        row.password_rev,
        row.created_ms,
        row.rooms,
        row.changed,
        row.made
    );
}

std::vector<chat::session> chat_state::sessions_of(chat::user_id uid)
{
    std::vector<chat::session> out;
    auto row =
        db_.query("SELECT " CHAIND_SESSION_COLUMNS " FROM chat_session WHERE uid = ? ORDER BY id", uid);
    while (row.step())
        out.push_back(get_session(row));
    return out;
}

std::optional<chat::session> chat_state::find_session(chat::token_hash const& token)
{
    return one(
        db_.query("SELECT " CHAIND_SESSION_COLUMNS " FROM chat_session WHERE token = ?", blob{token}),
        get_session
    );
}

void chat_state::put(chat::session const& row)
{
    replaced(find_session(row.token), row);
    db_.run(
        "INSERT OR REPLACE INTO chat_session (" CHAIND_SESSION_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)",
        blob{row.token},
        row.id,
        row.uid,
        row.label,
        row.created_ms,
        row.used_ms,
        row.place
    );
}

void chat_state::erase(chat::session const& row)
{
    went(row);
    db_.run("DELETE FROM chat_session WHERE token = ?", blob{row.token});
}

std::optional<chat::conversation> chat_state::find_conv(chat::conv_id id)
{
    return one(db_.query("SELECT " CHAIND_CONV_COLUMNS " FROM chat_conv WHERE id = ?", id), get_conv);
}

std::optional<chat::conversation> chat_state::find_dm(chat::user_id low, chat::user_id high)
{
    return one(
        db_.query(
            "SELECT " CHAIND_CONV_COLUMNS " FROM chat_conv WHERE low = ? AND high = ? AND kind = 0", low, high
        ),
        get_conv
    );
}

std::optional<chat::conversation> chat_state::find_public_room(std::string_view canonical_name)
{
    return one(
        db_.query(
            "SELECT " CHAIND_CONV_COLUMNS " FROM chat_conv WHERE name = ? AND kind = 1 AND priv = 0",
            canonical_name
        ),
        get_conv
    );
}

void chat_state::put(chat::conversation const& row)
{
    replaced(find_conv(row.id), row);
    db_.run(
        "INSERT INTO chat_conv (" CHAIND_CONV_COLUMNS
        ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = "
        "excluded.name,"
        " priv = excluded.priv, topic = excluded.topic, last_seq = excluded.last_seq, rev = excluded.rev,"
        " members = excluded.members, changed = excluded.changed, gone = excluded.gone",
        row.id,
        number(row.kind),
        row.name,
        row.priv,
        row.topic,
        row.creator,
        row.low,
        row.high,
        row.created_ms,
        row.last_seq,
        row.rev,
        row.members,
        row.changed,
        row.gone
    );
}

std::optional<chat::member> chat_state::find_member(chat::conv_id conv, chat::user_id uid)
{
    return one(
        db_.query("SELECT " CHAIND_MEMBER_COLUMNS " FROM chat_member WHERE conv = ? AND uid = ?", conv, uid),
        get_member
    );
}

std::vector<chat::member> chat_state::places_of(chat::user_id uid)
{
    std::vector<chat::member> out;
    auto row =
        db_.query("SELECT " CHAIND_MEMBER_COLUMNS " FROM chat_member WHERE uid = ? ORDER BY conv", uid);
    while (row.step())
        out.push_back(get_member(row));
    return out;
}

void chat_state::put(chat::member const& row)
{
    replaced(find_member(row.conv, row.uid), row);
    db_.run(
        "INSERT INTO chat_member (" CHAIND_MEMBER_COLUMNS
        ") VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (conv, uid) DO UPDATE SET joined = excluded.joined,"
        " read = excluded.read, delivered = excluded.delivered, changed = excluded.changed",
        row.conv,
        row.uid,
        row.joined,
        row.read,
        row.delivered,
        row.changed
    );
}

void chat_state::erase(chat::member const& row)
{
    went(row);
    db_.run("DELETE FROM chat_member WHERE conv = ? AND uid = ?", row.conv, row.uid);
}

void chat_state::put(chat::past_member const& row)
{
    came(row);
    db_.run(
        "INSERT INTO chat_past_member (" CHAIND_PAST_MEMBER_COLUMNS ") VALUES (?, ?, ?, ?)",
        row.conv,
        row.uid,
        row.joined,
        row.left
    );
}

std::optional<chat::message> chat_state::find_message(chat::message_id id)
{
    return one(
        db_.query("SELECT " CHAIND_MESSAGE_COLUMNS " FROM chat_message WHERE id = ?", id), get_message
    );
}

void chat_state::put(chat::message const& row)
{
    replaced(find_message(row.id), row);
    db_.run(
        "INSERT INTO chat_message (" CHAIND_MESSAGE_COLUMNS
        ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET rev = excluded.rev,"
        " body = excluded.body, mentions = excluded.mentions, edited_ms = excluded.edited_ms,"
        " deleted = excluded.deleted",
        row.id,
        row.conv,
        row.at_seq,
        row.rev,
        row.uid,
        row.at_ms,
        row.body,
        number(row.fmt),
        row.reply_to,
        mentions_text(row.mentions),
        row.edited_ms,
        row.deleted
    );
}

void chat_state::put(chat::mention const& row)
{
    came(row);
    db_.run("INSERT INTO chat_mention (uid, conv, seq) VALUES (?, ?, ?)", row.uid, row.conv, row.at_seq);
}

void chat_state::erase(chat::mention const& row)
{
    went(row);
    db_.run("DELETE FROM chat_mention WHERE uid = ? AND conv = ? AND seq = ?", row.uid, row.conv, row.at_seq);
}

std::optional<chat::remembered> chat_state::find_remembered(chat::user_id uid, std::string_view cid)
{
    return one(
        db_.query(
            "SELECT " CHAIND_REMEMBERED_COLUMNS " FROM chat_remembered WHERE uid = ? AND cid = ?", uid, cid
        ),
        get_remembered
    );
}

std::optional<chat::remembered> chat_state::oldest_remembered()
{
    return one(
        db_.query("SELECT " CHAIND_REMEMBERED_COLUMNS " FROM chat_remembered ORDER BY pos LIMIT 1"),
        get_remembered
    );
}

void chat_state::put(chat::remembered const& row)
{
    replaced(find_remembered(row.uid, row.cid), row);
    db_.run(
        "INSERT OR REPLACE INTO chat_remembered (" CHAIND_REMEMBERED_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?)",
        row.uid,
        row.cid,
        row.fingerprint,
        row.pos,
        row.at_ms,
        blob{wire::encode(row.result)}
    );
}

void chat_state::erase(chat::remembered const& row)
{
    went(row);
    db_.run("DELETE FROM chat_remembered WHERE uid = ? AND cid = ?", row.uid, row.cid);
}

void chat_state::put(chat::event const& row)
{
    came(row);
    std::string const marks = row.marks.empty() ? std::string() : wire::encode(row.marks);
    std::optional<blob> stored;
    if (!row.marks.empty()) stored = blob{marks};
    db_.run(
        "INSERT INTO chat_event (" CHAIND_EVENT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row.pos,
        number(row.kind),
        number(row.to),
        row.conv,
        row.uid,
        row.mid,
        row.at_seq,
        row.rev,
        row.at_ms,
        row.on,
        stored
    );
}

result<chat::applied> apply_row(chat_state& to, chain::entry const& row, std::string& why)
{
    auto const command = wire::decode_command(*row.command);
    if (command)
        return chat::apply(to, *command, {.pos = row.at, .ts_us = row.ts_us, .request = row.request});
    why = "position " + std::to_string(row.at.value()) +
          " of the log holds a command that this version does not know";
    return errc::newer_schema;
}

}  // namespace chaind::store
