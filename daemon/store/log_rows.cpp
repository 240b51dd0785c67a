#include "store/log_rows.hpp"

#include <memory>

namespace chaind::store
{
namespace
{

log_point point_of(sqlite::statement const& row, int column)
{
    return {
        .at = seq(row.number(column)),
        .in = epoch(row.number(column + 1)),
        .hash = row.id<digest>(column + 2),
        .ts_us = row.integer(column + 3),
    };
}

}  // namespace

void insert_meta(sqlite::database& db, store_id store, boot_id boot)
{
    db.run(
        "INSERT INTO meta (one, store, boot, promise, promise_state, applied, applied_epoch, applied_hash,"
        " applied_ts_us, base, base_epoch, base_hash, base_ts_us)"
        " VALUES (1, ?1, ?2, 0, 0, 0, 0, ?3, 0, 0, 0, ?3, 0)",
        store,
        boot,
        digest{}
    );
}

std::optional<meta_row> load_meta(sqlite::database& db)
{
    meta_row out;
    {
        auto row = db.query(
            "SELECT store, cluster, promise, promise_state, joiner, applied, applied_epoch, applied_hash,"
            " applied_ts_us, base, base_epoch, base_hash, base_ts_us, restored, promise_id, log_bytes,"
            " scrubbed_ms, suspect FROM meta WHERE one = 1"
        );
        if (!row.step()) return std::nullopt;
        out.store = row.id<store_id>(0);
        if (!row.null(1)) out.cluster = row.id<cluster_id>(1);
        out.promised.at = epoch(row.number(2));
        out.promised.state = static_cast<config_state>(row.integer(3));
        if (!row.null(4)) out.promised.joiner = node_id{row.text(4)};
        out.applied = point_of(row, 5);
        out.base = point_of(row, 9);
        out.restored = row.integer(13) != 0;
        out.promised.id = row.id<config_id>(14);
        if (!row.null(15)) out.log_bytes = row.number(15);
        out.scrubbed_ms = row.integer(16);
        out.suspect = row.integer(17) != 0;
    }
    auto row = db.query("SELECT name, store, boot FROM promised_member ORDER BY position");
    while (row.step())
    {
        out.promised.members.push_back(
            member{.name = {row.text(0)}, .store = row.id<store_id>(1), .boot = row.id<boot_id>(2)}
        );
    }
    return out;
}

void save_store(sqlite::database& db, store_id store)
{
    db.run("UPDATE meta SET store = ?", store);
}

void save_boot(sqlite::database& db, boot_id boot)
{
    db.run("UPDATE meta SET boot = ?", boot);
}

void save_cluster(sqlite::database& db, std::optional<cluster_id> cluster)
{
    db.run("UPDATE meta SET cluster = ?", cluster);
}

void save_promise(sqlite::database& db, chain_config const& promised)
{
    std::optional<std::string> joiner;
    if (promised.joiner) joiner = promised.joiner->name.str();
    db.run(
        "UPDATE meta SET promise = ?, promise_state = ?, joiner = ?, promise_id = ?",
        promised.at,
        static_cast<int>(promised.state),
        joiner,
        promised.id.empty() ? std::nullopt : std::optional(promised.id)
    );
    db.run("DELETE FROM promised_member");
    for (std::size_t i = 0; i < promised.members.size(); ++i)
    {
        auto const& m = promised.members[i];
        db.run(
            "INSERT INTO promised_member (position, name, store, boot) VALUES (?, ?, ?, ?)",
            i,
            m.name.name.str(),
            m.store,
            m.boot
        );
    }
}

void save_applied(sqlite::database& db, log_point const& applied, std::uint64_t log_bytes)
{
    db.run(
        "UPDATE meta SET applied = ?, applied_epoch = ?, applied_hash = ?, applied_ts_us = ?, log_bytes = ?",
        applied.at,
        applied.in,
        applied.hash,
        applied.ts_us,
        log_bytes
    );
}

std::optional<std::string> load_run_on(sqlite::database& db)
{
    auto row = db.query("SELECT run_on FROM meta WHERE one = 1");
    if (!row.step() || row.null(0)) return std::nullopt;
    return row.text(0);
}

void save_run_on(sqlite::database& db, std::optional<std::string> const& run_on)
{
    std::optional<std::string_view> const text = run_on;
    db.run("UPDATE meta SET run_on = ?", text);
}

void save_proven(sqlite::database& db, std::int64_t at_ms)
{
    db.run("UPDATE meta SET scrubbed_ms = ?, suspect = 0", at_ms);
}

void save_suspect(sqlite::database& db)
{
    db.run("UPDATE meta SET suspect = 1");
}

void save_base(sqlite::database& db, log_point const& base)
{
    db.run(
        "UPDATE meta SET base = ?, base_epoch = ?, base_hash = ?, base_ts_us = ?",
        base.at,
        base.in,
        base.hash,
        base.ts_us
    );
}

void save_restored(sqlite::database& db, bool restored)
{
    db.run("UPDATE meta SET restored = ?", restored ? 1 : 0);
}

void append_row(sqlite::database& db, chain::entry const& e, bool first_of_its_epoch)
{
    db.run(
        "INSERT INTO log (seq, epoch, ts_us, request, command, hash) VALUES (?, ?, ?, ?, ?, ?)",
        e.at,
        e.in,
        e.ts_us,
        e.request,
        sqlite::blob{*e.command},
        e.hash
    );
    if (first_of_its_epoch) db.run("INSERT INTO log_epoch (epoch, first) VALUES (?, ?)", e.in, e.at);
}

void truncate_rows(sqlite::database& db, seq after)
{
    db.run("DELETE FROM log WHERE seq > ?", after);
    db.run("DELETE FROM log_epoch WHERE first > ?", after);
}

void drop_rows(sqlite::database& db, seq upto)
{
    db.run("DELETE FROM log WHERE seq <= ?", upto);
    // An epoch that goes on behind `upto` begins there now; one that is gone has no first row.
    db.run(
        "DELETE FROM log_epoch WHERE epoch NOT IN (SELECT epoch FROM log WHERE seq = ?1) AND first <= ?1",
        upto.next()
    );
    db.run("UPDATE log_epoch SET first = ?1 WHERE first < ?1", upto.next());
}

std::uint64_t bytes_of_rows(sqlite::database& db, seq after, seq upto)
{
    auto row = db.query(
        "SELECT count(*) * 64 + coalesce(sum(length(command)), 0) FROM log WHERE seq > ? AND seq <= ?",
        after,
        upto
    );
    return row.step() ? row.number(0) : 0;
}

std::optional<log_point> row_point(sqlite::database& db, seq at)
{
    auto row = db.query("SELECT seq, epoch, hash, ts_us FROM log WHERE seq = ?", at);
    if (!row.step()) return std::nullopt;
    return point_of(row, 0);
}

std::optional<log_point> last_row(sqlite::database& db)
{
    auto row = db.query("SELECT seq, epoch, hash, ts_us FROM log ORDER BY seq DESC LIMIT 1");
    if (!row.step()) return std::nullopt;
    return point_of(row, 0);
}

std::vector<std::pair<epoch, seq>> log_epochs(sqlite::database& db)
{
    std::vector<std::pair<epoch, seq>> out;
    auto row = db.query("SELECT epoch, first FROM log_epoch ORDER BY epoch");
    while (row.step())
    {
        out.emplace_back(epoch(row.number(0)), seq(row.number(1)));
    }
    return out;
}

result<std::vector<chain::entry>> read_rows(sqlite::database& db, row_range const& range, std::string& why)
{
    std::vector<chain::entry> out;
    auto row = db.query(
        "SELECT seq, epoch, ts_us, request, command, hash FROM log WHERE seq > ? AND seq <= ? ORDER BY seq",
        range.after.at,
        range.upto
    );
    auto previous = range.after;
    std::size_t bytes = 0;
    while (row.step())
    {
        chain::entry e{
            .at = seq(row.number(0)),
            .in = epoch(row.number(1)),
            .ts_us = row.integer(2),
            .request = row.id<request_id>(3),
            .command = std::make_shared<std::string const>(row.bytes(4)),
            .hash = row.id<digest>(5),
        };
        if (!out.empty() && bytes + e.bytes() > range.max_bytes) return out;
        if (e.at != previous.at.next())
        {
            why = "log row " + std::to_string(previous.at.next().value()) + " is missing";
            return errc::store_damaged;
        }
        if (e.in < previous.in || chain::entry_hash(previous.hash, e) != e.hash)
        {
            why = "log row " + std::to_string(e.at.value()) + " does not match its hash";
            return errc::store_damaged;
        }
        bytes += e.bytes();
        previous = e.point();
        out.push_back(std::move(e));
    }
    if (!db.failed() && previous.at < range.upto)
    {
        why = "log row " + std::to_string(previous.at.next().value()) + " is missing";
        return errc::store_damaged;
    }
    return out;
}

bool log_is_sound(sqlite::database& db, meta_row const& meta, seq from, seq end, std::string& why)
{
    auto point = [&](seq at) { return at == meta.base.at ? meta.base : row_point(db, at); };
    if (meta.applied.at < meta.base.at || meta.applied.at > end)
    {
        why = "the applied mark is outside of the log";
        return false;
    }
    if (point(meta.applied.at) != meta.applied)
    {
        why = "the applied mark is not that of its log row";
        return false;
    }
    auto after = point(from);
    if (!after) why = "log row " + std::to_string(from.value()) + " is missing";
    while (after && after->at < end)
    {
        auto const rows = read_rows(db, {*after, end, 1u << 20}, why);
        if (!rows || rows->empty()) return false;
        after = rows->back().point();
    }
    for (auto const& [in, first] : log_epochs(db))
    {
        auto const row = point(first);
        auto const before = point(first.prev());
        if (row && before && row->in == in && (before->in < in || before->at == meta.base.at)) continue;
        why = "the index of epochs does not fit the log";
        return false;
    }
    return after.has_value() && !db.failed();
}

}  // namespace chaind::store
