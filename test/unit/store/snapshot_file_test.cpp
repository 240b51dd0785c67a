// Snapshot files: what is in them, made beside a writer, and no lie in them goes unnoticed.
#include "unit/store/snapshot_fixture.hpp"

#include <algorithm>
#include <random>

#include <sys/stat.h>

namespace chaind::test
{

BOOST_FIXTURE_TEST_SUITE(snapshot_files, snapshot_fixture)

BOOST_AUTO_TEST_CASE(a_snapshot_file_holds_the_applied_state_and_the_newest_rows_and_no_identity)
{
    auto made = filled(2500, 7);
    BOOST_TEST_REQUIRE(!made->set_cluster(numbered<cluster_id>(3)));
    BOOST_TEST_REQUIRE(!write_one(*made, write_of(9).promises(promise_of(4))));
    auto const state = state_digest(db());

    auto const manifest = snapshot("s", {.id = numbered<digest>(5), .lineage = "abc", .log_rows = 1000});

    BOOST_TEST(manifest.id == numbered<digest>(5));
    BOOST_TEST(manifest.cluster == to_string(numbered<cluster_id>(3)));
    BOOST_TEST(manifest.lineage == "abc");
    BOOST_TEST((manifest.at == made->applied()));
    BOOST_TEST(manifest.at.at == seq(2493));
    BOOST_TEST(manifest.state == state);
    BOOST_TEST(manifest.messages == 2491u);
    BOOST_TEST(manifest.accounts == 1u);
    BOOST_TEST(manifest.bytes == std::filesystem::file_size(path("s")));
    BOOST_TEST((store::read_manifest(path("s")).value() == manifest));
    std::string why;
    auto const checked = store::check_snapshot(path("s"), &why);
    BOOST_TEST_REQUIRE(checked.has_value(), why);
    BOOST_TEST((*checked == manifest));

    struct stat found = {};
    BOOST_TEST_REQUIRE(::stat(path("s").c_str(), &found) == 0);
    BOOST_TEST((found.st_mode & 0777) == 0600u);
    BOOST_TEST(number_in(path("s"), "SELECT count(*) FROM log") == 1000);
    BOOST_TEST(number_in(path("s"), "SELECT base FROM meta") == 1493);
    BOOST_TEST(number_in(path("s"), "SELECT max(seq) FROM log") == 2493);
    BOOST_TEST(number_in(path("s"), "SELECT promise FROM meta") == 0);
    BOOST_TEST(number_in(path("s"), "SELECT store = zeroblob(16) AND cluster IS NULL FROM meta") == 1);
}

// They are on the disks of all machines, and may be acknowledged, one write before they are applied.
BOOST_AUTO_TEST_CASE(a_backup_holds_also_what_is_not_applied_yet)
{
    auto made = filled(2500, 7);
    auto const manifest = snapshot("s", {.log_rows = 1000, .to_the_end = true});
    BOOST_TEST(manifest.at.at == seq(2500));
    BOOST_TEST(manifest.messages == 2498u);
    std::string why;
    auto const checked = store::check_snapshot(path("s"), &why);
    BOOST_TEST_REQUIRE(checked.has_value(), why);
    BOOST_TEST((*checked == manifest));
    BOOST_TEST_REQUIRE(!write_one(*made, write_of(9).applies(2500)));
    BOOST_TEST(state_digest(db()) == manifest.state);
    BOOST_TEST((made->applied() == manifest.at));
}

BOOST_AUTO_TEST_CASE(the_writer_goes_on_meanwhile)
{
    auto made = filled(300);
    auto const before = made->applied();
    bool wrote = false;
    std::uint64_t reported = 0;
    store::long_work work;
    work.progress = [&](std::uint64_t done, std::uint64_t all)
    {
        if (!std::exchange(wrote, true)) fill(*made, log, 900);
        BOOST_TEST(done >= reported);
        BOOST_TEST(done <= all);
        reported = done;
    };

    auto const manifest = store::make_snapshot(db(), path("s"), {}, nullptr, work);

    BOOST_TEST_REQUIRE(manifest.has_value());
    BOOST_TEST(wrote);
    BOOST_TEST((manifest->at == before));
    BOOST_TEST(made->applied().at == seq(900));
    BOOST_TEST((store::check_snapshot(path("s")).value() == *manifest));
}

BOOST_AUTO_TEST_CASE(work_that_is_cancelled_leaves_nothing)
{
    filled(3000);
    std::atomic<bool> cancelled = false;
    store::long_work work{
        .progress = [&](std::uint64_t, std::uint64_t) { cancelled = true; }, .cancelled = &cancelled
    };

    std::string why;
    BOOST_TEST((store::make_snapshot(db(), path("s"), {}, &why, work).error() == errc::stopped));

    BOOST_TEST(!std::filesystem::exists(path("s")));
    snapshot("t");
    BOOST_TEST((store::check_snapshot(path("t"), nullptr, work).error() == errc::stopped));
}

// SQLite quotes names from the schema that it cannot read, and others read the sentence as UTF-8.
BOOST_AUTO_TEST_CASE(what_is_said_of_a_damaged_file_is_legible)
{
    filled(10);
    snapshot("s");
    auto const whole = file_bytes(path("s"));
    std::string const name = "chat_member";
    int refused = 0;
    for (auto at = whole.find(name); at != std::string::npos; at = whole.find(name, at + 1))
    {
        auto damaged = whole;
        damaged[at + 8] = '\xe5';
        write_file(path("t"), damaged);
        std::string why;
        if (store::check_snapshot(path("t"), &why).has_error()) ++refused;
        BOOST_TEST(std::all_of(why.begin(), why.end(), [](char c) { return c >= ' ' && c <= '~'; }), why);
    }
    BOOST_TEST(refused > 0);
    // Nor is a text of the manifest passed on that nobody can have written there.
    tamper(path("s"), "UPDATE snapshot_manifest SET lineage = CAST(x'e5' AS TEXT)");
    BOOST_TEST(store::check_snapshot(path("s")).has_error());
}

BOOST_AUTO_TEST_CASE(nothing_is_overwritten_and_nothing_comes_of_a_file_that_is_none)
{
    filled(10);
    write_file(path("s"), "precious");
    std::string why;
    BOOST_TEST(store::make_snapshot(db(), path("s"), {}, &why).has_error());
    BOOST_TEST(why.find(path("s")) != std::string::npos);
    BOOST_TEST(file_bytes(path("s")) == "precious");
    BOOST_TEST(store::make_snapshot(path("absent"), path("t"), {}, &why).has_error());
    BOOST_TEST(!std::filesystem::exists(path("t")));
    BOOST_TEST((store::check_snapshot(path("s"), &why).error() == errc::store_damaged));
    BOOST_TEST((store::check_snapshot(db(), &why).error() == errc::store_damaged));
    BOOST_TEST(why == db() + ": it is no snapshot file");
}

// What a disk may do to a row; and to a row together with the counters, or by bringing back what was there.
BOOST_AUTO_TEST_CASE(a_store_whose_rows_have_changed_gives_no_snapshot)
{
    filled(40);
    tamper(db(), "PRAGMA wal_checkpoint(TRUNCATE)");
    auto const bytes = file_bytes(db());
    auto const restore = [&]
    {
        for (auto const* tail : {"-wal", "-shm"})
            std::filesystem::remove(db() + tail);
        write_file(db(), bytes);
    };
    for (std::string const sql :
         {"UPDATE chat_message SET body = 'other' WHERE id = 7",
          "UPDATE chat_message SET deleted = 1 WHERE id = 7",
          "DELETE FROM chat_message WHERE id = 38",
          "INSERT INTO chat_mention VALUES (1, 1, 3)",
          "UPDATE chat_user SET password_hash = 'x'",
          "DELETE FROM chat_session",
          "UPDATE chat_conv SET last_seq = last_seq - 1",
          "UPDATE chat_member SET delivered = delivered - 1",
          "DELETE FROM chat_remembered WHERE pos = 9",
          "UPDATE chat_event SET seq = 3 WHERE pos = 9",
          "UPDATE chat_counters SET row_sum = zeroblob(16)",
          "UPDATE chat_counters SET max_message_id = max_message_id - 1",
          "UPDATE chat_counters SET at_ms = at_ms + 1",
          "UPDATE chat_message SET body = (SELECT body FROM chat_message WHERE id = 8) WHERE id = 7"})
    {
        restore();
        tamper(db(), sql);
        std::string why;
        BOOST_TEST((store::make_snapshot(db(), path("s"), {}, &why).error() == errc::rows_changed), sql);
        BOOST_TEST(why == db() + ": " + store::rows_differ, sql);
        BOOST_TEST(!std::filesystem::exists(path("s")), sql);
    }
    restore();
    snapshot("s");
}

BOOST_AUTO_TEST_CASE(every_lie_is_found)
{
    filled(40);
    snapshot("sound");
    for (std::string const sql :
         {"UPDATE snapshot_manifest SET state = zeroblob(16)",
          "UPDATE snapshot_manifest SET pos = pos - 1",
          "UPDATE snapshot_manifest SET hash = zeroblob(16)",
          "UPDATE snapshot_manifest SET messages = messages + 1",
          "UPDATE snapshot_manifest SET accounts = 0",
          "UPDATE snapshot_manifest SET id = zeroblob(16)",
          "UPDATE snapshot_manifest SET cluster = '00'",
          "UPDATE snapshot_manifest SET lineage = 'other'",
          "UPDATE snapshot_manifest SET created_ms = created_ms + 1",
          "UPDATE snapshot_manifest SET epoch = epoch + 1",
          "UPDATE snapshot_manifest SET ts_us = ts_us - 1",
          "UPDATE snapshot_manifest SET format = 'chaind.snapshot.v9'",
          "DELETE FROM snapshot_manifest",
          "DROP TABLE snapshot_manifest",
          "UPDATE meta SET store = x'00112233445566778899aabbccddeeff'",
          "UPDATE meta SET promise = 3",
          "UPDATE meta SET applied = 39",
          "UPDATE chat_counters SET max_message_id = 5",
          "UPDATE chat_counters SET users = 0",
          "UPDATE chat_message SET body = 'other' WHERE id = 7",
          "DELETE FROM chat_message WHERE id = 7",
          "DELETE FROM chat_remembered WHERE pos = 9",
          "DELETE FROM chat_session",
          "DELETE FROM log WHERE seq = 20",
          "DELETE FROM log WHERE seq = 40",
          "UPDATE log SET request = zeroblob(16) WHERE seq = 20",
          "INSERT INTO log SELECT 41, epoch, ts_us, request, command, hash FROM log WHERE seq = 40",
          "UPDATE log_epoch SET first = 2",
          "DROP INDEX chat_message_place",
          "CREATE TRIGGER t AFTER INSERT ON log BEGIN SELECT 1; END",
          "PRAGMA user_version = 1"})
    {
        auto const bytes = file_bytes(path("sound"));
        write_file(path("lie"), bytes);
        tamper(path("lie"), sql);
        std::string why;
        BOOST_TEST((store::check_snapshot(path("lie"), &why).error() == errc::store_damaged), sql);
        BOOST_TEST(!why.empty(), sql);
    }
    auto const bytes = file_bytes(path("sound"));
    write_file(path("old"), bytes);
    tamper(path("old"), "UPDATE snapshot_manifest SET format = 'chaind.snapshot.v1'");
    std::string why;
    BOOST_TEST(store::read_manifest(path("old"), &why).has_error());
    BOOST_TEST(
        why == path("old") + ": its format is chaind.snapshot.v1, this program reads chaind.snapshot.v2"
    );
    tamper(path("sound"), "PRAGMA user_version = 99");
    BOOST_TEST((store::check_snapshot(path("sound")).error() == errc::newer_schema));
}

// Also where the digest is that of the rows as they are: what comes next would have a number that is taken.
BOOST_AUTO_TEST_CASE(no_counter_is_below_the_rows_that_it_counts)
{
    filled(40);
    tamper(db(), "PRAGMA wal_checkpoint(TRUNCATE)");
    auto const sound = file_bytes(db());
    for (std::string const counter : {"max_message_id", "users", "convs", "sessions"})
    {
        write_file(db(), sound);
        tamper(db(), "UPDATE chat_counters SET " + counter + " = 0");
        {
            auto db_of_it = sqlite::database::open(db(), sqlite::database::access::create);
            BOOST_TEST_REQUIRE(db_of_it.has_value());
            store::keep_sum(**db_of_it, store::sum_of_rows(**db_of_it));
        }
        snapshot(counter);
        std::string why;
        BOOST_TEST((store::check_snapshot(path(counter), &why).error() == errc::store_damaged), counter);
        BOOST_TEST(why.ends_with("a counter is below the rows that it counts"), why);
    }
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_anywhere_is_found_or_was_of_no_consequence)
{
    filled(60);
    auto const manifest = snapshot("sound");
    auto const sound = file_bytes(path("sound"));
    std::mt19937_64 random(23);
    int found = 0;
    for (int i = 0; i < 400; ++i)
    {
        auto bytes = sound;
        auto const at = random() % bytes.size();
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        write_file(path("flipped"), bytes);
        auto const checked = store::check_snapshot(path("flipped"));
        if (!checked)
        {
            ++found;
            continue;
        }
        BOOST_TEST((*checked == manifest), "byte " << at);
    }
    BOOST_TEST(found > 50);  // most of so small a file is unused
    BOOST_TEST_MESSAGE(found << " of 400 flips found");
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_of_the_manifest_is_found)
{
    filled(10);
    auto const id = numbered<digest>(77);
    snapshot("sound", {.id = id, .lineage = "abc"});
    auto const sound = file_bytes(path("sound"));
    auto const row = sound.find("chaind.snapshot.v2" + std::string(id.view()));
    BOOST_TEST_REQUIRE(row != std::string::npos);
    auto const end = row + 18 + 16 + 32 + 3 + 6 + 1 + 1 + 16;  // up to the hash of the last log row
    for (auto at = row; at < end; ++at)
    {
        auto bytes = sound;
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 7));
        write_file(path("flipped"), bytes);
        BOOST_TEST(store::read_manifest(path("flipped")).has_error(), "byte " << at - row);
    }
}

