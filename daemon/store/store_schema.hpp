#pragma once
// The database's schema and its versions (PRAGMA user_version; 0: an empty file).

#include "sqlite/database.hpp"

#include <cstdint>

namespace chaind::store
{

[[nodiscard]] std::int64_t newest_schema();
[[nodiscard]] std::int64_t schema_version(sqlite::database& db);
// No table at all.
[[nodiscard]] bool is_empty(sqlite::database& db);
// From `from` to the newest, inside the caller's transaction.
void upgrade_schema(sqlite::database& db, std::int64_t from);
// The tables of an earlier version are seen with all columns of the newest one, each with its default, until
// the connection ends: a file that may not be written is read by the same queries as any other.
void show_in_newest_schema(sqlite::database& db);

}  // namespace chaind::store
