#pragma once
// What a file holds, made durable once more.
//
// After a failed fsync Linux keeps what it could not write in memory, as if it had been written: it can be
// read, looks sound, and the next fsync succeeds without it. So a process that opens the file of one that
// ended cannot tell what of it is on the disk. Writing the same bytes to the same places again makes the
// kernel try again, and an fsync that succeeds then has covered them.

#include "base/errc.hpp"

#include <string>

namespace chaind::sqlite
{

enum class file_kind
{
    database,
    write_ahead_log,
};

// Nothing may have the file open for writing. A file that is not there is no error. `vfs` as in
// database::open. disk_failed: `why` becomes a sentence.
[[nodiscard]] error_code write_again(
    std::string const& path, file_kind what, std::string const& vfs, std::string& why
);

// The note beside the database `path` that says: a disk failed when this database was last used. The disk may
// keep us from leaving it; what is correct only with it may not rest on it alone.
void leave_distrust(std::string const& path, std::string const& vfs, std::string const& reason) noexcept;
[[nodiscard]] bool is_distrusted(std::string const& path, std::string const& vfs);
// Durably.
[[nodiscard]] error_code remove_distrust(std::string const& path, std::string const& vfs, std::string& why);

}  // namespace chaind::sqlite
