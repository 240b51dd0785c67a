#include "configd/sqlite_registry.hpp"

#include "configd/record_json.hpp"
#include "sqlite/write_again.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace chaind::configd
{

namespace
{
constexpr std::int64_t schema_version = 3;
constexpr std::uint64_t events_kept = 10'000;
constexpr int wal_pages_max = 1000;

constexpr auto* schema = R"sql(
CREATE TABLE identity(            -- one row
    cluster BLOB NOT NULL,        -- 16 random bytes: this chain and its config service, for life
    lineage TEXT NOT NULL         -- of the log; clients resume only within one
) STRICT;
CREATE TABLE chain(               -- at most one row: what control::record says, replaced whole
    revision INTEGER NOT NULL,    -- compared before each replacement
    record TEXT NOT NULL          -- JSON (record_json.hpp)
) STRICT;
CREATE TABLE event(               -- what was decided, for people
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,       -- since 1970 UTC
    epoch INTEGER NOT NULL,
    what TEXT NOT NULL,
    node TEXT NOT NULL,           -- or empty
    why TEXT NOT NULL
) STRICT;
)sql";

constexpr auto* schema_2 = R"sql(
CREATE TABLE join_token(          -- each lets one node in
    hash BLOB PRIMARY KEY,        -- BLAKE2b-256 of the secret
    expires_ms INTEGER NOT NULL,  -- since 1970 UTC
    used_by TEXT NOT NULL         -- a node's name; empty: nobody yet
) STRICT;
)sql";

// The id of the disk that the token was used for; empty: not used, or by a version that did not keep it.
constexpr auto* schema_3 = "ALTER TABLE join_token ADD COLUMN used_store BLOB NOT NULL DEFAULT x''";
}  // namespace

sqlite_registry::sqlite_registry(sqlite::process_lock lock, std::unique_ptr<sqlite::database> db)
    : lock_(std::move(lock)), db_(std::move(db))
{
}

result<std::unique_ptr<sqlite_registry>> sqlite_registry::open(
    std::string const& path, chain_identity const& fresh, std::string& why, std::string const& vfs
)
{
    sqlite::process_lock lock;
    if (vfs.empty())
    {
        std::string holder;
        auto taken = sqlite::process_lock::take(path + ".lock", holder);
        if (!taken)
        {
            bool const used = taken.error() == errc::locked;
            why = used ? path + " is in use by process " + holder
                       : "cannot lock " + path + ".lock: " + taken.error().message();
            return taken.error();
        }
        lock = std::move(*taken);
        // SQLite would make it readable to others; what it makes beside it takes this file's mode.
        int const file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0) ::close(file);
    }
    bool const distrusted = sqlite::is_distrusted(path, vfs);
    auto failed =
        distrusted ? sqlite::write_again(path, sqlite::file_kind::database, vfs, why) : error_code{};
    if (!failed) failed = sqlite::write_again(path + "-wal", sqlite::file_kind::write_ahead_log, vfs, why);
    if (failed)
    {
        sqlite::leave_distrust(path, vfs, why);
        return failed;
    }
    auto db = sqlite::database::open(path, sqlite::database::access::create, vfs);
    if (!db)
    {
        why = path + " cannot be opened: " + db.error().message();
        return make_error_code(errc::disk_failed);
    }
    std::unique_ptr<sqlite_registry> made(new sqlite_registry(std::move(lock), std::move(*db)));
    made->path_ = path;
    made->vfs_ = vfs;
    if (auto const unfit = made->prepare(fresh, why)) return unfit;
    if (!distrusted) return made;
    if (auto const unfit = made->check_all(why)) return unfit;
    if (auto const unfit = sqlite::remove_distrust(path, vfs, why)) return unfit;
    return made;
}

error_code sqlite_registry::check_all(std::string& why)
{
    auto row = db_->query("PRAGMA integrity_check(1)");
    bool const whole = row.step() && row.bytes(0) == "ok";
    if (whole) return {};
    why = db_->failed() ? db_->failure_text() : sqlite::legible(row.text(0));
    return db_->failed() ? disk() : make_error_code(errc::store_damaged);
}

bool sqlite_registry::is_full() const
{
    return db_->failed() && (db_->failure().value() & 0xff) == SQLITE_FULL;
}

