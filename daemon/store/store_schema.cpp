#include "store/store_schema.hpp"

#include "store/chat_schema_sql.hpp"
#include "store/chat_sum.hpp"
#include "store/forgotten_schema_sql.hpp"
#include "store/log_schema_sql.hpp"
#include "store/promise_id_schema_sql.hpp"
#include "store/restored_schema_sql.hpp"
#include "store/rooms_schema_sql.hpp"
#include "store/row_sum_schema_sql.hpp"
#include "store/standing_schema_sql.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace chaind::store
{
namespace
{

// The n-th text brings version n to n + 1. Texts of released versions never change.
std::vector<std::string> const& migrations()
{
    static std::vector<std::string> const all{
        std::string(log_schema_sql) + std::string(chat_schema_sql),
        std::string(restored_schema_sql),
        std::string(row_sum_schema_sql),
        std::string(rooms_schema_sql),
        std::string(promise_id_schema_sql),
        std::string(forgotten_schema_sql),
        std::string(standing_schema_sql),
    };
    return all;
}

constexpr std::int64_t first_with_sum = 3;

// Name and default of each column that `newest` has and `db` has not.
std::vector<std::pair<std::string, std::string>> columns_since(
    sqlite::database& db, sqlite::database& newest, std::string const& table
)
{
    static constexpr auto all = "SELECT name, coalesce(dflt_value, 'NULL') FROM pragma_table_info(?)";
    std::set<std::string> here;
    for (auto row = db.query(all, std::string_view(table)); row.step();)
        here.insert(row.text(0));
    std::vector<std::pair<std::string, std::string>> out;
    if (here.empty()) return out;
    for (auto row = newest.query(all, std::string_view(table)); row.step();)
        if (!here.contains(row.text(0))) out.emplace_back(row.text(0), row.text(1));
    return out;
}

}  // namespace

std::int64_t newest_schema()
{
    return static_cast<std::int64_t>(migrations().size());
}

std::int64_t schema_version(sqlite::database& db)
{
    auto row = db.query("PRAGMA user_version");
    return row.step() ? row.integer(0) : 0;
}

bool is_empty(sqlite::database& db)
{
    auto row = db.query("SELECT count(*) FROM sqlite_schema");
    return row.step() && row.integer(0) == 0;
}

void upgrade_schema(sqlite::database& db, std::int64_t from)
{
    for (auto version = from; version < newest_schema(); ++version)
    {
        db.script(migrations()[static_cast<std::size_t>(version)]);
    }
    if (from < first_with_sum) keep_sum(db, sum_of_rows(db));
    db.script("PRAGMA user_version = " + std::to_string(newest_schema()));
}

void show_in_newest_schema(sqlite::database& db)
{
    auto newest = sqlite::database::open(":memory:", sqlite::database::access::create);
    if (!newest) return;
    upgrade_schema(**newest, 0);
    db.script("PRAGMA query_only = OFF");  // which refuses temporary views, too
    for (auto row = (*newest)->query("SELECT name FROM sqlite_schema WHERE type = 'table'"); row.step();)
    {
        auto const table = row.text(0);
        std::string later;
        for (auto const& [name, value] : columns_since(db, **newest, table))
            later += ", " + value + " AS " + name;
        if (!later.empty())
            db.script("CREATE TEMP VIEW " + table + " AS SELECT *" + later + " FROM main." + table);
    }
    db.script("PRAGMA query_only = ON");
}

}  // namespace chaind::store
