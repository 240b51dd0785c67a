#pragma once
// Chat rows in the database, as common/chat/tables.hpp describes them. Each SQL text is built once.

#include "chat/event.hpp"
#include "chat/rows.hpp"
#include "sqlite/database.hpp"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chaind::store
{

// Tables count from 0 in the order of chat::keyed_rows. Of two rows of a table, the key of the one that comes
// first in the order of the table's primary key is the lower one.
struct row_place
{
    std::size_t table = 0;
    std::string key;

    friend auto operator<=>(row_place const&, row_place const&) = default;
};

namespace chat_rows
{

// For each of chat::keyed_rows.
template <class Row>
struct rows_of
{
    static std::string const& select();                 // "SELECT id, name FROM chat_user "
    static Row get(sqlite::statement const& selected);  // of an event the stored part

    static sqlite::statement in_key_order(sqlite::database& db);
    // In the order of keys.
    static sqlite::statement behind(sqlite::database& db, Row const& key, std::uint64_t count);

    static std::optional<Row> find(sqlite::database& db, Row const& key);
    // In the place of the one with its key, if rows change.
    static void put(sqlite::database& db, Row const& row);
    static void erase(sqlite::database& db, Row const& key);
    static bool ever_change();

    static row_place place(Row const& row);
};

chat::counters get_counters(sqlite::database& db);
// `sum`: of all rows (chat_sum.hpp), which stands beside the counters.
void put_counters(sqlite::database& db, chat::counters const& row, digest const& sum);

struct table_text
{
    std::string name;
    std::string key;  // "conv, uid"
    bool only_grows = false;
};
[[nodiscard]] std::vector<table_text> const& tables();  // of chat::keyed_rows

// What stands behind a SELECT, as an argument of templates.
template <std::size_t size>
struct condition
{
    char text[size];

    consteval condition(char const (&from)[size]) { std::copy_n(from, size, text); }
};

template <class Row, condition where, class... Values>
[[nodiscard]] sqlite::statement select(sqlite::database& db, Values const&... values)
{
    static std::string const sql = rows_of<Row>::select() + where.text;
    return db.query(sql, values...);
}

template <class Row, condition where, class... Values>
[[nodiscard]] std::optional<Row> first(sqlite::database& db, Values const&... values)
{
    auto row = select<Row, where>(db, values...);
    if (!row.step()) return std::nullopt;
    return rows_of<Row>::get(row);
}

template <class Row, condition where, class... Values>
[[nodiscard]] std::vector<Row> all(sqlite::database& db, Values const&... values)
{
    std::vector<Row> out;
    for (auto row = select<Row, where>(db, values...); row.step();)
        out.push_back(rows_of<Row>::get(row));
    return out;
}

}  // namespace chat_rows
}  // namespace chaind::store