bool sqlite_registry::undo_full()
{
    if (!db_->undo_full()) return false;
    sqlite3_db_config(db_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    return true;
}

std::string sqlite_registry::failure_text() const
{
    if (gone_)
        return path_ +
               " was deleted or replaced while configd had it open: put the newest copy of configd's data "
               "folder back before it is started again";
    if (is_full()) return "the disk is full: make room where " + path_ + " is";
    return db_->failed() ? db_->failure_text() : "it has been closed";
}

error_code sqlite_registry::disk()
{
    if (!db_->failed()) return {};
    if (!is_full()) sqlite::leave_distrust(path_, vfs_, db_->failure_text());
    // Closing must not do what the failed call could not.
    sqlite3_db_config(db_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return make_error_code(errc::disk_failed);
}

// SQLite's own checkpoints would swallow a failed fsync.
error_code sqlite_registry::commit()
{
    // What is written into a file without a name ends with this process.
    gone_ = gone_ || db_->has_moved();
    if (gone_)
    {
        db_->script("ROLLBACK");
        return make_error_code(errc::disk_failed);
    }
    db_->script("COMMIT");
    if (auto const failed = disk()) return failed;
    if (wal_pages_ < wal_pages_max) return {};
    int const code =
        sqlite3_wal_checkpoint_v2(db_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    // What has been committed is durable where it is; without room it stays there until the next checkpoint.
    int const primary = code & 0xff;
    if (primary != SQLITE_OK && primary != SQLITE_BUSY && primary != SQLITE_FULL)
        db_->fail(code, "wal_checkpoint");
    return disk();
}

error_code sqlite_registry::prepare(chain_identity const& fresh, std::string& why)
{
    // In the place of SQLite's own checkpoints: commit() makes them.
    auto note_size = [](void* self, sqlite3*, char const*, int pages)
    {
        static_cast<sqlite_registry*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(db_->handle(), note_size, this);
    db_->script("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
    std::int64_t version = 0;
    if (auto row = db_->query("PRAGMA user_version"); row.step()) version = row.integer(0);
    if (version > schema_version)
    {
        why = "the registry was written by a newer version of configd";
        return make_error_code(errc::newer_schema);
    }
    if (version < schema_version)
    {
        db_->script("BEGIN IMMEDIATE");
        if (version == 0)
        {
            db_->script(schema);
            db_->run("INSERT INTO identity VALUES(?,?)", fresh.cluster, fresh.lineage);
        }
        if (version < 2) db_->script(schema_2);
        db_->script(schema_3);
        db_->script("PRAGMA user_version=3; COMMIT");
    }
    if (auto row = db_->query("SELECT cluster, lineage FROM identity"); row.step())
        identity_ = {row.id<cluster_id>(0), row.text(1)};
    std::int64_t synchronous = 0;
    if (auto row = db_->query("PRAGMA synchronous"); row.step()) synchronous = row.integer(0);
    if (db_->failed())
    {
        why = db_->failure_text();
        return disk();
    }
    if (identity_.cluster.empty() || identity_.lineage.empty() || synchronous != 2)
    {
        why = "the registry holds no identity, or would not wait for the disk";
        return make_error_code(errc::store_damaged);
    }
    return {};
}

result<control::record> sqlite_registry::load()
{
    control::record out;
    std::optional<std::string> text;
    std::uint64_t revision = 0;
    if (auto row = db_->query("SELECT revision, record FROM chain"); row.step())
    {
        revision = row.number(0);
        text = row.text(1);
    }
    if (auto const failed = disk()) return failed;
    if (!text) return out;
    auto stored = record_from_json(*text);
    if (!stored || stored->revision != revision) return make_error_code(errc::store_damaged);
    return std::move(*stored);
}

error_code sqlite_registry::replace(control::record const& next, std::string const& new_lineage)
{
    db_->script("BEGIN IMMEDIATE");
    std::uint64_t stored = 0;
    if (auto row = db_->query("SELECT revision FROM chain"); row.step()) stored = row.number(0);
    if (!db_->failed() && stored + 1 != next.revision)
    {
        db_->script("ROLLBACK");
        return make_error_code(errc::epoch_conflict);
    }
    db_->run("DELETE FROM chain");
    db_->run("INSERT INTO chain VALUES(?,?)", next.revision, to_json(next));
    if (!new_lineage.empty()) db_->run("UPDATE identity SET lineage=?", new_lineage);
    if (auto const failed = commit()) return failed;
    if (!new_lineage.empty()) identity_.lineage = new_lineage;
    return {};
}

result<std::vector<control::join_token>> sqlite_registry::tokens()
{
    std::vector<control::join_token> out;
    auto row =
        db_->query("SELECT hash, expires_ms, used_by, used_store FROM join_token ORDER BY expires_ms, hash");
    while (row.step())
        out.push_back({row.text(0), row.integer(1), node_id{row.text(2)}, row.id<store_id>(3)});
    if (auto const failed = disk()) return failed;
    return out;
}

error_code sqlite_registry::keep(std::vector<control::join_token> const& all)
{
    db_->script("BEGIN IMMEDIATE");
    db_->run("DELETE FROM join_token");
    for (auto const& each : all)
        db_->run(
            "INSERT INTO join_token VALUES(?,?,?,?)",
            sqlite::blob{each.hash},
            each.expires_ms,
            each.used_by.name,
            each.used_store
        );
    return commit();
}

error_code sqlite_registry::append(std::vector<event_row> const& rows)
{
    if (rows.empty()) return {};
    db_->script("BEGIN IMMEDIATE");
    for (auto const& row : rows)
        db_->run(
            "INSERT INTO event VALUES(?,?,?,?,?,?)",
            row.number,
            row.at_ms,
            row.in,
            row.what,
            row.node,
            row.why
        );
    if (auto const newest = rows.back().number; newest > events_kept)
        db_->run("DELETE FROM event WHERE number <= ?", newest - events_kept);
    return commit();
}

result<std::vector<event_row>> sqlite_registry::newest_events(std::size_t limit)
{
    std::vector<event_row> out;
    auto row = db_->query(
        "SELECT * FROM (SELECT number, at_ms, epoch, what, node, why FROM event ORDER BY number DESC LIMIT ?)"
        " ORDER BY number",
        limit
    );
    while (row.step())
        out.push_back(
            {row.number(0), row.integer(1), epoch(row.number(2)), row.text(3), row.text(4), row.text(5)}
        );
    if (auto const failed = disk()) return failed;
    return out;
}

}  // namespace chaind::configd
