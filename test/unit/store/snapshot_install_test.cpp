// Installing, setting aside, restoring: whole at every step.
#include "store/chat_sum.hpp"
#include "store/store_schema.hpp"
#include "support/watched_folders.hpp"
#include "unit/store/snapshot_fixture.hpp"

#include <csignal>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace chaind::test
{
namespace
{

std::string const nothing_in_later_columns =
    "UPDATE chat_user SET made = 0; UPDATE chat_conv SET gone = 0;"
    "UPDATE chat_session SET used_ms = 0, place = 0";

// What versions 4 to 6 brought.
std::string const without_later_columns =
    "DROP INDEX chat_message_deleted; ALTER TABLE chat_user DROP COLUMN made;"
    "ALTER TABLE chat_conv DROP COLUMN gone; ALTER TABLE chat_session DROP COLUMN used_ms;"
    "ALTER TABLE chat_session DROP COLUMN place; ALTER TABLE meta DROP COLUMN promise_id;"
    "ALTER TABLE chat_counters DROP COLUMN forgotten_ms; ALTER TABLE meta DROP COLUMN run_on;"
    "ALTER TABLE meta DROP COLUMN log_bytes; ALTER TABLE meta DROP COLUMN scrubbed_ms;"
    "ALTER TABLE meta DROP COLUMN suspect;";

struct install_fixture : snapshot_fixture
{
    // A store of ours with 50 entries, the last of them only in its -wal; beside it a snapshot of another
    // with 200.
    install_fixture()
    {
        other.filled(200);
        manifest = other.snapshot("s");
        filled(49);
        std::filesystem::copy_file(other.path("s"), path("incoming.db.part"));
        leave_in_wal();
    }

    // As a killed process does.
    void leave_in_wal()
    {
        auto const child = ::fork();
        if (child == 0)
        {
            auto made = store::sqlite_store::open(options());
            auto const e = chat_entry(log);
            bool const written =
                made && !write_one(**made, write_of(50).promises(promise_of(7)).adds({e}).applies(50));
            ::_exit(written ? 0 : 1);
        }
        int status = 1;
        BOOST_TEST_REQUIRE(::waitpid(child, &status, 0) == child);
        BOOST_TEST_REQUIRE(status == 0);
        BOOST_TEST_REQUIRE(std::filesystem::file_size(path("chaind.db-wal")) > 0u);
    }

    store::store_identity identity() const
    {
        return {
            .store = numbered<store_id>(21), .cluster = numbered<cluster_id>(22), .promised = promise_of(9)
        };
    }
    void expect_old() const
    {
        auto made = open(options());
        BOOST_TEST(made->id() == numbered<store_id>(7));
        BOOST_TEST(made->applied().at == seq(50));
        BOOST_TEST((made->recover().value().promised == promise_of(7)));
    }
    void expect_new() const
    {
        auto made = open(options());
        BOOST_TEST(made->id() == numbered<store_id>(21));
        BOOST_TEST((made->cluster() == numbered<cluster_id>(22)));
        BOOST_TEST((made->applied() == manifest.at));
        auto const found = made->recover().value();
        BOOST_TEST((found.promised == promise_of(9)));
        BOOST_TEST(!found.restored);
        BOOST_TEST(state_digest(db()) == manifest.state);
        BOOST_TEST(
            number_in(db(), "SELECT count(*) FROM sqlite_schema WHERE name = 'snapshot_manifest'") == 0
        );
        BOOST_TEST(!std::filesystem::exists(path("incoming.db.part")));
    }

    snapshot_fixture other;
    store::snapshot_manifest manifest;
    std::string part = path("incoming.db.part");
    std::string why;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(installing, install_fixture)

BOOST_AUTO_TEST_CASE(the_snapshot_becomes_the_store)
{
    BOOST_TEST(!store::install_snapshot(part, db(), identity(), &why), why);
    expect_new();
    auto made = open(options());
    auto next = other.log;
    fill(*made, next, 210);
}

BOOST_AUTO_TEST_CASE(a_crash_after_the_first_step_leaves_the_old_store)
{
    BOOST_TEST(!store::give_identity(part, identity(), why), why);
    expect_old();
    BOOST_TEST((store::check_snapshot(part).error() == errc::store_damaged)
    );  // a store, and not to be sent on
    BOOST_TEST(!store::install_snapshot(part, db(), identity(), &why), why);
    expect_new();
}

BOOST_AUTO_TEST_CASE(a_crash_after_the_second_step_leaves_the_old_store)
{
    BOOST_TEST(!store::give_identity(part, identity(), why), why);
    BOOST_TEST(!store::settle(db(), why), why);
    BOOST_TEST(!std::filesystem::exists(db() + "-wal"));
    expect_old();
}

BOOST_AUTO_TEST_CASE(a_wal_is_never_taken_for_the_new_files)
{
    BOOST_TEST(!store::give_identity(part, identity(), why), why);
    BOOST_TEST((store::put_in_place(part, db(), why) == errc::disk_failed));
    BOOST_TEST(why == db() + "-wal is there");
    expect_old();
}

BOOST_AUTO_TEST_CASE(a_store_that_is_open_is_not_replaced)
{
    auto const held = open(options());
    BOOST_TEST((store::install_snapshot(part, db(), identity(), &why) == errc::locked));
    BOOST_TEST(why.find("in use by process") != std::string::npos);
    BOOST_TEST((store::set_aside(db(), "20261123T150000Z", &why).error() == errc::locked));
}

BOOST_AUTO_TEST_CASE(set_aside_moves_all_of_it_and_overwrites_nothing)
{
    auto const first = store::set_aside(db(), "20261123T150000Z", &why);
    BOOST_TEST_REQUIRE(first.has_value(), why);
    BOOST_TEST(*first == path("set-aside-20261123T150000Z"));
    BOOST_TEST(!std::filesystem::exists(db()));
    BOOST_TEST(number_in(*first + "/chaind.db", "SELECT applied FROM meta") == 50);
    BOOST_TEST(number_in(*first + "/chaind.db", "SELECT promise FROM meta") == 7);

    BOOST_TEST(open(options())->end().at == seq(0));
    auto const second = store::set_aside(db(), "20261123T150000Z", &why);
    BOOST_TEST_REQUIRE(second.has_value(), why);
    BOOST_TEST(*second == path("set-aside-20261123T150000Z-2"));
    BOOST_TEST(number_in(*first + "/chaind.db", "SELECT applied FROM meta") == 50);
    BOOST_TEST(number_in(*second + "/chaind.db", "SELECT applied FROM meta") == 0);
}

BOOST_AUTO_TEST_CASE(what_was_installed_is_still_there_after_a_power_cut)
{
    watched_folders folders;
    BOOST_TEST_REQUIRE(!store::install_snapshot(part, db(), identity(), &why), why);
    folders.power_cut();
    expect_new();
}

BOOST_AUTO_TEST_CASE(what_was_set_aside_does_not_come_back_after_a_power_cut)
{
    watched_folders folders;
    auto const moved_to = store::set_aside(db(), "x", &why);
    BOOST_TEST_REQUIRE(moved_to.has_value(), why);
    folders.power_cut();
    BOOST_TEST(!std::filesystem::exists(db()));
    BOOST_TEST(std::filesystem::exists(*moved_to + "/chaind.db"));
}

BOOST_AUTO_TEST_CASE(an_installation_whose_folder_cannot_be_synced_has_failed)
{
    watched_folders folders;
    folders.fail_sync(1);
    BOOST_TEST((store::install_snapshot(part, db(), identity(), &why) == errc::disk_failed), why);
    folders.power_cut();
    expect_old();
}

BOOST_AUTO_TEST_CASE(a_damaged_store_is_set_aside_as_it_is)
{
    auto bytes = file_bytes(db());
    bytes.replace(0, 100, 100, '\xff');
    write_file(db(), bytes);
    auto wal = file_bytes(db() + "-wal");
    wal.replace(0, 32, 32, '\xff');
    write_file(db() + "-wal", wal);
    auto const moved_to = store::set_aside(db(), "x", &why);
    BOOST_TEST_REQUIRE(moved_to.has_value(), why);
    BOOST_TEST((file_bytes(*moved_to + "/chaind.db") == bytes));
    BOOST_TEST((file_bytes(*moved_to + "/chaind.db-wal") == wal));
    BOOST_TEST(!std::filesystem::exists(db() + "-wal"));
}

// A disk that is full takes a part of what is written first, and says why with the rest.
BOOST_AUTO_TEST_CASE(what_keeps_a_backup_from_being_copied_is_said_of_the_file_that_is_written)
{
    auto const backup = other.path("s");
    rlimit before = {};
    BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    auto const handled = std::signal(SIGXFSZ, SIG_IGN);
    rlimit const low{10'000, before.rlim_max};
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &low) == 0);
    std::filesystem::create_directory(path("new"));
    auto const to = path("new/chaind.db");
    auto const restored = store::restore_backup(backup, to, numbered<store_id>(30), &why);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handled);
    BOOST_TEST((restored.error() == errc::disk_failed));
    BOOST_TEST(why == "cannot copy " + backup + " to " + to + ".restored: File too large");
    BOOST_TEST(std::filesystem::is_empty(path("new")));
}

BOOST_AUTO_TEST_CASE(a_backup_becomes_a_store_that_says_so_until_a_chain_has_it)
{
    auto const backup = other.path("s");
    auto const bytes = file_bytes(backup);
    BOOST_TEST(
        (store::restore_backup(backup, db(), numbered<store_id>(30), &why).error() == errc::disk_failed)
    );
    BOOST_TEST(why == db() + " exists already");

    auto how = options();
    how.path = path("new/chaind.db");
    std::filesystem::create_directory(path("new"));
    {
        // Another one is just restoring there, and has come this far.
        std::string holder;
        auto const held = sqlite::process_lock::take(how.path + ".lock", holder);
        std::ofstream(how.path + ".restored") << "its";
        auto const second = store::restore_backup(backup, how.path, numbered<store_id>(30), &why);
        BOOST_TEST((second.error() == errc::locked));
        BOOST_TEST(std::filesystem::file_size(how.path + ".restored") == 3);
    }
    // That one was killed: nobody begins with an empty store in its place, until it is repeated.
    BOOST_TEST((store::sqlite_store::open(how).error() == errc::store_damaged));
    BOOST_TEST(!std::filesystem::exists(how.path));
    auto const restored = store::restore_backup(backup, how.path, numbered<store_id>(30), &why);
    BOOST_TEST_REQUIRE(restored.has_value(), why);
    BOOST_TEST((*restored == manifest));
    BOOST_TEST((file_bytes(backup) == bytes));
    {
        auto made = open(how);
        BOOST_TEST(made->id() == numbered<store_id>(30));
        BOOST_TEST(!made->cluster());
        auto const found = made->recover().value();
        BOOST_TEST(found.restored);
        BOOST_TEST((found.promised == chain_config{}));
        BOOST_TEST(found.applied.at == seq(200));
        auto without = promise_of(3);
        BOOST_TEST(!write_one(*made, write_of(1).promises(without)));
    }
    BOOST_TEST(open(how)->recover().value().restored);
    {
        auto made = open(how);
        auto with = promise_of(4);
        with.members[1].store = numbered<store_id>(30);
        BOOST_TEST(!write_one(*made, write_of(1).promises(with)));
        BOOST_TEST(!made->recover().value().restored);
    }
    BOOST_TEST(!open(how)->recover().value().restored);
}

// As they were made before rooms were counted, promises named and keys forgotten.
BOOST_AUTO_TEST_CASE(a_snapshot_of_schema_3_becomes_a_store)
{
    tamper(other.db(), nothing_in_later_columns);
    {
        auto db = sqlite::database::open(other.db(), sqlite::database::access::create);
        BOOST_TEST_REQUIRE(db.has_value());
        store::keep_sum(**db, store::sum_of_rows(**db));
    }
    auto const made_before = other.snapshot("before");
    auto const old_part = path("before.part");
    std::filesystem::copy_file(other.path("before"), old_part);
    tamper(old_part, without_later_columns + "PRAGMA user_version = 3");
    auto const checked = store::check_snapshot(old_part, &why);
    BOOST_TEST_REQUIRE(checked.has_value(), why);
    BOOST_TEST((*checked == made_before));
    auto const failed = store::install_snapshot(old_part, db(), identity(), &why);
    BOOST_TEST_REQUIRE(!failed, why);
    auto made = open(options());
    BOOST_TEST(number_in(db(), "PRAGMA user_version") == store::newest_schema());
    BOOST_TEST((made->recover().value().promised == identity().promised));
    BOOST_TEST(!write_one(*made, write_of(1).promises(promise_of(11))));
    BOOST_TEST((made->recover().value().promised == promise_of(11)));
}

BOOST_AUTO_TEST_CASE(a_damaged_backup_is_not_restored)
{
    tamper(other.path("s"), "UPDATE chat_message SET body = 'other' WHERE id = 7");
    std::filesystem::create_directory(path("new"));
    BOOST_TEST((
        store::restore_backup(other.path("s"), path("new/chaind.db"), numbered<store_id>(30), &why).error() ==
        errc::store_damaged
    ));
    BOOST_TEST(why.find("digest") != std::string::npos);
    BOOST_TEST(why.starts_with(other.path("s") + ": "), why);
    // The lock stays, as it does wherever a store has been.
    std::filesystem::remove(path("new/chaind.db.lock"));
    BOOST_TEST(std::filesystem::is_empty(path("new")));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(
    a_power_cut_while_the_identity_is_written_leaves_a_part_that_is_checked_again, disk_fixture
)
{
    auto made = open();
    log_writer log;
    std::vector<chain::entry> rows;
    while (rows.size() < 50)
        rows.push_back(chat_entry(log));
    BOOST_TEST_REQUIRE(!write_one(*made, write_of(1).adds(rows).applies(50)));
    BOOST_TEST_REQUIRE(store::make_snapshot("db", "part", {.vfs = disk.name()}).has_value());
    auto const sound = disk.read("part");
    made.reset();
    for (std::uint64_t n = 1; n < 8; ++n)
    {
        disk.replace("part", sound);
        disk.fail_at(n, fault_disk::kind::io_error, true);
        std::string why;
        auto const failure = store::give_identity("part", {.store = numbered<store_id>(2)}, why, disk.name());
        bool const happened = disk.fault_happened();
        disk.power_loss();
        disk.no_more_faults();
        if (!happened) break;
        BOOST_TEST(!!failure, n);
        // Either still the snapshot that it was, or nothing that passes for one.
        auto const checked = store::check_snapshot("part", nullptr, {}, disk.name());
        BOOST_TEST((!checked || disk.read("part") == sound), n);
    }
}

// The schema of version 1 as it was released. What came since: meta.restored, chat_counters.row_sum,
// and what without_later_columns drops.
BOOST_FIXTURE_TEST_CASE(a_store_of_schema_1_opens_as_it_was, snapshot_fixture)
{
    filled(20);
    tamper(db(), nothing_in_later_columns);
    auto const state = state_digest(db());
    tamper(
        db(),
        without_later_columns +
            "CREATE TABLE old_meta (one INTEGER PRIMARY KEY CHECK (one = 1), store BLOB NOT NULL, cluster "
            "BLOB,"
            " boot BLOB NOT NULL, promise INTEGER NOT NULL, promise_state INTEGER NOT NULL, joiner TEXT,"
            " applied INTEGER NOT NULL, applied_epoch INTEGER NOT NULL, applied_hash BLOB NOT NULL,"
            " applied_ts_us INTEGER NOT NULL, base INTEGER NOT NULL, base_epoch INTEGER NOT NULL,"
            " base_hash BLOB NOT NULL, base_ts_us INTEGER NOT NULL) STRICT;"
            "INSERT INTO old_meta SELECT one, store, cluster, boot, promise, promise_state, joiner, applied, "
            "applied_epoch,"
            " applied_hash, applied_ts_us, base, base_epoch, base_hash, base_ts_us FROM meta;"
            "DROP TABLE meta; ALTER TABLE old_meta RENAME TO meta;"
            "ALTER TABLE chat_counters DROP COLUMN row_sum;"
            "PRAGMA user_version = 1"
    );

    auto made = open(options());

    BOOST_TEST(number_in(db(), "PRAGMA user_version") == store::newest_schema());
    BOOST_TEST(made->id() == numbered<store_id>(7));
    BOOST_TEST(!made->recover().value().restored);
    BOOST_TEST(made->applied().at == seq(20));
    BOOST_TEST(state_digest(db()) == state);
    fill(*made, log, 30);
    // The sum of the rows was made when it became one of version 3, and kept since.
    std::string why;
    BOOST_TEST(store::make_snapshot(db(), path("s"), {}, &why).has_value(), why);
}

BOOST_FIXTURE_TEST_CASE(what_would_be_written_into_a_deleted_or_replaced_file_is_refused, snapshot_fixture)
{
    filled(5);
    for (bool const replaced : {false, true})
    {
        auto made = open(options());
        auto const e = chat_entry(log);
        std::filesystem::rename(db(), path("away"));
        if (replaced) std::filesystem::copy_file(path("away"), db());
        BOOST_TEST((write_one(*made, write_of(6).adds({e}).applies(e.at.value())) == errc::disk_failed));
        BOOST_TEST(
            made->failure_text().find("deleted or replaced") != std::string::npos, made->failure_text()
        );
        made.reset();
        std::filesystem::rename(path("away"), db());
    }
}

}  // namespace chaind::test
