#include "store/store_schema.hpp"

#include "store/chat_schema_sql.hpp"
#include "store/chat_sum.hpp"
#include "store/forgotten_schema_sql.hpp"
#include "store/log_schema_sql.hpp"
#include "store/restored_schema_sql.hpp"
#include "store/row_sum_schema_sql.hpp"

#include <string>
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
        std::string(forgotten_schema_sql),
    };
    return all;
}

constexpr std::int64_t first_with_sum = 3;

}  // namespace

std::int64_t newest_schema()
{
    return static_cast<std::int64_t>(migrations().size());
}

std::int64_t schema_version(database& db)
{
    auto row = db.query("PRAGMA user_version");
    return row.step() ? row.integer(0) : 0;
}

bool is_empty(database& db)
{
    auto row = db.query("SELECT count(*) FROM sqlite_schema");
    return row.step() && row.integer(0) == 0;
}

void upgrade_schema(database& db, std::int64_t from)
{
    for (auto version = from; version < newest_schema(); ++version)
    {
        db.script(migrations()[static_cast<std::size_t>(version)]);
    }
    if (from < first_with_sum) keep_sum(db, sum_of_rows(db));
    db.script("PRAGMA user_version = " + std::to_string(newest_schema()));
}

}  // namespace chaind::store
