// Is a snapshot file what it says?
#include "runtime/error_words.hpp"
#include "store/chat_reader.hpp"
#include "store/chat_sum.hpp"
#include "store/log_rows.hpp"
#include "store/snapshot_file.hpp"
#include "store/snapshot_rows.hpp"
#include "store/store_schema.hpp"

#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace chaind::store
{
namespace
{

constexpr std::int64_t first_schema = 3;  // of the first such files with a sum of their rows

// What a program that opens the file sees of its tables; a flipped bit in here changes no row.
std::vector<std::string> schema_of(sqlite::database& db)
{
    std::vector<std::string> out;
    auto row =
        db.query("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name");
    while (row.step())
        for (int column = 0; column < 4; ++column)
            out.push_back(row.text(column));
    return out;
}

std::vector<std::string> newest_snapshot_schema()
{
    auto db = sqlite::database::open(":memory:", sqlite::database::access::create);
    if (!db) return {};
    upgrade_schema(**db, 0);
    prepare_manifest(**db);
    return schema_of(**db);
}

constexpr char const* not_whole = "it is no whole backup: a part of it is missing or damaged";

// What a user of the file is told of SQLite's own complaint.
std::string complaint_of(sqlite::database const& db)
{
    switch (db.failure().value() & 0xff)
    {
        case SQLITE_NOTADB: return "it is no backup, or its first bytes are damaged";
        case SQLITE_CORRUPT: return not_whole;
        case SQLITE_ERROR: return "it is no backup: its tables are not those of one";
        default: return db.failure_text();
    }
}

class checker
{
public:
    checker(sqlite::database& db, std::string& why) : db_(db), why_(why) {}

    result<snapshot_manifest> check()
    {
        auto const version = schema_version(db_);
        std::string missing;
        auto const manifest = load_manifest(db_, missing);
        if (db_.failed()) return meaning();
        if (version > newest_schema())
        {
            why_ = "its schema version " + std::to_string(version) + " is newer than this program's " +
                   std::to_string(newest_schema());
            return errc::newer_schema;
        }
        if (!manifest) return wrong(std::move(missing));
        if (version < first_schema) return wrong("an older version made it, and that one can restore it");
        if (auto failure = check_pages(version)) return failure;
        if (version < newest_schema()) show_in_newest_schema(db_);
        auto const meta = load_meta(db_);
        if (db_.failed()) return meaning();
        if (!meta) return wrong("the meta row is missing");
        if (auto failure = check_log(*meta, *manifest)) return failure;
        if (auto failure = check_rows(*manifest)) return failure;
        return *manifest;
    }

private:
    error_code check_pages(std::int64_t version)
    {
        auto row = db_.query("PRAGMA integrity_check(1)");
        if (row.step() && row.bytes(0) != "ok") return wrong(not_whole);
        if (db_.failed()) return meaning();
        if (version == newest_schema() && schema_of(db_) != newest_snapshot_schema())
            return wrong("its tables are not those of a store");
        return {};
    }

    error_code check_log(meta_row const& meta, snapshot_manifest const& manifest)
    {
        bool const nobody = meta.store.empty() && !meta.cluster && meta.promised == chain_config{};
        if (!nobody) return wrong("it holds a store's identity");
        if (meta.applied != manifest.at) return wrong("the applied mark is not the manifest's");
        auto const end = last_row(db_).value_or(meta.base);
        if (end != meta.applied) return wrong("the log does not end at the applied mark");
        std::string why;
        if (!log_is_sound(db_, meta, meta.base.at, end.at, why)) return db_.failed() ? meaning() : wrong(why);
        return {};
    }

    error_code check_rows(snapshot_manifest const& manifest)
    {
        chat_reader reader(db_);
        auto const counters = reader.counters();
        if (counters.pos != manifest.at.at) return wrong("the chat state is not that of the applied mark");
        if (highest("id", "chat_message") > counters.max_message_id ||
            highest("id", "chat_user") > counters.users || highest("id", "chat_conv") > counters.convs ||
            highest("id", "chat_session") > counters.sessions)
        {
            return wrong("a counter is below the rows that it counts");
        }
        if (count_rows(db_, "chat_message") != manifest.messages ||
            count_rows(db_, "chat_user") != manifest.accounts)
        {
            return wrong("it does not hold as many rows as its manifest says");
        }
        auto const sum = proven_sum(db_);
        if (db_.failed()) return meaning();
        if (!sum || sum->value() != manifest.state)
            return wrong("the digest of its chat state is not the manifest's");
        return {};
    }

    std::uint64_t highest(std::string const& column, std::string const& table)
    {
        auto row = db_.query("SELECT coalesce(max(" + column + "), 0) FROM " + table);
        return row.step() ? row.number(0) : 0;
    }

    error_code wrong(std::string text)
    {
        why_ = std::move(text);
        return errc::store_damaged;
    }
    error_code meaning()
    {
        why_ = complaint_of(db_);
        return meaning_of(db_.failure());
    }

    sqlite::database& db_;
    std::string& why_;
};

result<std::unique_ptr<sqlite::database>> open_file(
    std::string const& file, std::string const& vfs, std::string& why
)
{
    auto db = sqlite::database::open(file, sqlite::database::access::read_only, vfs);
    if (!db)
    {
        why = "cannot open " + file + ": " + db.error().message();
        return meaning_of(db.error());
    }
    (*db)->doubt_rows();
    (*db)->script("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
    return db;
}

}  // namespace

result<snapshot_manifest> read_manifest(std::string const& file, std::string* why)
{
    std::string unused;
    auto& text = why ? *why : unused;
    auto db = open_file(file, {}, text);
    if (!db) return db.error();
    if (auto found = load_manifest(**db, text)) return *std::move(found);
    text = file + ": " + ((*db)->failed() ? complaint_of(**db) : text);
    return (*db)->failed() ? meaning_of((*db)->failure()) : errc::store_damaged;
}

result<snapshot_manifest> check_snapshot(
    std::string const& file, std::string* why, long_work const& work, std::string const& vfs
)
{
    std::string unused;
    auto& text = why ? *why : unused;
    auto db = open_file(file, vfs, text);
    if (!db) return db.error();
    interruption const stop(**db, work);
    std::string reason;
    try
    {
        auto checked = checker(**db, reason).check();
        if (!checked) text = file + ": " + reason;
        return checked;
    }
    catch (std::exception const& e)
    {
        text = file + ": " + runtime::words_of(e);
        return errc::store_damaged;
    }
}

}  // namespace chaind::store
