// Snapshots, people, sessions, the digest.
#include "store/chat_reader.hpp"

#include "chat/names.hpp"
#include "chat/row_hash.hpp"
#include "store/chat_rows.hpp"
#include "store/chat_sum.hpp"

#include <algorithm>
#include <utility>

namespace chaind::store
{

using namespace chat_rows;
using chat::api_errc;

namespace
{

constexpr std::size_t members_of_page = 500;

chat::login_data login_of(chat::user const& row)
{
    return {
        .who = {.uid = row.id, .name = row.name, .display = row.display, .as = row.as},
        .password_hash = row.password_hash,
        .password_rev = row.password_rev,
        .places = {}
    };
}

std::string lower(std::string text)
{
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

}  // namespace

void chat_reader::begin()
{
    db_.script("BEGIN");
    static_cast<void>(counters());  // the first read takes the snapshot
}

void chat_reader::end()
{
    db_.script("COMMIT");
}

chat::counters chat_reader::counters()
{
    return get_counters(db_);
}

std::optional<chat::known_session> chat_reader::find_session(chat::token_hash const& token)
{
    auto found = first<chat::session, "WHERE token = ?">(db_, sqlite::blob{token});
    auto who = found ? find_person(found->uid) : std::nullopt;
    if (!who) return std::nullopt;
    return chat::known_session{.row = *std::move(found), .who = *std::move(who)};
}

std::vector<chat::session> chat_reader::sessions_of(chat::user_id uid)
{
    return all<chat::session, "WHERE uid = ? ORDER BY id">(db_, uid);
}

std::optional<chat::login_data> chat_reader::find_login(std::string_view name)
{
    auto const canonical = chat::canonical_name(name);
    if (!canonical) return std::nullopt;
    auto const row = first<chat::user, "WHERE name = ?">(db_, *canonical);
    if (!row) return std::nullopt;
    auto out = login_of(*row);
    for (auto const& one : sessions_of(out.who.uid))
        if (one.place != 0) out.places.push_back(one.place);
    return out;
}

std::optional<chat::login_data> chat_reader::find_login(chat::user_id uid)
{
    auto const row = first<chat::user, "WHERE id = ?">(db_, uid);
    if (!row) return std::nullopt;
    return login_of(*row);
}

std::optional<chat::person> chat_reader::find_person(chat::user_id uid)
{
    auto found = find_login(uid);
    if (!found) return std::nullopt;
    return std::move(found->who);
}

chat::answer<chat::members_page> chat_reader::members(chat::user_id who, chat::members_query const& what)
{
    auto const found = find_place(who, what.conv);
    if (auto const* why = std::get_if<chat::failure>(&found)) return *why;

    chat::members_page page;
    auto row = select<chat::member, "WHERE conv = ? AND uid > ? ORDER BY uid LIMIT ?">(
        db_, what.conv, what.after, members_of_page + 1
    );
    while (row.step())
    {
        auto const one = rows_of<chat::member>::get(row);
        if (page.members.size() == members_of_page)
        {
            page.next = page.members.back().who.uid;
            break;
        }
        if (auto shown = find_person(one.uid))
            page.members.push_back({.who = *std::move(shown), .read = one.read, .delivered = one.delivered});
    }
    return page;
}

bool chat_reader::has_read(chat::user_id who, chat::conv_id conv, std::uint64_t at_seq)
{
    auto const found = find_place(who, conv);
    auto const* place = std::get_if<chat::own_place>(&found);
    return place != nullptr && at_seq <= place->me.read;
}

bool chat_reader::is_remembered(chat::user_id who, std::string_view cid)
{
    return db_.query("SELECT 1 FROM chat_remembered WHERE uid = ? AND cid = ?", who, cid).step();
}

chat::users_page chat_reader::users(chat::users_query const& what)
{
    chat::users_page page;
    auto const prefix = lower(what.prefix);
    auto const limit = std::clamp<std::size_t>(what.limit, 1, 200);
    auto row = select<chat::user, "WHERE name >= ? AND name > ? ORDER BY name LIMIT ?">(
        db_, prefix, what.after, limit + 1
    );
    while (row.step())
    {
        auto const found = rows_of<chat::user>::get(row);
        if (!found.name.starts_with(prefix)) break;
        if (page.users.size() == limit)
        {
            page.next = page.users.back().name;
            break;
        }
        page.users.push_back(login_of(found).who);
    }
    return page;
}

std::vector<chat::membership> chat_reader::conversations_of(chat::user_id who)
{
    std::vector<chat::membership> out;
    auto row = db_.query(
        "SELECT m.conv, m.joined FROM chat_member m JOIN chat_conv c ON c.id = m.conv"
        " WHERE m.uid = ? AND c.gone = 0 ORDER BY m.conv",
        who
    );
    while (row.step())
        out.push_back({.conv = chat::conv_id(row.number(0)), .joined = seq(row.number(1))});
    return out;
}

digest chat_reader::state_digest()
{
    return sum_of_rows(db_).value();
}

}  // namespace chaind::store
