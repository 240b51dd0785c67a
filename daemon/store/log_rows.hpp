#pragma once
// The tables of log_schema.sql as functions. Rows that are read are checked against the hash chain: a row
// that does not follow from the one before comes back as errc::store_damaged and never as an entry. Failures
// of SQLite stay in the connection (sqlite/database.hpp); callers look there.

#include "base/errc.hpp"
#include "chain/types.hpp"
#include "sqlite/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chaind::store
{

struct meta_row
{
    store_id store;
    std::optional<cluster_id> cluster;
    chain_config promised;
    log_point applied;
    log_point base;
    bool restored = false;
    std::optional<std::uint64_t> log_bytes;
    std::int64_t scrubbed_ms = 0;  // 0: never
    bool suspect = false;
};

void insert_meta(sqlite::database& db, store_id store, boot_id boot);
[[nodiscard]] std::optional<meta_row> load_meta(sqlite::database& db);
void save_store(sqlite::database& db, store_id store);
void save_boot(sqlite::database& db, boot_id boot);
void save_cluster(sqlite::database& db, std::optional<cluster_id> cluster);
void save_promise(sqlite::database& db, chain_config const& promised);
// With the size of the log, which every commit may have changed.
void save_applied(sqlite::database& db, log_point const& applied, std::uint64_t log_bytes);
// Where the process runs that uses the file now (standing_schema.sql).
[[nodiscard]] std::optional<std::string> load_run_on(sqlite::database& db);
void save_run_on(sqlite::database& db, std::optional<std::string> const& run_on);
// All rows were read just now, and are those that were written; or are not.
void save_proven(sqlite::database& db, std::int64_t at_ms);
void save_suspect(sqlite::database& db);
void save_base(sqlite::database& db, log_point const& base);
void save_restored(sqlite::database& db, bool restored);

void append_row(sqlite::database& db, chain::entry const& e, bool first_of_its_epoch);
void truncate_rows(sqlite::database& db, seq after);
// Up to and including `upto`; not meta.base.
void drop_rows(sqlite::database& db, seq upto);
// As chain::entry::bytes() counts, of (after, upto].
[[nodiscard]] std::uint64_t bytes_of_rows(sqlite::database& db, seq after, seq upto);
[[nodiscard]] std::optional<log_point> row_point(sqlite::database& db, seq at);
[[nodiscard]] std::optional<log_point> last_row(sqlite::database& db);
[[nodiscard]] std::vector<std::pair<epoch, seq>> log_epochs(sqlite::database& db);

struct row_range
{
    log_point after;  // the rows begin behind this one
    seq upto;
    std::size_t max_bytes = 0;  // at least one row comes back if there is one
};
// Dense and linked by hash from `range.after` on; damage becomes a sentence in `why`.
[[nodiscard]] result<std::vector<chain::entry>> read_rows(
    sqlite::database& db, row_range const& range, std::string& why
);

// Does what stands in `meta` fit the log, is (from, end] dense and linked, does the epoch index agree?
[[nodiscard]] bool log_is_sound(
    sqlite::database& db, meta_row const& meta, seq from, seq end, std::string& why
);

}  // namespace chaind::store
