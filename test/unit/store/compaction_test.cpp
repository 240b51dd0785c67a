// Dropping the log's beginning: bounded, never what is not applied, and what is left is a log like any other.
#include "unit/store/snapshot_fixture.hpp"

namespace chaind::test
{

BOOST_FIXTURE_TEST_SUITE(compaction, snapshot_fixture)

BOOST_AUTO_TEST_CASE(nothing_goes_without_leave_or_need)
{
    auto how = options();
    how.log_keep_entries = 100;
    auto made = open(how);
    fill(*made, log, 300);
    BOOST_TEST(made->base().at == seq(0));

    made->allow_drop(seq(50));
    BOOST_TEST(made->base().at == seq(0));  // there is nothing to ride on
    fill(*made, log, 301);
    BOOST_TEST(made->base().at == seq(50));

    made->allow_drop(seq(301));
    fill(*made, log, 302);
    BOOST_TEST(made->base().at == seq(202));
    made->allow_drop(seq(10));  // somebody needs the rows: the newest word counts
    fill(*made, log, 303);
    BOOST_TEST(made->base().at == seq(202));
    made->allow_drop(seq(303));
    fill(*made, log, 304);
    BOOST_TEST(made->base().at == seq(204));
}

BOOST_AUTO_TEST_CASE(a_transaction_drops_a_bounded_number_of_rows_and_never_falls_behind)
{
    auto how = options();
    how.log_keep_entries = 10;
    auto made = open(how);
    fill(*made, log, 3000);
    made->allow_drop(seq(3000));
    fill(*made, log, 3001);
    BOOST_TEST(made->base().at == seq(513));
    fill(*made, log, 4000);
    BOOST_TEST(made->base().at == seq(513 + 512 + 999));
}

BOOST_AUTO_TEST_CASE(bytes_are_bounded_as_well_and_measured_at_open)
{
    auto how = options();
    {
        auto made = open(how);
        fill(*made, log, 300);
    }
    how.log_keep_bytes = 10'000;
    auto made = open(how);
    made->allow_drop(seq(300));
    fill(*made, log, 301);

    std::uint64_t bytes = 0;
    auto const rows = made->read_log(made->base().at.next(), 1u << 20).value();
    for (auto const& e : rows)
        bytes += e.bytes();
    BOOST_TEST(rows.size() == 301 - made->base().at.value());
    BOOST_TEST(bytes <= 10'000u);
    BOOST_TEST(bytes > 9'000u);
}

BOOST_AUTO_TEST_CASE(rows_that_were_cut_off_do_not_count)
{
    auto how = options();
    how.log_keep_bytes = 40'000;
    auto made = open(how);
    fill(*made, log, 50);
    auto kept = log;
    for (std::uint64_t id = 100; id < 110; ++id)
    {
        auto stale = kept;
        std::vector<chain::entry> rows;
        while (rows.size() < 50)
            rows.push_back(chat_entry(stale));
        BOOST_TEST_REQUIRE(!write_one(*made, write_of(id).cuts_after(50).adds(std::move(rows))));
    }
    BOOST_TEST_REQUIRE(!write_one(*made, write_of(200).cuts_after(50)));
    made->allow_drop(seq(50));
    fill(*made, log, 51);
    BOOST_TEST(made->base().at == seq(0));
}

BOOST_AUTO_TEST_CASE(what_is_left_reads_recovers_and_goes_on)
{
    auto how = options();
    how.log_keep_entries = 500;
    std::vector<chain::entry> all;
    {
        log_writer again;
        while (all.size() < 2500)
            all.push_back(chat_entry(again));
    }
    {
        auto made = open(how);
        fill(*made, log, 2400);
        made->allow_drop(seq(2400));
        for (std::uint64_t upto = 2401; upto <= 2405; ++upto)
            fill(*made, log, upto);
        fill(*made, log, 2410, 5);
    }
    auto made = open(how);
    auto const base = made->base();
    BOOST_TEST(base.at == seq(1910));
    BOOST_TEST((base == all[1909].point()));
    BOOST_TEST(made->read_log(seq(1910), 1u << 20).value().empty());
    BOOST_TEST(made->read_log(seq(1), 1u << 20).value().empty());
    auto const rows = made->read_log(seq(1911), 1u << 30).value();
    BOOST_TEST_REQUIRE(rows.size() == 500u);
    BOOST_TEST((rows.front().point() == all[1910].point()));
    auto const found = made->recover().value();
    BOOST_TEST((found.base == base));
    BOOST_TEST(found.suffix.size() == 5u);
    std::vector<std::pair<epoch, seq>> const epochs{{epoch(2), seq(1911)}, {epoch(3), seq(2000)}};
    BOOST_TEST((found.epochs == epochs));

    BOOST_TEST_REQUIRE(
        !write_one(*made, write_of(99).cuts_after(2407).adds({all.begin() + 2407, all.end()}).applies(2500))
    );
    BOOST_TEST((made->end() == all.back().point()));
}

BOOST_AUTO_TEST_CASE(a_log_without_rows_goes_on_too)
{
    auto how = options();
    how.log_keep_entries = 0;
    {
        auto made = open(how);
        fill(*made, log, 100);
        made->allow_drop(seq(100));
        BOOST_TEST_REQUIRE(!write_one(*made, write_of(2).promises(promise_of(2))));
        BOOST_TEST((made->base() == log.end()));
    }
    auto made = open(how);
    BOOST_TEST((made->end() == log.end()));
    BOOST_TEST(made->recover().value().epochs.empty());
    fill(*made, log, 101);
    BOOST_TEST(made->read_log(seq(101), 1u << 20).value().size() == 1u);
}

BOOST_AUTO_TEST_CASE(leave_above_the_applied_mark_is_a_broken_invariant)
{
    auto made = filled(100, 10);
    made->allow_drop(seq(91));
    BOOST_TEST((write_one(*made, write_of(2).promises(promise_of(1))) == errc::store_damaged));
    BOOST_TEST(made->failure_text() == "broken invariant: compaction above the applied mark");
}

BOOST_AUTO_TEST_CASE(what_clients_missed_can_still_be_told)
{
    auto how = options();
    how.log_keep_entries = 10;
    auto made = open(how);
    fill(*made, log, 200);
    made->allow_drop(seq(200));
    fill(*made, log, 201);
    BOOST_TEST_REQUIRE(made->base().at == seq(191));

    auto db = sqlite::database::open(options().path, sqlite::database::access::read_only).value();
    store::chat_reader reader(*db);
    reader.begin();
    auto const page = reader.events(chat::user_id(1), seq(20));
    reader.end();
    BOOST_TEST(page.events.size() == 181u);
    BOOST_TEST(page.upto == seq(201));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(a_crash_in_a_compaction_leaves_the_old_log_or_the_new_one, disk_fixture)
{
    auto how = options();
    how.log_keep_entries = 20;
    for (std::uint64_t n = 1; n < 12; ++n)
    {
        disk.wipe();
        log_writer log;
        {
            auto made = open(how);
            BOOST_TEST_REQUIRE(!write_one(*made, write_of(1).adds(log.next_few(100, 1)).applies(100)));
            made->allow_drop(seq(100));
            disk.fail_at(n, fault_disk::kind::io_error, true);
            static_cast<void>(write_one(*made, write_of(2).adds(log.next_few(1, 1)).applies(101)));
            disk.power_loss();
        }
        disk.no_more_faults();
        auto made = open(how);
        auto const base = made->base().at;
        BOOST_TEST((base == seq(0) || base == seq(81)), base);
        BOOST_TEST(made->read_log(base.next(), 1u << 20).value().size() == made->end().at - base);
    }
}

}  // namespace chaind::test
