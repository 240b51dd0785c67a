#include "store/snapshot_rows.hpp"

#include "base/hash.hpp"
#include "store/snapshot_schema_sql.hpp"

namespace chaind::store
{
namespace
{

constexpr std::string_view format = "chaind.snapshot.v2";
constexpr int steps_between_looks = 20'000;  // of SQLite's virtual machine: some milliseconds

// A flipped bit of the manifest itself: nothing else in the file would tell of it.
digest sum_of(snapshot_manifest const& what)
{
    hasher sum;
    sum.bytes(what.id.view()).bytes(what.cluster).bytes(what.lineage);
    sum.number(static_cast<std::uint64_t>(what.created_ms));
    sum.number(what.at.at.value()).number(what.at.in.value()).bytes(what.at.hash.view());
    sum.number(static_cast<std::uint64_t>(what.at.ts_us)).bytes(what.state.view());
    sum.number(what.messages).number(what.accounts);
    return sum.finish();
}

}  // namespace

void prepare_manifest(sqlite::database& db)
{
    db.script(std::string(snapshot_schema_sql));
}

void save_manifest(sqlite::database& db, snapshot_manifest const& what)
{
    db.run(
        "INSERT INTO snapshot_manifest (one, format, id, cluster, lineage, created_ms, pos, epoch, hash, "
        "ts_us,"
        " state, messages, accounts, sum) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        format,
        what.id,
        what.cluster,
        what.lineage,
        what.created_ms,
        what.at.at,
        what.at.in,
        what.at.hash,
        what.at.ts_us,
        what.state,
        what.messages,
        what.accounts,
        sum_of(what)
    );
}

std::optional<snapshot_manifest> load_manifest(sqlite::database& db, std::string& why)
{
    why = "it is no snapshot file";
    {
        auto table =
            db.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'snapshot_manifest'");
        if (!table.step()) return std::nullopt;
    }
    {
        auto row = db.query("SELECT format FROM snapshot_manifest");
        if (!row.step()) return std::nullopt;
        if (auto const found = sqlite::legible(row.text(0)); found != format)
        {
            why = "its format is " + found + ", this program reads " + std::string(format);
            return std::nullopt;
        }
    }
    snapshot_manifest out;
    {
        auto row = db.query(
            "SELECT id, cluster, lineage, created_ms, pos, epoch, hash, ts_us, state, messages, accounts, "
            "sum FROM snapshot_manifest"
        );
        if (!row.step()) return std::nullopt;
        out.id = row.id<digest>(0);
        out.cluster = row.text(1);
        out.lineage = row.text(2);
        out.created_ms = row.integer(3);
        out.at = {
            .at = seq(row.number(4)),
            .in = epoch(row.number(5)),
            .hash = row.id<digest>(6),
            .ts_us = row.integer(7)
        };
        out.state = row.id<digest>(8);
        out.messages = row.number(9);
        out.accounts = row.number(10);
        why = "its manifest has changed";
        if (row.id<digest>(11) != sum_of(out)) return std::nullopt;
    }
    out.bytes = bytes_of_file(db);
    // Both are ASCII wherever they were written.
    if (db.failed() || sqlite::legible(out.cluster) != out.cluster ||
        sqlite::legible(out.lineage) != out.lineage)
        return std::nullopt;
    return out;
}

std::uint64_t bytes_of_file(sqlite::database& db)
{
    std::uint64_t pages = 0;
    {
        auto row = db.query("PRAGMA page_count");
        if (row.step()) pages = row.number(0);
    }
    auto row = db.query("PRAGMA page_size");
    return row.step() ? pages * row.number(0) : 0;
}

std::uint64_t count_rows(sqlite::database& db, std::string const& table)
{
    auto row = db.query("SELECT count(*) FROM " + table);
    return row.step() ? row.number(0) : 0;
}

error_code meaning_of(error_code const& failure)
{
    switch (failure.value() & 0xff)
    {
        case SQLITE_INTERRUPT: return errc::stopped;
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return errc::locked;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_CONSTRAINT:
        case SQLITE_ERROR:  // a table or column that is not there
            return errc::store_damaged;
        default: return errc::disk_failed;
    }
}

interruption::interruption(sqlite::database& db, long_work const& work) : db_(db)
{
    auto look = [](void* given)
    {
        auto const& what = *static_cast<long_work const*>(given);
        if (what.is_cancelled()) return 1;
        what.rest();
        return 0;
    };
    if (work.cancelled || work.rests)
        sqlite3_progress_handler(db.handle(), steps_between_looks, look, const_cast<long_work*>(&work));
}

interruption::~interruption()
{
    sqlite3_progress_handler(db_.handle(), 0, nullptr, nullptr);
}

}  // namespace chaind::store