BOOST_AUTO_TEST_CASE(a_damaged_store_is_no_source)
{
    filled(100);
    tamper(db(), "UPDATE log SET command = x'00' WHERE seq = 50");
    std::string why;
    BOOST_TEST((store::make_snapshot(db(), path("s"), {}, &why).error() == errc::store_damaged));
    BOOST_TEST(why == db() + ": log row 50 does not match its hash");
    BOOST_TEST(!std::filesystem::exists(path("s")));
}

BOOST_AUTO_TEST_CASE(files_of_two_stores_at_near_positions_share_the_chunks_of_their_messages)
{
    auto const chunks_of = [](std::filesystem::path const& file)
    {
        std::vector<digest> out;
        auto const opened = store::chunk_file::open(file.string(), false);
        BOOST_TEST_REQUIRE(opened.has_value());
        for (std::uint64_t i = 0; i < opened->chunks(); ++i)
            out.push_back(store::chunk_hash(opened->read(i).value()));
        return out;
    };
    filled(12'000);
    snapshot("s", {.log_rows = 1000});
    snapshot_fixture other;
    {
        // The same log, in other transactions and with a history of its own below.
        auto made = open(other.options());
        for (std::uint64_t upto = 500; upto <= 12'200; upto += 450)
            fill(*made, other.log, upto);
        fill(*made, other.log, 12'200);
    }
    other.snapshot("s", {.log_rows = 1000});

    auto const ours = chunks_of(path("s"));
    auto const theirs = chunks_of(other.path("s"));
    std::size_t equal = 0;
    for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i)
        equal += ours[i] == theirs[i] ? 1 : 0;

    BOOST_TEST_MESSAGE(equal << " of " << ours.size() << " chunks are equal");
    BOOST_TEST(ours.size() > 10u);
    BOOST_TEST(equal * 3 > ours.size());  // the rest: indexes, dedupe, log rows
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(a_full_or_failing_disk_at_any_write_is_an_error_and_harms_nothing, disk_fixture)
{
    auto made = open();
    log_writer log;
    std::vector<chain::entry> rows;
    while (rows.size() < 200)
        rows.push_back(chat_entry(log));
    BOOST_TEST_REQUIRE(!write_one(*made, write_of(1).adds(rows).applies(200)));
    auto const operations = [&]
    {
        auto const before = disk.operations();
        BOOST_TEST_REQUIRE(store::make_snapshot("db", "whole", {.vfs = disk.name()}).has_value());
        return disk.operations() - before;
    }();
    BOOST_TEST(operations > 20u);
    for (auto const kind : {fault_disk::kind::no_space, fault_disk::kind::io_error})
    {
        for (std::uint64_t n = 1; n <= operations; n += 1 + operations / 40)
        {
            auto const target = "s" + std::to_string(n) + (kind == fault_disk::kind::no_space ? "a" : "b");
            disk.fail_at(n, kind, false);
            std::string why;
            auto const snapshot = store::make_snapshot("db", target, {.vfs = disk.name()}, &why);
            bool const happened = disk.fault_happened();
            disk.no_more_faults();
            if (!happened) continue;
            // A fault that SQLite may ignore (its own file's removal, say) must have done no harm.
            if (snapshot)
                BOOST_TEST(store::check_snapshot(target, nullptr, {}, disk.name()).has_value(), n);
            else
                BOOST_TEST(!why.empty(), n);
        }
    }
    BOOST_TEST(store::make_snapshot("db", "last", {.vfs = disk.name()}).has_value());
    BOOST_TEST(!write_one(*made, write_of(2).adds({chat_entry(log)}).applies(201)));
}

}  // namespace chaind::test
