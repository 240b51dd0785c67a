// Any failing operation: the store says so, reports nothing more, touches the disk no more, and what it had
// reported is there when the disk works again.
#include "unit/store/store_fixture.hpp"

namespace chaind::test
{
namespace
{

struct fault_run
{
    std::uint64_t committed = 0;  // writes reported as durable
    bool failed = false;
    bool hit = false;  // the disk did fail, before closing
};

struct fault_fixture : disk_fixture
{
    static constexpr std::uint64_t steps = 12;

    // One row a write, the row before applied.
    fault_run run(fault_disk::kind what, bool lasting, std::uint64_t n)
    {
        disk.wipe();
        auto how = options();
        how.wal_pages = 8;
        auto made = open(how);
        disk.fail_at(n, what, lasting);
        fault_run out;
        log_writer log;
        while (out.committed < steps && !out.failed)
        {
            auto const next = out.committed + 1;
            out.failed = write_one(*made, write_of(next).adds({log.next(1)}).applies(next - 1)).failed();
            if (!out.failed) ++out.committed;
            if (!out.failed) out.failed = made->tidy().failed();
        }
        if (out.failed) check_that_it_stays_stopped(*made, log);
        out.hit = disk.fault_happened();
        auto const operations = disk.operations();
        made.reset();
        if (out.failed) BOOST_TEST(disk.operations() == operations, "closing wrote to a failed disk");
        return out;
    }

    void check_that_it_stays_stopped(store::sqlite_store& failed, log_writer& log)
    {
        disk.no_more_faults();  // now a retry would succeed, without what was lost
        auto const operations = disk.operations();
        bool told = false;
        store::store_observer const listening{
            .applied = [&](auto) { told = true; }, .checkpoint = [](auto const&) {}
        };
        std::vector<chain::store_write> const more{
            write_of(99).adds({log.next(1)}), write_of(100).applies(1)
        };
        BOOST_TEST((failed.perform(more, listening) == errc::disk_failed));
        BOOST_TEST((failed.read_log(seq(1), 1000).error() == errc::disk_failed));
        BOOST_TEST((failed.tidy() == errc::disk_failed));
        BOOST_TEST(!told);
        BOOST_TEST(!failed.failure_text().empty());
        BOOST_TEST(disk.operations() == operations);
    }

    void check_what_is_left(fault_run const& after)
    {
        auto again = open();
        auto const end = again->end().at.value();
        BOOST_TEST(
            (end == after.committed || (after.failed && end == after.committed + 1)),
            end << " of " << after.committed
        );
        BOOST_TEST(again->applied().at.value() == (end == 0 ? 0 : end - 1));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(faults, fault_fixture)

BOOST_AUTO_TEST_CASE(a_failing_operation_stops_the_store_for_good)
{
    for (auto const what : {fault_disk::kind::io_error, fault_disk::kind::no_space})
    {
        for (bool const lasting : {false, true})
        {
            std::uint64_t n = 0;
            fault_run last;
            do
            {
                ++n;
                BOOST_TEST_CONTEXT("kind " << static_cast<int>(what) << " lasting " << lasting << " n " << n)
                {
                    last = run(what, lasting, n);
                    // A checkpoint without room leaves what it has to move where it is.
                    bool const may_go_on = what == fault_disk::kind::no_space && !lasting;
                    BOOST_TEST((last.failed == last.hit || (last.hit && may_go_on)));
                    disk.no_more_faults();
                    disk.power_loss();
                    check_what_is_left(last);
                }
            } while (last.hit);
            BOOST_TEST(last.committed == steps);
            BOOST_TEST(n > steps);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_failing_read_never_makes_a_wrong_answer)
{
    // Thirty accounts, and each once more: the second answer is the first one, read from the disk.
    log_writer log;
    std::vector<chain::entry> rows;
    for (std::uint64_t n = 0; n < 60; ++n)
    {
        rows.push_back(log.next(1, account_command(n % 30)));
    }
    {
        auto made = open();
        BOOST_TEST_REQUIRE(!write_one(*made, write_of(1).adds(rows)));
        BOOST_TEST_REQUIRE(!write_one(*made, write_of(2).applies(30)));
    }
    auto const whole = disk.read("db");
    int failures = 0;
    bool passed = false;
    for (std::uint64_t n = 1; !passed; ++n)
    {
        disk.wipe();
        disk.replace("db", whole);
        auto how = options();
        how.quick_check = false;  // would read the whole file into memory
        how.verify_rows = 0;
        auto made = open(how);
        disk.fail_read_at(n, false);
        std::vector<chat::applied> told;
        store::store_observer const listening{
            .applied = [&](std::vector<chat::applied> what)
            { told.insert(told.end(), what.begin(), what.end()); },
            .checkpoint = [](auto const&) {},
        };
        chain::store_write const apply = write_of(3).applies(60);
        passed = !made->perform({&apply, 1}, listening);
        BOOST_TEST(passed == !disk.fault_happened());
        if (!passed) ++failures;
        for (std::size_t i = 0; i < told.size(); ++i)
        {
            BOOST_TEST_CONTEXT("read " << n << " entry " << told[i].pos)
            {
                BOOST_TEST(told[i].pos.value() == 31 + i);
                BOOST_TEST(told[i].dup);
                auto const* account = std::get_if<chat::account_created>(&told[i].result);
                BOOST_TEST_REQUIRE(account);
                BOOST_TEST(account->uid.value() == 1 + i);
            }
        }
        if (passed) BOOST_TEST(told.size() == 30u);
    }
    BOOST_TEST(failures > 0);
}

BOOST_AUTO_TEST_CASE(a_disk_that_fails_while_the_store_opens_is_no_store)
{
    bool opened = false;
    for (std::uint64_t n = 1; !opened; ++n)
    {
        disk.wipe();
        disk.fail_at(n, fault_disk::kind::io_error, true);
        std::string why;
        auto made = store::sqlite_store::open(options(), &why);
        opened = made.has_value();
        BOOST_TEST(opened == !disk.fault_happened());
        if (opened) break;
        BOOST_TEST((made.error() == errc::disk_failed), made.error().message());
        BOOST_TEST(!why.empty());
        disk.no_more_faults();
        disk.power_loss();
        BOOST_TEST((open()->end() == log_point{}));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
