#include "store/sqlite_store.hpp"

#include "runtime/clock.hpp"
#include "runtime/error_words.hpp"
#include "sqlite/write_again.hpp"
#include "store/chat_state.hpp"
#include "store/chat_sum.hpp"
#include "store/log_rows.hpp"
#include "store/store_file.hpp"
#include "store/store_schema.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <sys/stat.h>

namespace chaind::store
{
namespace
{

constexpr std::uint64_t drop_rows_max = 512;        // in one transaction, beside as many as it adds
constexpr std::size_t apply_read_bytes = 1u << 20;  // of log rows in memory at once while applying
constexpr std::uint64_t saved_entries = 1000;       // of the log stay while the disk is low
constexpr std::size_t page_bytes = 4096;
// A WAL of so many steps has a reader behind it, which may be gone by now: writers wait a moment for it, ...
constexpr std::size_t wal_steps_max = 8;
constexpr int reader_patience_ms = 20;
constexpr int busy_patience_ms = 5000;
constexpr std::chrono::seconds between_shrinks{2};  // ... not more often than this

// Which boot of a kernel runs this process, and which file this is: a copy of a file is another one.
std::optional<std::string> run_on(store_options const& how)
{
    struct stat file = {};
    if (how.kernel.empty()) return std::nullopt;
    if (how.vfs.empty() && ::stat(how.path.c_str(), &file) != 0) return std::nullopt;
    return how.kernel + ' ' + std::to_string(file.st_dev) + ' ' + std::to_string(file.st_ino);
}

std::string_view file_of(std::string_view run_on)
{
    return run_on.substr(std::min(run_on.find(' '), run_on.size()));
}

// What the connection's failure means to somebody who has just tried to open the file.
errc meaning_at_open(error_code const& failure)
{
    int const primary = failure.value() & 0xff;
    // SQLITE_ERROR: a table or a column that is not there.
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_ERROR)
        return errc::store_damaged;
    if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED) return errc::locked;
    return errc::disk_failed;
}

bool is_full(error_code const& failure)
{
    return failure.category() == sqlite::category() && (failure.value() & 0xff) == SQLITE_FULL;
}

// What the last process saw of the disk may be in the kernel's memory alone. The write-ahead log holds all
// that a checkpoint has not yet made durable in the database (SQLite keeps it until the database's fsync has
// succeeded), so that writing it again is enough; and is done at each start, since a disk that failed may not
// have let us leave a note. With the note nothing is believed.
error_code put_right(store_options const& how, bool distrusted, std::string& why)
{
    if (distrusted)
    {
        if (auto failure = sqlite::write_again(how.path, sqlite::file_kind::database, how.vfs, why))
            return failure;
    }
    return sqlite::write_again(how.path + "-wal", sqlite::file_kind::write_ahead_log, how.vfs, why);
}

}  // namespace

sqlite_store::sqlite_store(std::unique_ptr<sqlite::database> db) : db_(std::move(db)) {}
sqlite_store::~sqlite_store() = default;

// ---- open

result<std::unique_ptr<sqlite_store>> sqlite_store::open(store_options const& how, std::string* why)
{
    std::string unused;
    auto& text = why ? *why : unused;
    sqlite::process_lock lock;
    if (how.vfs.empty())
    {
        auto prepared = prepare_file(how.path, text);
        if (!prepared) return prepared.error();
        lock = std::move(*prepared);
    }
    bool const distrusted = sqlite::is_distrusted(how.path, how.vfs);
    if (auto failure = put_right(how, distrusted, text))
    {
        sqlite::leave_distrust(how.path, how.vfs, text);
        return failure;
    }
    auto db = sqlite::database::open(how.path, sqlite::database::access::create, how.vfs);
    if (!db)
    {
        text = "cannot open " + how.path + ": " + db.error().message();
        return meaning_at_open(db.error());
    }
    std::unique_ptr<sqlite_store> store(new sqlite_store(std::move(*db)));
    store->lock_ = std::move(lock);
    store->path_ = how.path;
    store->vfs_ = how.vfs;
    store->distrusted_ = distrusted;
    if (how.vfs.empty()) store->wal_file_ = size_of(how.path + "-wal") / page_bytes;
    auto failure = store->start(how);
    if (!failure) return store;
    text = how.path + ": " + store->failure_text_;
    return failure;
}

error_code sqlite_store::start(store_options const& how)
{
    if (auto failure = configure()) return failure;
    if (auto failure = migrate(how)) return failure;
    if (auto failure = check_file(how)) return failure;
    if (auto failure = load(how)) return failure;
    return distrusted_ ? trust_again() : error_code{};
}

