#pragma once
// The manifest's table (snapshot_schema.sql), and what the makers and checkers of snapshot files share.

#include "sqlite/database.hpp"
#include "store/snapshot_file.hpp"

#include <optional>
#include <string>

namespace chaind::store
{

// Makes the manifest's table.
void prepare_manifest(sqlite::database& db);
void save_manifest(sqlite::database& db, snapshot_manifest const& what);
// With the file's size. Nothing when `db` failed, when there is no such table or row, when it is of a format
// that we do not know, and when it is not as it was written; of the last three, `why` becomes a sentence
// about the file.
[[nodiscard]] std::optional<snapshot_manifest> load_manifest(sqlite::database& db, std::string& why);

[[nodiscard]] std::uint64_t bytes_of_file(sqlite::database& db);
[[nodiscard]] std::uint64_t count_rows(sqlite::database& db, std::string const& table);

// What a connection's failure means for a file that may be damaged or not be ours.
[[nodiscard]] error_code meaning_of(error_code const& failure);

// Until this ends: interrupts what the connection is doing when the work has been cancelled, rests in
// between.
class interruption
{
public:
    interruption(sqlite::database& db, long_work const& work);
    ~interruption();
    interruption(interruption const&) = delete;
    interruption& operator=(interruption const&) = delete;

private:
    sqlite::database& db_;
};

}  // namespace chaind::store
