#pragma once
// The sum over the chat rows (chat::row_sum), twice: as it was kept while rows were written, and as the rows
// make it now. Where the two differ the disk has changed, lost or brought back a row, and no other replica
// may learn from this one. The price is a hash for each row that is written, and no comparison with another
// machine is needed.

#include "chat/row_hash.hpp"
#include "store/sqlite.hpp"

#include <optional>
#include <string>

namespace chaind::store
{

[[nodiscard]] chat::row_sum kept_sum(database& db);
void keep_sum(database& db, chat::row_sum const& sum);

// Reads all of them.
[[nodiscard]] chat::row_sum sum_of_rows(database& db);

// The sum of the rows, when it is the one that was kept.
[[nodiscard]] std::optional<chat::row_sum> proven_sum(database& db);
constexpr char rows_differ[] = "the chat rows are not those that were written: the disk has changed some";

}  // namespace chaind::store