// The whole file is read when nothing is known of it, or its disk has failed. A process that ends, however it
// ends, changes nothing in a file that the kernel holds for it: under the same boot of the kernel there is
// nothing to look for. After another boot, what had been synced is there, and what had not been was in the
// write-ahead log, each of whose frames has a checksum; a disk that lost more than that shows it in what was
// written last (newest_rows_stand, load()). The rest is read behind the start (scrub.hpp).
error_code sqlite_store::check_file(store_options const& how)
{
    auto const before = load_run_on(*db_);
    if (db_->failed()) return disk(meaning_at_open(db_->failure()));
    auto const now = run_on(how);
    bool const known = before && now && file_of(*before) == file_of(*now);
    standing_.other_boot = known && *before != *now;
    if (!distrusted_ && (known || !how.quick_check)) return {};
    auto row = db_->query(distrusted_ ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)");
    if (row.step() && row.bytes(0) != "ok") return refuse(errc::store_damaged, sqlite::legible(row.text(0)));
    if (db_->failed()) return disk(meaning_at_open(db_->failure()));
    return {};
}

// Does what the newest events speak of stand where they say?
bool sqlite_store::newest_rows_stand(std::uint64_t entries)
{
    auto const above = applied_.at.value() - std::min(applied_.at.value(), entries);
    auto row = db_->query(
        "SELECT (SELECT pos FROM chat_counters) = ?1 AND NOT EXISTS (SELECT 1 FROM chat_event e WHERE e.pos "
        "> ?2"
        " AND e.mid > 0 AND NOT EXISTS (SELECT 1 FROM chat_message m WHERE m.conv = e.conv AND m.seq = e.seq"
        " AND m.id = e.mid AND m.rev >= e.rev))",
        applied_.at,
        above
    );
    return row.step() && row.integer(0) == 1;
}

// All of it has been written again and read; what remains are the chat rows.
error_code sqlite_store::trust_again()
{
    bool const proven = proven_sum(*db_).has_value();
    if (db_->failed()) return disk(meaning_at_open(db_->failure()));
    if (!proven) return refuse(errc::store_damaged, rows_differ);
    if (auto failure = note_rows(true, runtime::now().wall_us / 1000)) return failure;
    std::string why;
    if (sqlite::remove_distrust(path_, vfs_, why)) return refuse(errc::disk_failed, why);
    return {};
}

error_code sqlite_store::configure()
{
    // This hook stands in the place of SQLite's own checkpoints, which ignore a failed fsync: tidy() makes
    // them.
    auto note_size = [](void* self, sqlite3*, char const*, int pages)
    {
        auto* store = static_cast<sqlite_store*>(self);
        auto const now = static_cast<std::size_t>(pages);
        if (now < store->wal_size_)  // it began anew
        {
            store->tidy_at_ = store->tidy_step_;
            store->wal_settled_ = 0;
        }
        store->wal_size_ = now;
        store->wal_file_ = std::max(store->wal_file_, now);
        return SQLITE_OK;
    };
    sqlite3_wal_hook(db_->handle(), note_size, this);
    // A reader that opens or closes its connection holds the WAL's index for a moment.
    sqlite3_busy_timeout(db_->handle(), busy_patience_ms);
    db_->script("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;");
    std::string mode;
    {
        auto row = db_->query("PRAGMA journal_mode = WAL");
        if (row.step()) mode = row.text(0);
    }
    std::int64_t synchronous = 0;
    {
        auto row = db_->query("PRAGMA synchronous");
        if (row.step()) synchronous = row.integer(0);
    }
    if (db_->failed()) return disk(meaning_at_open(db_->failure()));
    if (mode != "wal") return refuse(errc::disk_failed, "the file system cannot do journal_mode WAL");
    if (synchronous != 2) return refuse(errc::disk_failed, "synchronous is not FULL");
    return {};
}

error_code sqlite_store::migrate(store_options const& how)
{
    auto const found = schema_version(*db_);
    if (db_->failed()) return disk(meaning_at_open(db_->failure()));
    if (found > newest_schema())
    {
        return refuse(
            errc::newer_schema,
            "schema version " + std::to_string(found) + " is newer than this program's " +
                std::to_string(newest_schema())
        );
    }
    if (found == newest_schema()) return {};
    if (found == 0 && !is_empty(*db_)) return refuse(errc::store_damaged, "this is no chaind database");
    db_->run("BEGIN IMMEDIATE");
    upgrade_schema(*db_, found);
    if (found == 0) insert_meta(*db_, how.new_store, how.boot);
    db_->run("COMMIT");
    return disk();
}

