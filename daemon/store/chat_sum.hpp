#pragma once
// The sum over the chat rows (chat::row_sum), twice: as it was kept while rows were written, and as the rows
// make it now. Where the two differ the disk has changed, lost or brought back a row, and no other replica
// may learn from this one. The price is a hash for each row that is written, and no comparison with another
// machine is needed.

#include "chat/row_hash.hpp"
#include "sqlite/database.hpp"

#include <optional>
#include <string>

namespace chaind::store
{

[[nodiscard]] chat::row_sum kept_sum(sqlite::database& db);
void keep_sum(sqlite::database& db, chat::row_sum const& sum);

// Reads all of them.
[[nodiscard]] chat::row_sum sum_of_rows(sqlite::database& db);

// The sum of the rows, when it is the one that was kept.
[[nodiscard]] std::optional<chat::row_sum> proven_sum(sqlite::database& db);
constexpr char rows_differ[] = "the chat rows are not those that were written: the disk has changed some";

}  // namespace chaind::store
