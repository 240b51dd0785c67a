// Making a snapshot file.
#include "store/snapshot_file.hpp"

#include "runtime/error_words.hpp"
#include "runtime/private_file.hpp"
#include "runtime/random_id.hpp"
#include "store/chat_reader.hpp"
#include "store/chat_rows.hpp"
#include "store/chat_state.hpp"
#include "store/chat_sum.hpp"
#include "store/log_rows.hpp"
#include "store/snapshot_rows.hpp"
#include "store/store_file.hpp"
#include "store/store_schema.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace chaind::store
{
namespace
{

constexpr std::uint64_t slice_rows = 5'000;  // of one table at once
constexpr int most_tries = 5;                // to open a database that is replaced meanwhile

class snapshot_maker
{
public:
    snapshot_maker(
        std::string const& database,
        std::string const& target,
        snapshot_options const& how,
        long_work const& work,
        std::string& why
    )
        : database_(database), target_(target), how_(how), work_(work), why_(why)
    {
    }

    error_code make(snapshot_manifest& out)
    {
        out.id = how_.id.empty() ? runtime::random_id<digest>() : how_.id;
        out.lineage = how_.lineage;
        out.created_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::system_clock::now().time_since_epoch()
        )
                             .count();
        if (auto failure = prepare()) return failure;
        if (auto failure = copy(out)) return failure;
        return complete(out);
    }

private:
    // The tables, without their indexes: those are made at the end, which is faster and keeps them out of the
    // pages of the tables.
    error_code prepare()
    {
        auto db = open_target();
        if (!db) return db.error();
        auto& to = **db;
        to.script("BEGIN");
        upgrade_schema(to, 0);
        insert_meta(to, {}, {});
        prepare_manifest(to);
        to.script("DELETE FROM chat_counters");
        std::vector<std::string> names;
        {
            auto row = to.query(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
            );
            while (row.step())
            {
                names.push_back(row.text(0));
                indexes_.push_back(row.text(1));
            }
        }
        for (auto const& name : names)
            to.script("DROP INDEX " + name);
        to.script("COMMIT");
        return judge(to, target_);
    }

    // SQLite finds the -wal by its name, when it reads for the first time. Where that name stands for another
    // database by then (a snapshot was installed, a store set aside), it is the -wal of the other one, and
    // what is read is a mixture.
    error_code copy(snapshot_manifest& out)
    {
        for (int tries = 0; tries < most_tries; ++tries)
        {
            auto opened = sqlite::database::open(database_, sqlite::database::access::read_only, how_.vfs);
            if (!opened)
            {
                why_ = "cannot open " + database_ + ": " + opened.error().message();
                return meaning_of(opened.error());
            }
            auto& db = **opened;
            // Nothing below writes to the database itself: each table that changes is named `snapshot.`.
            db.script("PRAGMA query_only = OFF");
            db.doubt_rows();
            sqlite3_busy_timeout(db.handle(), 5000);
            db.run("ATTACH ? AS snapshot", target_);
            db.script("PRAGMA snapshot.journal_mode = OFF");
            db.script(std::string("PRAGMA snapshot.synchronous = ") + synchronous());
            interruption const stop(db, work_);
            chat_reader reader(db);
            reader.begin();
            if (db.has_moved()) continue;
            if (auto failure = copy_rows(db, reader, out)) return failure;
            reader.end();
            return judge(db, target_);
        }
        why_ = database_ + " is replaced again and again while it is opened";
        return errc::disk_failed;
    }

    error_code copy_rows(sqlite::database& db, chat_reader& reader, snapshot_manifest& out)
    {
        auto const version = schema_version(db);
        auto const meta = version == newest_schema() ? load_meta(db) : std::nullopt;
        if (db.failed()) return judge(db, database_);
        if (version != newest_schema())
        {
            why_ = database_ + " has schema version " + std::to_string(version) + ", this program needs " +
                   std::to_string(newest_schema());
            return version > newest_schema() ? errc::newer_schema : errc::store_damaged;
        }
        if (!meta || reader.applied() != meta->applied.at)
        {
            why_ = database_ + ": the applied mark is not that of the chat state";
            return errc::store_damaged;
        }
        applied_ = meta->applied;
        end_ = how_.to_the_end ? last_row(db).value_or(applied_) : applied_;
        auto const first = applied_.at - meta->base.at > how_.log_rows
                               ? seq(applied_.at.value() - how_.log_rows)
                               : meta->base.at;
        auto const base = first == meta->base.at ? meta->base : row_point(db, first).value_or(log_point{});
        base_ = base;
        std::string sentence = "log row " + std::to_string(first.value()) + " is missing";
        if (base.at != first || !log_is_sound(db, *meta, first, end_.at, sentence))
        {
            if (db.failed()) return judge(db, database_);
            why_ = database_ + ": " + sentence;
            return errc::store_damaged;
        }

        auto const sum = proven_sum(db);
        if (db.failed()) return judge(db, database_);
        if (!sum)
        {
            why_ = database_ + ": " + rows_differ;
            return errc::rows_changed;
        }
        // A fault on the way into the copy shows when that is checked.
        out.state = sum->value();
        if (meta->cluster) out.cluster = to_string(*meta->cluster);
        copy_tables(db);
        return judge(db, target_);
    }

    void copy_tables(sqlite::database& db)
    {
        for (auto const& table : chat_rows::tables())
            all_ += count_rows(db, "main." + table.name);
        all_ += end_.at - base_.at;
        copy_growing(db);
        for (auto const& table : chat_rows::tables())
            if (!table.only_grows) copy_into(db, table.name, " ORDER BY " + table.key);
        copy_into(db, "chat_counters", "");
        copy_into(
            db,
            "log",
            " WHERE seq > " + std::to_string(base_.at.value()) +
                " AND seq <= " + std::to_string(end_.at.value()) + " ORDER BY seq"
        );
        db.run(
            "INSERT INTO snapshot.log_epoch SELECT epoch, min(seq) FROM snapshot.log GROUP BY epoch ORDER BY "
            "epoch"
        );
    }

    // A slice of each in turn, so that no table's growth moves what is old of another. Near positions share
    // their beginning.
    void copy_growing(sqlite::database& db)
    {
        auto growing = chat_rows::tables();
        std::erase_if(growing, [](auto const& table) { return !table.only_grows; });
        std::uint64_t last = 0;
        for (auto const& [name, key, grows] : growing)
        {
            auto row = db.query("SELECT coalesce(max(" + key + "), 0) FROM main." + name);
            if (row.step()) last = std::max(last, row.number(0));
        }
        for (std::uint64_t from = 0; from < last && !db.failed(); from += slice_rows)
        {
            for (auto const& [name, key, grows] : growing)
            {
                auto const above = " WHERE " + key + " > " + std::to_string(from);
                auto const upto = " AND " + key + " <= " + std::to_string(from + slice_rows);
                copy_into(db, name, above + upto + " ORDER BY " + key);
            }
        }
    }

    // In the order of the table's key: from the table itself, and not from an index that holds as much.
    void copy_into(sqlite::database& db, std::string const& table, std::string const& which)
    {
        db.script("INSERT INTO snapshot." + table + " SELECT * FROM main." + table + which);
        if (db.failed()) return;
        done_ += static_cast<std::uint64_t>(db.changes());
        if (work_.progress) work_.progress(std::min(done_, all_), all_);
    }

    error_code complete(snapshot_manifest& out)
    {
        auto db = open_target();
        if (!db) return db.error();
        auto& to = **db;
        interruption const stop(to, work_);
        to.script("BEGIN");
        for (auto const& index : indexes_)
            to.script(index);
        if (end_.at > applied_.at)
            if (auto failure = apply_the_rest(to, out)) return failure;
        out.at = applied_;
        out.messages = count_rows(to, "chat_message");
        out.accounts = count_rows(to, "chat_user");
        save_applied(to, applied_, bytes_of_rows(to, base_.at, applied_.at));
        save_base(to, base_);
        save_manifest(to, out);
        to.script("COMMIT");
        out.bytes = bytes_of_file(to);
        return judge(to, target_);
    }

    // What is on every disk of the chain, and so may be acknowledged, need not be applied yet: that takes
    // another write.
    error_code apply_the_rest(sqlite::database& to, snapshot_manifest& out)
    {
        chat_state rows(to);
        while (applied_.at < end_.at)
        {
            std::string sentence;
            auto const next = read_rows(to, {applied_, end_.at, 1u << 20}, sentence);
            if (to.failed()) return judge(to, target_);
            if (!next || next->empty()) return refuse(errc::store_damaged, sentence);
            for (auto const& e : *next)
            {
                if (!apply_row(rows, e, sentence)) return refuse(errc::newer_schema, sentence);
                applied_ = e.point();
            }
        }
        rows.flush();
        out.state = rows.kept().value();
        return judge(to, target_);
    }

    error_code refuse(error_code what, std::string const& sentence)
    {
        why_ = database_ + ": " + sentence;
        return what;
    }

    [[nodiscard]] char const* synchronous() const { return how_.durable ? "FULL" : "OFF"; }

    // A file without a journal: what a crash leaves of it has no manifest.
    result<std::unique_ptr<sqlite::database>> open_target()
    {
        auto db = sqlite::database::open(target_, sqlite::database::access::create, how_.vfs);
        if (!db)
        {
            why_ = "cannot open " + target_ + ": " + db.error().message();
            return meaning_of(db.error());
        }
        (*db)->doubt_rows();
        (*db)->script("PRAGMA journal_mode = OFF");
        (*db)->script(std::string("PRAGMA synchronous = ") + synchronous());
        return db;
    }

    error_code judge(sqlite::database const& db, std::string const& file)
    {
        if (!db.failed()) return {};
        why_ = file + ": " + db.failure_text();
        return meaning_of(db.failure());
    }

    std::string const& database_;
    std::string const& target_;
    snapshot_options const& how_;
    long_work const& work_;
    std::string& why_;
    std::vector<std::string> indexes_;
    log_point applied_;  // of the copy
    log_point end_;      // to which it is to be
    log_point base_;
    std::uint64_t done_ = 0;
    std::uint64_t all_ = 0;
};

}  // namespace

result<snapshot_manifest> make_snapshot(
    std::string const& database,
    std::string const& target,
    snapshot_options const& how,
    std::string* why,
    long_work const& work
)
{
    std::string unused;
    auto& text = why ? *why : unused;
    bool const on_disk = how.vfs.empty();
    auto const fail = [&]
    {
        text = "cannot make " + target + ": " + std::generic_category().message(errno);
        return errc::disk_failed;
    };
    if (on_disk)
    {
        int const file = ::open(target.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0) return fail();
        ::close(file);
    }
    snapshot_manifest out;
    error_code failure;
    try
    {
        failure = snapshot_maker(database, target, how, work, text).make(out);
    }
    catch (std::exception const& e)
    {
        text = runtime::words_of(e);
        failure = errc::disk_failed;
    }
    if (!failure && on_disk && how.durable &&
        !runtime::sync_folder(std::filesystem::absolute(target).parent_path()))
        failure = fail();
    if (!failure) return out;
    if (on_disk) ::unlink(target.c_str());
    return failure;
}

}  // namespace chaind::store
