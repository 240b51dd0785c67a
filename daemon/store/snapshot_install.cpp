#include "store/snapshot_install.hpp"

#include "runtime/clock.hpp"
#include "runtime/private_file.hpp"
#include "store/log_rows.hpp"
#include "store/snapshot_rows.hpp"
#include "store/store_file.hpp"
#include "store/store_schema.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chaind::store
{
namespace
{

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds between_tries{20};

error_code cannot(std::string what, std::string& why)
{
    why = "cannot " + std::move(what) + ": " + std::generic_category().message(errno);
    return errc::disk_failed;
}

fs::path folder_of(std::string const& path)
{
    return fs::absolute(path).parent_path();
}

bool exists(std::string const& path)
{
    return ::access(path.c_str(), F_OK) == 0;
}

result<sqlite::process_lock> lock(std::string const& database, std::string& why)
{
    std::string holder;
    auto taken = sqlite::process_lock::take(fs::absolute(database).string() + ".lock", holder);
    if (taken) return taken;
    if (taken.error() != errc::locked) return cannot("lock " + database, why);
    why = database + " is in use by process " + holder;
    return errc::locked;
}

// A new file of mode 0600, on disk. What is there already was left by a crash.
error_code copy_file(std::string const& from, std::string const& to, std::string& why)
{
    ::unlink(to.c_str());
    int const in = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
    if (in < 0) return cannot("open " + from, why);
    int const out = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool copied = out >= 0;
    std::vector<char> buffer(1u << 20);
    while (copied)
    {
        auto const got = ::read(in, buffer.data(), buffer.size());
        if (got == 0) break;
        copied = got > 0 && !runtime::write_all(out, {buffer.data(), static_cast<std::size_t>(got)});
    }
    copied = copied && ::fsync(out) == 0;
    error_code failure;
    if (!copied) failure = cannot("copy " + from + " to " + to, why);
    ::close(in);
    if (out >= 0) ::close(out);
    return failure;
}

}  // namespace

error_code give_identity(
    std::string const& part, store_identity const& identity, std::string& why, std::string const& vfs
)
{
    auto opened = sqlite::database::open(part, sqlite::database::access::create, vfs);
    if (!opened)
    {
        why = "cannot open " + part + ": " + opened.error().message();
        return meaning_of(opened.error());
    }
    auto& db = **opened;
    // No journal beside the file: what a crash leaves is no store and no snapshot either, and is fetched
    // again.
    db.script("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = FULL");
    db.run("BEGIN IMMEDIATE");
    upgrade_schema(db, schema_version(db));
    save_store(db, identity.store);
    save_cluster(db, identity.cluster);
    save_boot(db, {});
    save_promise(db, identity.promised);
    save_restored(db, identity.restored);
    // It was checked before, and is to be.
    save_proven(db, runtime::now().wall_us / 1000);
    db.run("DROP TABLE IF EXISTS snapshot_manifest");
    db.run("COMMIT");
    if (!db.failed()) return {};
    why = part + ": " + db.failure_text();
    return meaning_of(db.failure());
}

namespace
{
error_code settle_now(std::string const& database, std::string& why)
{
    {
        auto opened = sqlite::database::open(database, sqlite::database::access::create);
        if (!opened)
        {
            why = "cannot open " + database + ": " + opened.error().message();
            return meaning_of(opened.error());
        }
        auto& db = **opened;
        std::string mode;
        // A file that is too damaged for this stays as it is, with its -wal.
        sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        db.script("PRAGMA synchronous = FULL");
        {
            auto row = db.query("PRAGMA journal_mode = DELETE");
            if (row.step()) mode = row.text(0);
        }
        if (db.failed() || mode != "delete")
        {
            auto const failure = db.failed() ? meaning_of(db.failure()) : errc::locked;
            why = database + ": " + (failure == errc::locked ? "somebody else reads it" : db.failure_text());
            return failure;
        }
    }
    for (auto const* tail : {"-wal", "-shm"})
        if (exists(database + tail)) return cannot("empty " + database + tail, why);
    return {};
}

}  // namespace

// A reader's transaction keeps a part of the -wal out of the file for as long as it lasts. SQLite's own
// waiting (sqlite3_busy_timeout) does not cover a change of the journal's mode.
error_code settle(std::string const& database, std::string& why, std::chrono::milliseconds patience)
{
    if (!exists(database)) return {};
    auto const until = std::chrono::steady_clock::now() + patience;
    while (true)
    {
        auto const failure = settle_now(database, why);
        if (failure != errc::locked || std::chrono::steady_clock::now() >= until) return failure;
        std::this_thread::sleep_for(between_tries);
    }
}

error_code put_in_place(std::string const& part, std::string const& database, std::string& why)
{
    if (exists(database + "-wal"))
    {
        // It would be taken for the new file's.
        why = database + "-wal is there";
        return errc::disk_failed;
    }
    if (::rename(part.c_str(), database.c_str()) != 0 || !runtime::sync_folder(folder_of(database)))
        return cannot("rename " + part + " to " + database, why);
    return {};
}

error_code install_snapshot(
    std::string const& part,
    std::string const& database,
    store_identity const& identity,
    std::string* why,
    std::chrono::milliseconds patience
)
{
    std::string unused;
    auto& text = why ? *why : unused;
    auto const held = lock(database, text);
    if (!held) return held.error();
    // First what may be refused, as long as the part is still a snapshot.
    if (auto failure = settle(database, text, patience)) return failure;
    if (auto failure = give_identity(part, identity, text)) return failure;
    return put_in_place(part, database, text);
}

result<std::string> set_aside(std::string const& database, std::string const& utc_stamp, std::string* why)
{
    std::string unused;
    auto& text = why ? *why : unused;
    auto const held = lock(database, text);
    if (!held) return held.error();
    // One file to move, whole by itself. A store too damaged for that, or that somebody reads, moves with
    // what belongs to it; the database goes first, since a -wal without its database is forgotten by SQLite,
    // and not the other way round.
    // SQLite takes a -wal whose database is gone or empty for a leftover, and deletes it.
    std::string ignored;
    if (size_of(database) > 0) static_cast<void>(settle(database, ignored, {}));

    auto const base = folder_of(database) / ("set-aside-" + utc_stamp);
    auto folder = base;
    for (int n = 2; ::mkdir(folder.c_str(), 0700) != 0; ++n)
    {
        if (errno != EEXIST) return cannot("make " + folder.string(), text);
        folder = base.string() + "-" + std::to_string(n);
    }
    auto const name = fs::path(database).filename().string();
    for (auto const* tail : {"", "-wal", "-shm", "-distrusted", ".restored"})
    {
        if (!exists(database + tail)) continue;
        if (::rename((database + tail).c_str(), (folder / (name + tail)).c_str()) != 0)
            return cannot("move " + database + tail + " to " + folder.string(), text);
    }
    if (!runtime::sync_folder(folder) || !runtime::sync_folder(folder_of(database)))
        return cannot("make " + folder.string() + " durable", text);
    return folder.string();
}

result<snapshot_manifest> restore_backup(
    std::string const& file,
    std::string const& database,
    store_id new_store,
    std::string* why,
    long_work const& work
)
{
    std::string unused;
    auto& text = why ? *why : unused;
    if (!make_folder(folder_of(database))) return cannot("make " + folder_of(database).string(), text);
    auto const lock_file = database + ".lock";
    bool const is_new = !exists(lock_file);
    // Of two that restore here at once the second one touches nothing.
    auto const held = lock(database, text);
    if (!held) return held.error();
    if (exists(database))
    {
        text = database + " exists already";
        return errc::disk_failed;
    }
    auto const part = restore_part_of(database);
    auto failure = copy_file(file, part, text);
    bool const copied = !failure;
    if (copied)
    {
        // What will be the store is what must be sound, and not what it was read from.
        auto checked = check_snapshot(part, &text, work);
        failure =
            checked ? give_identity(part, {.store = new_store, .restored = true}, text) : checked.error();
        if (!failure) failure = put_in_place(part, database, text);
        if (!failure) return checked;
    }
    ::unlink(part.c_str());
    if (is_new) ::unlink(lock_file.c_str());
    // That file is gone, and what is wrong is wrong in the other one.
    if (auto const at = text.find(part); copied && at != std::string::npos)
        text.replace(at, part.size(), file);
    return failure;
}

}  // namespace chaind::store
