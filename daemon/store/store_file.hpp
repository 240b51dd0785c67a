#pragma once
// The database file before SQLite sees it: its folder, its mode, its lock.

#include "base/errc.hpp"
#include "sqlite/process_lock.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace chaind::store
{

// Makes the folder (0700) and the empty file (0600) where they are missing, durably, and takes the lock
// `path` + ".lock". Errors: locked, no_access, store_damaged (a -wal whose database is gone, a restore that
// did not end), disk_failed; `why` becomes a sentence.
result<sqlite::process_lock> prepare_file(std::string const& path, std::string& why);

// What a restore makes beside the database until it is whole.
[[nodiscard]] inline std::string restore_part_of(std::string const& path)
{
    return path + ".restored";
}

// What keeps this process from reading and writing the database or what SQLite has beside it: a sentence, or
// nothing.
[[nodiscard]] std::string access_problem(std::string const& path);

// With mode 0700, durably; true also when it is there.
[[nodiscard]] bool make_folder(std::filesystem::path const& folder);
// In bytes; 0 for a file that is not there.
[[nodiscard]] std::uint64_t size_of(std::string const& path);

}  // namespace chaind::store