error_code sqlite_store::load(store_options const& how)
{
    tidy_step_ = tidy_at_ = how.wal_pages;
    auto meta = load_meta(*db_);
    if (db_->failed()) return disk(meaning_at_open(db_->failure()));
    if (!meta) return refuse(errc::store_damaged, "the meta row is missing");
    id_ = meta->store;
    cluster_ = meta->cluster;
    promised_ = meta->promised;
    base_ = meta->base;
    applied_ = meta->applied;
    end_ = last_row(*db_).value_or(base_);
    restored_ = meta->restored;
    keep_entries_ = how.log_keep_entries;
    keep_bytes_ = how.log_keep_bytes;
    log_bytes_ = meta->log_bytes ? *meta->log_bytes : bytes_of_rows(*db_, base_.at, end_.at);
    standing_.suspect = meta->suspect;
    standing_.scrubbed_ms = meta->scrubbed_ms;

    std::string why;
    bool const whole = distrusted_ || applied_.at - base_.at <= how.verify_rows;
    auto const from = whole ? base_.at : seq(applied_.at.value() - how.verify_rows);
    if (!log_is_sound(*db_, *meta, from, end_.at, why))
    {
        return db_->failed() ? disk(meaning_at_open(db_->failure())) : refuse(errc::store_damaged, why);
    }
    bool const doubtful = standing_.other_boot && !newest_rows_stand(how.verify_rows);
    if (db_->failed()) return disk(meaning_at_open(db_->failure()));
    standing_.suspect = standing_.suspect || doubtful;
    db_->run("BEGIN IMMEDIATE");
    save_boot(*db_, how.boot);
    save_run_on(*db_, run_on(how));
    if (doubtful) save_suspect(*db_);
    db_->run("COMMIT");
    if (auto failure = disk()) return failure;
    chat_ = std::make_unique<chat_state>(*db_);
    return disk();
}

error_code sqlite_store::set_cluster(cluster_id which)
{
    if (failure_) return *failure_;
    if (cluster_) return *cluster_ == which ? error_code{} : errc::wrong_cluster;
    save_cluster(*db_, which);
    if (auto failure = disk()) return failure;
    cluster_ = which;
    return {};
}

result<chain::recovered> sqlite_store::recover()
{
    if (failure_) return *failure_;
    std::string why;
    auto suffix = read_rows(*db_, {applied_, end_.at, SIZE_MAX}, why);
    auto epochs = log_epochs(*db_);
    if (auto failure = disk()) return failure;
    if (!suffix) return refuse(errc::store_damaged, why);
    return chain::recovered{
        .promised = promised_,
        .base = base_,
        .applied = applied_,
        .suffix = std::move(*suffix),
        .epochs = std::move(epochs),
        .restored = restored_,
        .rows_checked = false,
        .rows_suspect = standing_.suspect,
    };
}

error_code sqlite_store::note_rows(bool proven, std::int64_t now_ms)
{
    if (failure_) return *failure_;
    standing_.suspect = !proven;
    if (proven)
    {
        standing_.scrubbed_ms = now_ms;
        save_proven(*db_, now_ms);
    }
    else
        save_suspect(*db_);
    return disk();
}

// ---- perform

error_code sqlite_store::perform(std::span<chain::store_write const> writes, store_observer const& tell)
{
    if (failure_) return *failure_;
    if (writes.empty()) return {};
    try
    {
        return run(writes, tell);
    }
    catch (std::exception const& e)
    {
        // Whatever it was, the transaction is half done and memory no longer agrees with it.
        if (auto failure = disk()) return failure;
        return refuse(errc::disk_failed, runtime::words_of(e));
    }
}

// One transaction: what is committed is applied and told first, so that answers do not wait for this fsync;
// then the log changes. Only rows that the file holds already, and that no truncation of this batch takes
// away, can be applied ahead of the others.
error_code sqlite_store::run(std::span<chain::store_write const> writes, store_observer const& tell)
{
    auto standing = end_.at;
    auto ahead = applied_.at;
    for (auto const& write : writes)
    {
        if (write.truncate_after) standing = std::min(standing, *write.truncate_after);
        if (write.apply_upto) ahead = std::max(ahead, std::min(*write.apply_upto, standing));
    }

    // What is written into a file without a name ends with this process.
    if (db_->has_moved())
        return refuse(
            errc::disk_failed, "the database was deleted or replaced while this process had it open"
        );
    std::uint64_t added = 0;
    db_->run("BEGIN IMMEDIATE");
    if (auto failure = apply(ahead, tell)) return failure;
    for (auto const& write : writes)
    {
        if (auto failure = log(write)) return failure;
        added += write.entries.size();
        if (!write.apply_upto) continue;
        if (auto failure = apply(*write.apply_upto, tell)) return failure;
    }
    if (auto failure = compact(added)) return failure;
    return commit();
}

