#include "store/chat_state.hpp"

#include "store/chat_rows.hpp"
#include "store/chat_sum.hpp"
#include "wire/command.hpp"

namespace chaind::store
{

using namespace chat_rows;

chat_state::chat_state(sqlite::database& db)
    : db_(db), counters_(chat_rows::get_counters(db)), rows_(kept_sum(db))
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
    put_counters(db_, counters_, kept().value());
}

void chat_state::put(chat::counters const& row)
{
    counters_ = row;
    counters_changed_ = true;
}

std::optional<chat::user> chat_state::find_user(chat::user_id id)
{
    return first<chat::user, "WHERE id = ?">(db_, id);
}

std::optional<chat::user> chat_state::find_user(std::string_view canonical_name)
{
    return first<chat::user, "WHERE name = ?">(db_, canonical_name);
}

std::vector<chat::session> chat_state::sessions_of(chat::user_id uid)
{
    return all<chat::session, "WHERE uid = ? ORDER BY id">(db_, uid);
}

std::optional<chat::conversation> chat_state::find_conv(chat::conv_id id)
{
    return first<chat::conversation, "WHERE id = ?">(db_, id);
}

std::optional<chat::conversation> chat_state::find_dm(chat::user_id low, chat::user_id high)
{
    return first<chat::conversation, "WHERE low = ? AND high = ? AND kind = 0">(db_, low, high);
}

std::optional<chat::conversation> chat_state::find_public_room(std::string_view canonical_name)
{
    return first<chat::conversation, "WHERE name = ? AND kind = 1 AND priv = 0">(db_, canonical_name);
}

std::optional<chat::member> chat_state::find_member(chat::conv_id conv, chat::user_id uid)
{
    return first<chat::member, "WHERE conv = ? AND uid = ?">(db_, conv, uid);
}

std::vector<chat::member> chat_state::places_of(chat::user_id uid)
{
    return all<chat::member, "WHERE uid = ? ORDER BY conv">(db_, uid);
}

std::optional<chat::message> chat_state::find_message(chat::message_id id)
{
    return first<chat::message, "WHERE id = ?">(db_, id);
}

std::optional<chat::remembered> chat_state::find_remembered(chat::user_id uid, std::string_view cid)
{
    return first<chat::remembered, "WHERE uid = ? AND cid = ?">(db_, uid, cid);
}

std::optional<chat::remembered> chat_state::oldest_remembered()
{
    return first<chat::remembered, "ORDER BY pos LIMIT 1">(db_);
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
