// How much of a store a start reads, and what it believes of the rest.
#include "unit/store/snapshot_fixture.hpp"

namespace chaind::test
{
namespace
{

struct start_fixture : snapshot_fixture
{
    store::store_options on(std::string const& boot) const
    {
        auto how = options();
        how.kernel = boot;
        how.verify_rows = 100;
        return how;
    }
    // A store that a process of that boot has left.
    void left_by(std::string const& boot, std::uint64_t entries = 3000)
    {
        auto const made = open(on(boot));
        fill(*made, log, entries);
    }
    store::store_standing found(std::string const& boot)
    {
        auto const made = open(on(boot));
        BOOST_TEST(made->recover().value().rows_suspect == made->standing().suspect);
        return made->standing();
    }
    error_code refusal(std::string const& boot)
    {
        auto opened = store::sqlite_store::open(on(boot));
        return opened ? error_code{} : opened.error();
    }
    // In the middle of a table that no start needs.
    void spoil_a_page()
    {
        tamper(db(), "PRAGMA wal_checkpoint(TRUNCATE)");
        auto const page = number_in(
            db(),
            "SELECT pageno FROM dbstat WHERE name = 'chat_message' AND pagetype = 'leaf' LIMIT 1 OFFSET 9"
        );
        auto bytes = file_bytes(db());
        std::fill_n(bytes.begin() + (page - 1) * 4096, 4096, '\x5a');
        write_file(db(), bytes);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(starting, start_fixture)

BOOST_AUTO_TEST_CASE(a_file_of_the_same_boot_is_not_read)
{
    left_by("boot-1");
    spoil_a_page();
    BOOST_TEST(!refusal("boot-1"));
    auto const known = found("boot-1");
    BOOST_TEST(!known.other_boot);
    BOOST_TEST(!known.suspect);
}

BOOST_AUTO_TEST_CASE(a_file_of_which_nothing_is_known_is_read_as_a_whole)
{
    left_by("");
    spoil_a_page();
    BOOST_TEST((refusal("boot-1") == errc::store_damaged));
    BOOST_TEST((refusal("") == errc::store_damaged));
}

BOOST_AUTO_TEST_CASE(a_copy_is_another_file)
{
    left_by("boot-1");
    spoil_a_page();
    std::filesystem::copy_file(db(), path("copy"));
    std::filesystem::rename(path("copy"), db());
    BOOST_TEST((refusal("boot-1") == errc::store_damaged));
}

BOOST_AUTO_TEST_CASE(where_the_disk_has_failed_everything_is_read)
{
    left_by("boot-1");
    spoil_a_page();
    write_file(db() + "-distrusted", "it failed\n");
    BOOST_TEST((refusal("boot-1") == errc::store_damaged));
}

BOOST_AUTO_TEST_CASE(after_another_boot_the_newest_rows_are_looked_at)
{
    left_by("boot-1");
    auto const sound = found("boot-2");
    BOOST_TEST(sound.other_boot);
    BOOST_TEST(!sound.suspect);
    BOOST_TEST(!found("boot-2").other_boot);

    tamper(db(), "DELETE FROM chat_message WHERE id = (SELECT max(id) FROM chat_message)");
    BOOST_TEST(!found("boot-2").suspect);
    BOOST_TEST(found("boot-3").suspect);
    // Until somebody has proven them, whoever starts it.
    BOOST_TEST(found("boot-3").suspect);
    auto const made = open(on("boot-3"));
    BOOST_TEST(!made->note_rows(true, 77));
    BOOST_TEST(!made->standing().suspect);
}

BOOST_AUTO_TEST_CASE(what_was_found_of_the_rows_is_known_at_the_next_start)
{
    left_by("boot-1");
    {
        auto const made = open(on("boot-1"));
        BOOST_TEST(made->standing().scrubbed_ms == 0);
        BOOST_TEST(!made->note_rows(true, 1234));
    }
    {
        auto const made = open(on("boot-1"));
        BOOST_TEST(made->standing().scrubbed_ms == 1234);
        BOOST_TEST(!made->note_rows(false, 0));
    }
    auto const made = open(on("boot-1"));
    BOOST_TEST(made->standing().suspect);
    BOOST_TEST(made->standing().scrubbed_ms == 1234);
}

BOOST_AUTO_TEST_CASE(an_installed_snapshot_counts_as_read_then)
{
    left_by("boot-1");
    snapshot("part");
    std::string why;
    BOOST_TEST(!store::install_snapshot(path("part"), db(), {.store = numbered<store_id>(9)}, &why), why);
    auto how = on("boot-1");
    how.quick_check = false;
    BOOST_TEST(open(how)->standing().scrubbed_ms > 1'700'000'000'000);
    BOOST_TEST(!found("boot-1").other_boot);
}

BOOST_AUTO_TEST_CASE(the_size_of_the_log_is_kept)
{
    auto how = on("boot-1");
    how.log_keep_entries = 500;
    auto const kept = [&] { return number_in(db(), "SELECT log_bytes FROM meta"); };
    auto const counted = [&]
    { return number_in(db(), "SELECT count(*) * 64 + sum(length(command)) FROM log"); };
    {
        auto made = open(how);
        fill(*made, log, 1000, 20);
        BOOST_TEST(kept() == counted());
        made->allow_drop(seq(900));
        BOOST_TEST(!write_one(*made, write_of(1).cuts_after(990)));
        BOOST_TEST(kept() == counted());
    }
    auto made = open(how);
    made->allow_drop(seq(900));
    BOOST_TEST(!write_one(*made, write_of(2).applies(985)));
    BOOST_TEST(made->base().at > seq(0));
    BOOST_TEST(kept() == counted());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(what_a_start_reads_does_not_grow_with_the_store, disk_fixture)
{
    auto how = options();
    how.kernel = "boot-1";
    how.verify_rows = 100;
    log_writer log;
    std::vector<std::uint64_t> reads;
    for (std::uint64_t const entries : {2'000, 20'000})
    {
        {
            auto made = open(how);
            snapshot_fixture::fill(*made, log, entries);
        }
        open(how);  // whatever the last one left in the -wal
        for (std::string const boot : {"boot-1", "boot-2"})
        {
            how.kernel = boot;
            auto const before = disk.reads();
            open(how);
            reads.push_back(disk.reads() - before);
        }
        how.kernel = "boot-1";
    }
    BOOST_TEST_MESSAGE(reads[0] << ' ' << reads[1] << ' ' << reads[2] << ' ' << reads[3] << " reads");
    BOOST_TEST(reads[2] <= reads[0] + 100);
    BOOST_TEST(reads[3] <= reads[1] + 100);
}

}  // namespace chaind::test