error_code sqlite_store::log(chain::store_write const& write)
{
    if (write.promise)
    {
        if (auto failure = promise(*write.promise)) return failure;
    }
    if (write.truncate_after)
    {
        if (auto failure = truncate(*write.truncate_after)) return failure;
    }
    for (auto const& e : write.entries)
    {
        if (auto failure = append(e)) return failure;
    }
    return disk();
}

error_code sqlite_store::promise(chain_config const& to)
{
    if (to.at < promised_.at) return refuse(errc::store_damaged, "broken invariant: the promise falls");
    save_promise(*db_, to);
    promised_ = to;
    bool const takes_part =
        std::any_of(to.members.begin(), to.members.end(), [&](member const& m) { return m.store == id_; });
    if (restored_ && takes_part)
    {
        save_restored(*db_, false);
        restored_ = false;
    }
    return {};
}

error_code sqlite_store::truncate(seq after)
{
    if (after < applied_.at)
    {
        return refuse(errc::store_damaged, "broken invariant: truncation below the applied mark");
    }
    if (after >= end_.at) return {};
    log_bytes_ -= bytes_of_rows(*db_, after, end_.at);
    truncate_rows(*db_, after);
    end_ = last_row(*db_).value_or(base_);
    return {};
}

error_code sqlite_store::append(chain::entry const& e)
{
    bool const follows =
        e.at == end_.at.next() && e.in >= end_.in && chain::entry_hash(end_.hash, e) == e.hash;
    if (!follows)
    {
        return refuse(
            errc::store_damaged,
            "broken invariant: entry " + std::to_string(e.at.value()) + " does not follow " +
                std::to_string(end_.at.value())
        );
    }
    append_row(*db_, e, end_.at == base_.at || e.in > end_.in);
    end_ = e.point();
    log_bytes_ += e.bytes();
    return {};
}

std::shared_ptr<row_watch> sqlite_store::watch() const
{
    return chat_->watch();
}

chat::counters sqlite_store::counters() const
{
    return chat_->get_counters();
}

error_code sqlite_store::apply(seq upto, store_observer const& tell)
{
    if (upto > end_.at) return refuse(errc::store_damaged, "broken invariant: apply beyond the log's end");
    while (applied_.at < upto)
    {
        std::string why;
        auto rows = read_rows(*db_, {applied_, upto, apply_read_bytes}, why);
        if (auto failure = disk()) return failure;
        if (!rows) return refuse(errc::store_damaged, why);

        std::vector<chat::applied> results;
        for (auto const& e : *rows)
        {
            auto result = apply_row(*chat_, e, why);
            if (!result) return refuse(errc::newer_schema, why);
            results.push_back(*std::move(result));
            applied_ = e.point();
            auto const checkpoint = results.back().checkpoint;
            if (!checkpoint && e.at != rows->back().at) continue;

            // Nothing that a failing connection made up may be told.
            if (auto failure = disk()) return failure;
            tell.applied(std::exchange(results, {}));
            if (!checkpoint) continue;
            if (auto failure = commit()) return failure;
            tell.checkpoint(checkpoint_reached{.id = *checkpoint, .at = e.at, .sum = chat_->kept().value()});
            db_->run("BEGIN IMMEDIATE");
        }
    }
    return disk();
}

error_code sqlite_store::compact(std::uint64_t added)
{
    if (allowed_ <= base_.at) return {};
    if (allowed_ > applied_.at)
    {
        return refuse(errc::store_damaged, "broken invariant: compaction above the applied mark");
    }
    auto const kept = end_.at - base_.at;
    auto const keep_entries = saves_space_ ? std::min(keep_entries_, saved_entries) : keep_entries_;
    if (kept <= keep_entries && log_bytes_ <= keep_bytes_) return {};

    auto upto = base_.at;
    auto bytes = log_bytes_;
    {
        auto row = db_->query(
            "SELECT seq, length(command) FROM log WHERE seq <= ? ORDER BY seq LIMIT ?",
            allowed_,
            drop_rows_max + added
        );
        while ((end_.at - upto > keep_entries || bytes > keep_bytes_) && row.step())
        {
            upto = seq(row.number(0));
            bytes -= 64 + row.number(1);
        }
    }
    auto const base = row_point(*db_, upto);
    if (auto failure = disk()) return failure;
    if (!base) return refuse(errc::store_damaged, "log row " + std::to_string(upto.value()) + " is missing");
    drop_rows(*db_, upto);
    save_base(*db_, *base);
    base_ = *base;
    log_bytes_ = bytes;
    return disk();
}

