#pragma once
// Making a snapshot file a replica's store, and putting a store out of the way. No store may be open on the
// database; its lock is held meanwhile (errc::locked if another process has it). Who only reads it
// (make_snapshot for a backup) does not take that lock, and may be there.
//
// A crash at any point leaves the database as it was or as it is to be, complete.

#include "base/errc.hpp"
#include "base/id.hpp"
#include "membership/config.hpp"
#include "store/snapshot_file.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace chaind::store
{

// A database that somebody reads is waited for so long. A backup of a small one is over then; for one that
// takes minutes nobody should wait.
inline constexpr std::chrono::milliseconds reader_patience{3000};

// What a snapshot file does not hold.
struct store_identity
{
    store_id store;  // a new one
    std::optional<cluster_id> cluster = std::nullopt;
    chain_config promised = {};
    bool restored = false;  // chain::recovered::restored
};

// Puts the identity into `part` and `part` in the place of `database`, which may be missing. `part` must have
// been checked (check_snapshot). Same folder. errc::locked when somebody reads `database` for longer than
// `patience`: then both files are what they were, and it may be tried again.
[[nodiscard]] error_code install_snapshot(
    std::string const& part,
    std::string const& database,
    store_identity const& identity,
    std::string* why = nullptr,
    std::chrono::milliseconds patience = reader_patience
);

// Its three steps, one after the other; each may be repeated.
// 1. Only `part` changes: it is a store now and no snapshot file any more.
[[nodiscard]] error_code give_identity(
    std::string const& part, store_identity const& identity, std::string& why, std::string const& vfs = {}
);
// 2. All of `database` that is in its -wal moves into the file itself; it goes on being what it was. For
// this nobody may have it open.
[[nodiscard]] error_code settle(
    std::string const& database, std::string& why, std::chrono::milliseconds patience = reader_patience
);
// 3. One rename.
[[nodiscard]] error_code put_in_place(std::string const& part, std::string const& database, std::string& why);

// Moves the database into the folder `set-aside-<utc_stamp>` beside it (with a number behind if there is one
// already) and returns that folder's path. Nothing is overwritten, nothing deleted.
result<std::string> set_aside(
    std::string const& database, std::string const& utc_stamp, std::string* why = nullptr
);

// Checks the backup `file` and makes a new store from it; the file stays as it is. The store belongs to no
// cluster, has promised nothing and says `restored` until it is in a chain. `database` must not exist.
result<snapshot_manifest> restore_backup(
    std::string const& file,
    std::string const& database,
    store_id new_store,
    std::string* why = nullptr,
    long_work const& work = {}
);

}  // namespace chaind::store
