// A sync fails, the process ends and begins again on the same machine: what was lost can still be read there,
// and looks sound. Nothing that is reported after that may depend on it when the power fails.
#include "unit/store/store_fixture.hpp"

#include <random>

namespace chaind::test
{
namespace
{

struct failed_sync_fixture : disk_fixture
{
    using fate = fault_disk::fate;

    // Opens the store as a new process; nothing when the disk fails meanwhile.
    std::unique_ptr<store::sqlite_store> start()
    {
        auto how = options();
        how.wal_pages = 6;
        how.boot = numbered<boot_id>(static_cast<std::uint8_t>(++boots));
        std::string why;
        auto opened = store::sqlite_store::open(how, &why);
        if (opened) return std::move(*opened);
        BOOST_TEST((opened.error() == errc::disk_failed), why);
        return nullptr;
    }

    // Writes up to `count` rows, one at a time. False: the disk has failed.
    bool goes_on(store::sqlite_store& on, int count)
    {
        reported = std::max(reported, on.end().at.value());
        log_writer log(on.end());
        for (int i = 0; i < count; ++i)
        {
            auto const applied = on.end().at.value();
            if (write_one(on, write_of(++writes).adds({log.next(1)}).applies(applied))) return false;
            reported = on.end().at.value();
            if (on.tidy()) return false;
        }
        return true;
    }

    // From the first open on, with a fault at operation `n`. False: it never came to that.
    bool a_life_with_a_fault_at(std::uint64_t n)
    {
        disk.wipe();
        reported = writes = 0;
        disk.fail_at(n, fault_disk::kind::io_error, false);
        if (auto first = start()) goes_on(*first, 8);
        bool const happened = disk.fault_happened();
        disk.no_more_faults();
        disk.kill();
        return happened;
    }

    std::uint64_t reported = 0;  // durable, as a heartbeat would have it
    std::uint64_t writes = 0;
    std::uint64_t boots = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(failed_sync, failed_sync_fixture)

BOOST_AUTO_TEST_CASE(what_is_reported_after_a_failed_operation_and_a_restart_survives_a_power_cut)
{
    std::mt19937_64 random(7);
    auto const nothing = [] { return fate::lost; };
    auto const anything = [&] { return static_cast<fate>(random() % 3); };
    std::uint64_t n = 0;
    for (bool happened = true; happened;)
    {
        ++n;
        for (int const round : {0, static_cast<int>(1 + random() % 5)})
        {
            BOOST_TEST_CONTEXT("operation " << n << " round " << round)
            {
                if (round % 2 == 0)
                    disk.when_a_sync_fails(nothing);
                else
                    disk.when_a_sync_fails(anything);
                happened = a_life_with_a_fault_at(n);
                if (round % 3 == 2) disk.forget_what_is_lost();
                {
                    auto again = start();
                    BOOST_TEST_REQUIRE(again);
                    BOOST_TEST(again->end().at.value() >= reported);
                    BOOST_TEST(goes_on(*again, round));
                    disk.kill();
                }
                disk.power_loss(round < 3 ? std::function<fate()>(nothing) : anything);
                auto third = start();
                BOOST_TEST_REQUIRE(third);
                BOOST_TEST(third->end().at.value() >= reported);
                BOOST_TEST(goes_on(*third, 3));
                disk.kill();
            }
        }
    }
    BOOST_TEST(n > 30u);
}

// The second process does not get far, and the third one is not the last: at each operation after the restart
// the power fails.
BOOST_AUTO_TEST_CASE(a_power_cut_while_the_next_start_puts_things_right_loses_nothing_that_was_reported)
{
    std::mt19937_64 random(8);
    auto const anything = [&] { return static_cast<fate>(random() % 3); };
    disk.when_a_sync_fails(anything);
    for (std::uint64_t n = 1; a_life_with_a_fault_at(n); n += 11)
    {
        bool cut = true;
        for (std::uint64_t next = 1; cut; ++next)
        {
            BOOST_TEST_CONTEXT("operation " << n << " then " << next)
            {
                a_life_with_a_fault_at(n);
                auto const before = reported;
                disk.fail_at(next, fault_disk::kind::io_error, true);
                if (auto again = start()) goes_on(*again, 1);
                cut = disk.fault_happened();
                disk.no_more_faults();
                disk.power_loss(anything);
                auto third = start();
                BOOST_TEST_REQUIRE(third);
                BOOST_TEST(third->end().at.value() >= std::max(before, reported));
                disk.kill();
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
