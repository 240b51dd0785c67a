#include "store/chat_sum.hpp"

#include "chat/tables.hpp"
#include "store/chat_rows.hpp"

namespace chaind::store
{

using namespace chat_rows;

namespace
{

// In the order of the key: from the table itself, and not from an index that holds as much.
template <class Row>
void add_all(chat::row_sum& to, sqlite::database& db)
{
    for (auto row = rows_of<Row>::in_key_order(db); row.step();)
        to.add(rows_of<Row>::get(row));
}

template <class... Row>
void add_tables(chat::row_sum& to, sqlite::database& db, chat::row_types<Row...>)
{
    (add_all<Row>(to, db), ...);
}

}  // namespace

chat::row_sum kept_sum(sqlite::database& db)
{
    auto row = db.query("SELECT row_sum FROM chat_counters");
    return row.step() ? chat::row_sum(row.id<digest>(0)) : chat::row_sum();
}

void keep_sum(sqlite::database& db, chat::row_sum const& sum)
{
    db.run("UPDATE chat_counters SET row_sum = ?", sum.value());
}

chat::row_sum sum_of_rows(sqlite::database& db)
{
    chat::row_sum to;
    to.add(get_counters(db));
    add_tables(to, db, chat::keyed_rows());
    return to;
}

std::optional<chat::row_sum> proven_sum(sqlite::database& db)
{
    auto const sum = sum_of_rows(db);
    if (sum != kept_sum(db)) return std::nullopt;
    return sum;
}

}  // namespace chaind::store
