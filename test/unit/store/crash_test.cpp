// The process or the machine dies at any operation on the disk; the store must come back as it was after the
// last write that it reported, or after the one that was on its way.
#include "unit/store/store_fixture.hpp"

#include <random>

#include <sys/wait.h>

namespace chaind::test
{
namespace
{

// Promises, appends, applies, a truncation, checkpoints of the WAL: one transaction each.
std::vector<chain::store_write> story()
{
    log_writer log;
    auto const old = log.next_few(4, 1);
    log_writer other(old[2].point());
    auto const stale = log.next_few(3, 1);
    auto const fresh = other.next_few(3, 2);
    return {
        write_of(1).promises(promise_of(1)),
        write_of(2).adds(old),
        write_of(3).adds(stale).applies(2),
        write_of(4).promises(promise_of(2, config_state::pending)),
        write_of(5).promises(promise_of(2)).cuts_after(3).adds(fresh),
        write_of(6).applies(5),
        write_of(7).adds(other.next_few(2, 2)).applies(6),
    };
}

struct crash_fixture : disk_fixture
{
    crash_fixture()
    {
        for (std::size_t n = 0; n <= writes.size(); ++n)
        {
            disk.wipe();
            auto made = open();
            for (std::size_t i = 0; i < n; ++i)
            {
                BOOST_TEST_REQUIRE(!write_one(*made, writes[i]));
            }
            after.push_back(survived_of(*made, "db", disk.name()));
        }
    }

    // The number of writes that were reported until the disk stopped.
    std::size_t tell_story_until_the_disk_stops()
    {
        auto how = options();
        how.wal_pages = 4;
        auto made = store::sqlite_store::open(how);
        if (!made) return 0;
        std::size_t reported = 0;
        while (reported < writes.size())
        {
            if (write_one(**made, writes[reported])) break;
            ++reported;
            if ((*made)->tidy()) break;
        }
        disk.kill();  // what closing does is not seen any more
        return reported;
    }

    void check_survivors(std::size_t reported)
    {
        auto const found = survived_now();
        bool const is_reported = found == after[reported];
        bool const is_next = reported < writes.size() && found == after[reported + 1];
        BOOST_TEST((is_reported || is_next), "after " << reported << " reported writes: " << found);
    }

    std::vector<chain::store_write> const writes = story();
    std::vector<survived> after;  // [n]: the first n writes
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(crash, crash_fixture)

BOOST_AUTO_TEST_CASE(each_write_of_the_story_is_visible_in_what_survives)
{
    for (std::size_t n = 0; n < writes.size(); ++n)
    {
        BOOST_TEST((after[n] != after[n + 1]), n);
    }
}

BOOST_AUTO_TEST_CASE(a_power_cut_at_any_operation_loses_nothing_that_was_reported)
{
    std::mt19937_64 random(20);
    std::uint64_t n = 0;
    for (bool stopped = true; stopped;)
    {
        ++n;
        for (int round = 0; round < 3; ++round)
        {
            BOOST_TEST_CONTEXT("operation " << n << " round " << round)
            {
                disk.wipe();
                disk.fail_at(n, fault_disk::kind::io_error, true);
                auto const reported = tell_story_until_the_disk_stops();
                stopped = disk.fault_happened();
                disk.no_more_faults();
                auto const nothing = [] { return fault_disk::fate::lost; };
                auto const anything = [&] { return static_cast<fault_disk::fate>(random() % 3); };
                if (round == 0)
                    disk.power_loss(nothing);
                else
                    disk.power_loss(anything);
                check_survivors(reported);
            }
        }
    }
    BOOST_TEST(n > 30u);
    BOOST_TEST_MESSAGE(n << " operations, 3 power cuts each");
}

BOOST_AUTO_TEST_CASE(a_killed_process_at_any_operation_loses_nothing_that_was_reported)
{
    std::uint64_t n = 0;
    for (bool stopped = true; stopped;)
    {
        ++n;
        BOOST_TEST_CONTEXT("operation " << n)
        {
            disk.wipe();
            disk.fail_at(n, fault_disk::kind::io_error, true);
            auto const reported = tell_story_until_the_disk_stops();
            stopped = disk.fault_happened();
            disk.no_more_faults();
            check_survivors(reported);
        }
    }
    BOOST_TEST(n > 30u);
}

BOOST_AUTO_TEST_CASE(a_torn_last_transaction_is_dropped_at_every_byte_length)
{
    disk.wipe();
    auto made = open();
    for (std::size_t i = 0; i + 1 < writes.size(); ++i)
    {
        BOOST_TEST_REQUIRE(!write_one(*made, writes[i]));
    }
    auto const database = disk.read("db");
    auto const before = disk.read("db-wal");
    BOOST_TEST_REQUIRE(!write_one(*made, writes.back()));
    auto const whole = disk.read("db-wal");
    BOOST_TEST_REQUIRE(whole.size() > before.size());
    disk.kill();
    made.reset();

    int checked = 0;
    // Every length near the frames' borders, each 37th between them.
    for (auto length = before.size(); length <= whole.size(); ++length)
    {
        auto const in_frame = (length - 32) % (4096 + 24);
        if (in_frame > 40 && in_frame < 4096 + 10 && length % 37 != 0) continue;
        disk.wipe();
        disk.replace("db", database);
        disk.replace("db-wal", whole.substr(0, length));
        auto const found = survived_now();
        BOOST_TEST((found == after[length == whole.size() ? writes.size() : writes.size() - 1]), length);
        ++checked;
    }
    BOOST_TEST(checked > 100);
}

BOOST_AUTO_TEST_CASE(a_kill_9_of_a_real_process_loses_nothing_that_it_reported)
{
    for (int round = 0; round < 8; ++round)
    {
        folder_fixture place;
        int pipe_ends[2];
        BOOST_TEST_REQUIRE(pipe(pipe_ends) == 0);
        auto const child = fork();
        BOOST_TEST_REQUIRE(child >= 0);
        if (child == 0)
        {
            // Only what fork() allows: no Boost.Test here, and no return.
            auto opened = store::sqlite_store::open(place.options());
            if (!opened) _exit(1);
            log_writer log;
            for (std::uint64_t n = 1;; ++n)
            {
                chain::store_write const next = write_of(n).adds({log.next(1)}).applies(n - 1);
                if ((*opened)->perform({&next, 1}, no_observer())) _exit(2);
                if (write(pipe_ends[1], &n, sizeof n) != sizeof n) _exit(3);
            }
        }
        close(pipe_ends[1]);
        std::uint64_t reported = 0;
        for (int i = 0; i < 5 + 7 * round; ++i)
        {
            BOOST_TEST_REQUIRE(read(pipe_ends[0], &reported, sizeof reported) == ssize_t(sizeof reported));
        }
        kill(child, SIGKILL);
        int status = 0;
        waitpid(child, &status, 0);
        BOOST_TEST(WIFSIGNALED(status));
        while (read(pipe_ends[0], &reported, sizeof reported) == ssize_t(sizeof reported))
        {
        }
        close(pipe_ends[0]);

        std::string why;
        auto again = store::sqlite_store::open(place.options(), &why);
        BOOST_TEST_REQUIRE(again.has_value(), why);
        auto const end = (*again)->end().at.value();
        BOOST_TEST((end == reported || end == reported + 1));
        BOOST_TEST((*again)->applied().at.value() + 1 == end);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
