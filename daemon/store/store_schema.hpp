#pragma once
// The database's schema and its versions (PRAGMA user_version; 0: an empty file).

#include "store/sqlite.hpp"

#include <cstdint>

namespace chaind::store
{

[[nodiscard]] std::int64_t newest_schema();
[[nodiscard]] std::int64_t schema_version(database& db);
// A snapshot of an earlier version is read as it is.
inline constexpr std::int64_t first_with_promise_id = 5;
// No table at all.
[[nodiscard]] bool is_empty(database& db);
// From `from` to the newest, inside the caller's transaction.
void upgrade_schema(database& db, std::int64_t from);

}  // namespace chaind::store
