// The registry on a disk that fails once: the process ends, the next one goes on, then the power fails. What
// was told to replicas after the failure must still be there.
#include "configd/sqlite_registry.hpp"
#include "support/members.hpp"
#include "support/sqlite_fault_vfs.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace chaind;
using test::fault_disk;
using test::made_id;
using test::made_member;

namespace
{

struct failing_registry
{
    std::unique_ptr<configd::sqlite_registry> start()
    {
        std::string why;
        auto out = configd::sqlite_registry::open("r", {made_id<cluster_id>(1), "lineage"}, why, disk.name());
        if (out) return std::move(*out);
        BOOST_TEST((out.error() == errc::disk_failed), why);
        return nullptr;
    }
    static std::uint64_t revision(configd::sqlite_registry& of)
    {
        auto const found = of.load();
        BOOST_TEST_REQUIRE(found.has_value());
        return found->revision;
    }
    // Changes the chain up to `count` times. False: the disk has failed.
    bool goes_on(configd::sqlite_registry& on, int count)
    {
        told = std::max(told, revision(on));
        for (int i = 0; i < count; ++i)
        {
            control::record next;
            next.revision = told + 1;
            next.current.at = epoch(next.revision);
            next.current.members = {made_member("n1")};
            if (on.replace(next, "")) return false;
            told = next.revision;
        }
        return true;
    }

    fault_disk disk{"a registry's disk"};
    std::uint64_t told = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(what_a_registry_tells_after_a_failed_fsync_survives_a_power_cut, failing_registry)
{
    using fate = fault_disk::fate;
    std::mt19937_64 random(9);
    bool happened = true;
    std::uint64_t n = 0;
    while (happened)
    {
        ++n;
        for (int const round : {0, static_cast<int>(1 + random() % 3)})
        {
            BOOST_TEST_CONTEXT("operation " << n << " round " << round)
            {
                auto const anything = [&]
                { return round == 0 ? fate::lost : static_cast<fate>(random() % 3); };
                disk.when_a_sync_fails(anything);
                disk.wipe();
                told = 0;
                disk.fail_at(n, fault_disk::kind::io_error, false);
                if (auto first = start()) goes_on(*first, 6);
                happened = disk.fault_happened();
                disk.no_more_faults();
                disk.kill();
                if (round == 3) disk.forget_what_is_lost();
                {
                    auto again = start();
                    BOOST_TEST_REQUIRE(again);
                    BOOST_TEST(goes_on(*again, round));
                    disk.kill();
                }
                disk.power_loss(anything);
                auto third = start();
                BOOST_TEST_REQUIRE(third);
                BOOST_TEST(revision(*third) >= told);
                disk.kill();
            }
        }
    }
    BOOST_TEST(n > 10u);
}

BOOST_FIXTURE_TEST_CASE(
    what_found_a_full_disk_has_changed_nothing_and_goes_on_when_there_is_room, failing_registry
)
{
    bool happened = true;
    std::uint64_t n = 0;
    for (; happened; ++n)
    {
        disk.wipe();
        told = 0;
        auto on = start();
        BOOST_TEST_REQUIRE(on);
        BOOST_TEST(goes_on(*on, 2));
        disk.fail_at(n + 1, fault_disk::kind::no_space, true);
        bool const went_on = goes_on(*on, 6);
        happened = disk.fault_happened();
        BOOST_TEST(went_on == !happened);
        disk.no_more_faults();
        BOOST_TEST(on->undo_full() == happened);
        BOOST_TEST(revision(*on) == told);
        BOOST_TEST(goes_on(*on, 2));
        disk.power_loss([] { return fault_disk::fate::lost; });
        auto again = start();
        BOOST_TEST_REQUIRE(again);
        BOOST_TEST(revision(*again) == told);
    }
    BOOST_TEST(n > 3u);
    // What is no full disk is not taken back.
    disk.wipe();
    told = 0;
    auto on = start();
    BOOST_TEST(goes_on(*on, 1));
    disk.fail_at(1, fault_disk::kind::io_error, true);
    BOOST_TEST(!goes_on(*on, 1));
    BOOST_TEST(!on->undo_full());
    BOOST_TEST(!on->undo_full());
    disk.no_more_faults();
}

BOOST_FIXTURE_TEST_CASE(a_checkpoint_without_room_fails_no_commit_before_it, failing_registry)
{
    bool happened = true;
    for (std::uint64_t n = 1; happened; n += 41)
    {
        disk.wipe();
        auto on = start();
        BOOST_TEST_REQUIRE(on);
        std::uint64_t number = 0;
        auto const append = [&](int rows)
        {
            for (int i = 0; i < rows; ++i)
            {
                configd::event_row row;
                row.number = number + 1;
                row.why = std::string(1u << 16, 'x');
                if (on->append({row})) return false;
                ++number;
            }
            return true;
        };
        BOOST_TEST(append(50));  // the first checkpoint comes soon after
        disk.fail_at(n, fault_disk::kind::no_space, true);
        (void)append(20);
        happened = disk.fault_happened();
        disk.no_more_faults();
        (void)on->undo_full();
        auto const newest = on->newest_events(1);
        BOOST_TEST_REQUIRE(newest.has_value());
        BOOST_TEST(newest->back().number == number);
        BOOST_TEST(append(2));
    }
}

// It is for people to make room, where a disk that fails is to be replaced.
BOOST_FIXTURE_TEST_CASE(a_full_disk_is_told_from_one_that_fails, failing_registry)
{
    for (auto const what : {fault_disk::kind::no_space, fault_disk::kind::io_error})
    {
        disk.wipe();
        told = 0;
        auto on = start();
        BOOST_TEST_REQUIRE(on);
        BOOST_TEST(goes_on(*on, 2));
        disk.fail_at(1, what, true);
        BOOST_TEST(!goes_on(*on, 2));
        bool const full = on->failure_text().find("the disk is full") != std::string::npos;
        BOOST_TEST(full == (what == fault_disk::kind::no_space));
        disk.no_more_faults();
        on.reset();
    }
}