error_code sqlite_store::commit()
{
    chat_->flush();
    save_applied(*db_, applied_, log_bytes_);
    db_->run("COMMIT");
    return disk();
}

result<std::vector<chain::entry>> sqlite_store::read_log(seq from, std::size_t max_bytes)
{
    if (failure_) return *failure_;
    if (from <= base_.at || from > end_.at) return std::vector<chain::entry>{};
    auto after = from.prev() == base_.at ? base_ : row_point(*db_, from.prev());
    std::string why = "log row " + std::to_string(from.prev().value()) + " is missing";
    if (after)
    {
        auto rows = read_rows(*db_, {*after, end_.at, max_bytes}, why);
        if (auto failure = disk()) return failure;
        if (rows) return rows;
    }
    if (auto failure = disk()) return failure;
    return refuse(errc::store_damaged, why);
}

error_code sqlite_store::tidy()
{
    if (failure_) return *failure_;
    if (wal_file_ >= wal_steps_max * tidy_step_ && std::chrono::steady_clock::now() >= shrink_at_)
        return shrink_wal();
    if (wal_size_ < tidy_at_) return {};
    int in_all = 0;
    int moved = 0;
    int const code =
        sqlite3_wal_checkpoint_v2(db_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_all, &moved);
    // Readers may keep pages in the WAL; the next attempt is a step further on.
    tidy_at_ = wal_size_ + tidy_step_;
    if (code == SQLITE_OK) wal_settled_ = static_cast<std::size_t>(std::max(moved, 0));
    return judge_checkpoint(code);
}

error_code sqlite_store::tidy_at_rest()
{
    if (failure_) return *failure_;
    bool const grown = wal_file_ >= tidy_step_ || (saves_space_ && wal_size_ > wal_settled_);
    if (!grown || std::chrono::steady_clock::now() < shrink_at_) return {};
    return shrink_wal();
}

// Everything moves, and the file is cut. A passive checkpoint cannot do that while readers come and go: each
// of them finds the WAL in use by the one before. A WAL that begins anew keeps the size of its file, too.
error_code sqlite_store::shrink_wal()
{
    shrink_at_ = std::chrono::steady_clock::now() + between_shrinks;
    sqlite3_busy_timeout(db_->handle(), reader_patience_ms);
    int const code =
        sqlite3_wal_checkpoint_v2(db_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(db_->handle(), busy_patience_ms);
    if (code == SQLITE_OK) wal_size_ = wal_file_ = wal_settled_ = 0;
    tidy_at_ = wal_size_ + tidy_step_;
    return judge_checkpoint(code);
}

// No room in the database's file is no failure: the WAL keeps what it has.
error_code sqlite_store::judge_checkpoint(int code)
{
    int const primary = code & 0xff;
    if (primary == SQLITE_OK || primary == SQLITE_BUSY || primary == SQLITE_FULL) return {};
    db_->fail(code, "wal_checkpoint");
    return disk();
}

space_needs sqlite_store::needs()
{
    space_needs out;
    if (failure_) return out;
    out.unsettled = (wal_size_ - std::min(wal_settled_, wal_size_)) * page_bytes;
    auto row = db_->query("PRAGMA freelist_count");
    if (row.step()) out.reusable = row.number(0) * page_bytes;
    return out;
}

error_code sqlite_store::disk(errc code)
{
    if (!db_->failed()) return {};
    return refuse(code, db_->failure_text());
}

error_code sqlite_store::refuse(errc code, std::string text)
{
    if (failure_) return *failure_;
    failure_ = code;
    failure_text_ = std::move(text);
    // Closing must not do what the failed call could not: after a failed fsync the next one succeeds without
    // the data.
    sqlite3_db_config(db_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    bool const doubtful =
        code == errc::store_damaged || (code == errc::disk_failed && !is_full(db_->failure()));
    if (doubtful) sqlite::leave_distrust(path_, vfs_, failure_text_);
    return *failure_;
}

}  // namespace chaind::store
