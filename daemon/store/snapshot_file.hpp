#pragma once
// A snapshot file: an ordinary SQLite file of the store's own schema that holds the whole chat state at one
// position, the newest log rows below it, and a manifest; it holds no identity. What a source sends to a
// learner, and what a backup is.
//
// Two files of near positions share the bytes of their messages and events: those come first, in the order of
// their ids, and indexes last.

#include "base/errc.hpp"
#include "base/id.hpp"
#include "chain/types.hpp"
#include "store/pace.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace chaind::store
{

inline constexpr std::uint64_t snapshot_log_rows = 10'000;

struct snapshot_manifest
{
    digest id;                    // of this very file, random
    std::string cluster;          // id in hexadecimal; empty: the store had met no config service yet
    std::string lineage;          // may be empty
    std::int64_t created_ms = 0;  // wall clock of the maker
    log_point at;                 // the chat state is that of the log up to here, and so is its log's end
    digest state;                 // of the chat state
    std::uint64_t messages = 0;
    std::uint64_t accounts = 0;
    std::uint64_t bytes = 0;  // of the file

    [[nodiscard]] chain::snapshot_info info() const
    {
        return {.id = id, .at = at, .state = state, .bytes = bytes};
    }
    friend bool operator==(snapshot_manifest const&, snapshot_manifest const&) = default;
};

// For work that takes seconds. Each may be left out.
struct long_work
{
    // Called now and then on the worker's thread, `done` rising to `all`.
    std::function<void(std::uint64_t done, std::uint64_t all)> progress = {};
    std::atomic<bool> const* cancelled = nullptr;  // set: the work ends soon with errc::stopped
    pace* rests = nullptr;                         // in between

    [[nodiscard]] bool is_cancelled() const { return cancelled && cancelled->load(); }
    void rest() const
    {
        if (rests) rests->rest();
    }
};

struct snapshot_options
{
    digest id = {};  // empty: a random one
    std::string lineage = {};
    std::uint64_t log_rows = snapshot_log_rows;
    bool to_the_end = false;  // of the log, applied or not; else the state as it is applied
    bool durable = true;      // else what has been written may still be in memory only
    std::string vfs = {};     // of both files; empty: the operating system's
};

// Makes `target` (mode 0600) from what `database` has committed, which another connection, also of
// another process, may go on writing: all is read in one transaction. The file is on disk when this returns,
// if it is to be durable; on failure there is none. `target` must not exist. Errors: disk_failed,
// store_damaged, newer_schema, stopped; `why`, if given, becomes a sentence for the administrator. The same
// holds for all functions here.
result<snapshot_manifest> make_snapshot(
    std::string const& database,
    std::string const& target,
    snapshot_options const& how = {},
    std::string* why = nullptr,
    long_work const& work = {}
);

// What the file says about itself, unchecked.
result<snapshot_manifest> read_manifest(std::string const& file, std::string* why = nullptr);

// Reads all of it: SQLite's checks, the log's hash chain, the recomputed digest, the counters. Changes
// nothing.
result<snapshot_manifest> check_snapshot(
    std::string const& file,
    std::string* why = nullptr,
    long_work const& work = {},
    std::string const& vfs = {}
);

}  // namespace chaind::store
