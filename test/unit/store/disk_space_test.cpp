// When a disk is low, when it has room again, and what the ballast is for.
#include "store/disk_space.hpp"

#include "support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>

namespace chaind::test
{
namespace
{

constexpr std::uint64_t mib = 1u << 20;

// The folder is real, its file system is told. The ballast counts as used.
struct disk_of_a_test
{
    disk_of_a_test()
    {
        how.folder = folder.path();
        how.reserve = 100 * mib;
        how.ballast = 20 * mib;
        how.measure = [this](std::string const&) -> result<store::file_system>
        { return store::file_system{.total = total, .available = free > ballast() ? free - ballast() : 0}; };
    }
    std::uint64_t ballast() const
    {
        std::error_code none;
        auto const size = std::filesystem::file_size(folder.path() + "/ballast", none);
        return none ? 0 : size;
    }
    room look(store::disk_space& of, std::uint64_t now, store::space_needs const& needs = {})
    {
        free = now;
        return of.look(needs);
    }

    temp_folder folder;
    store::space_options how;
    std::uint64_t total = 10'000 * mib;
    std::uint64_t free = 5'000 * mib;  // if there were no ballast
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(disk_space, disk_of_a_test)

BOOST_AUTO_TEST_CASE(a_disk_is_low_below_its_reserve_and_until_it_has_a_quarter_more)
{
    store::disk_space space(how);
    BOOST_TEST((look(space, 101 * mib) == room::enough));
    BOOST_TEST((look(space, 99 * mib) == room::low));
    BOOST_TEST((look(space, 120 * mib) == room::low));
    BOOST_TEST((look(space, 126 * mib) == room::enough));
    BOOST_TEST((look(space, 24 * mib) == room::none));
    BOOST_TEST((look(space, 49 * mib) == room::none));
    BOOST_TEST((look(space, 51 * mib) == room::low));
    BOOST_TEST((look(space, 199 * mib) == room::enough));
    BOOST_TEST((look(space, 200 * mib) == room::ample));
}

BOOST_AUTO_TEST_CASE(a_small_file_system_can_be_used_to_seven_eighths)
{
    total = 14 * mib;
    store::disk_space space(how);
    BOOST_TEST((look(space, 2 * mib) == room::enough));
    BOOST_TEST((look(space, mib * 7 / 4 - 1) == room::low));
}

BOOST_AUTO_TEST_CASE(the_ballast_is_put_where_there_is_plenty_and_given_up_when_nothing_else_is_left)
{
    store::disk_space space(how);
    BOOST_TEST((look(space, 1000 * mib) == room::ample));
    BOOST_TEST(ballast() == 20 * mib);
    // Somebody else fills the disk: what the ballast holds still counts as room.
    BOOST_TEST((look(space, 90 * mib) == room::low));
    BOOST_TEST(ballast() == 20 * mib);
    BOOST_TEST((look(space, 30 * mib) == room::low));
    BOOST_TEST(ballast() == 20 * mib);
    BOOST_TEST((look(space, 25 * mib) == room::low));
    BOOST_TEST(ballast() == 0u);
    BOOST_TEST(space.available() == 25 * mib);
    // It comes back, but not so early that the disk would be low by it.
    BOOST_TEST((look(space, 130 * mib) == room::enough));
    BOOST_TEST(ballast() == 0u);
    BOOST_TEST((look(space, 150 * mib) == room::enough));
    BOOST_TEST(ballast() == 20 * mib);
}

BOOST_AUTO_TEST_CASE(what_the_write_ahead_log_still_moves_is_no_room_and_empty_pages_are_some)
{
    store::disk_space space(how);
    BOOST_TEST((look(space, 150 * mib, {.unsettled = 60 * mib, .reusable = 0}) == room::low));
    BOOST_TEST((look(space, 80 * mib, {.unsettled = 0, .reusable = 60 * mib}) == room::enough));
    // Empty pages do not help the write-ahead log.
    BOOST_TEST((look(space, 40 * mib, {.unsettled = 0, .reusable = 500 * mib}) == room::low));
    BOOST_TEST((look(space, 20 * mib, {.unsettled = 0, .reusable = 500 * mib}) == room::none));
}

BOOST_AUTO_TEST_CASE(nobody_looks_where_the_reserve_is_nothing)
{
    how.reserve = 0;
    store::disk_space space(how);
    BOOST_TEST((look(space, 0) == room::ample));
    BOOST_TEST(ballast() == 0u);
}

BOOST_AUTO_TEST_CASE(a_start_takes_the_ballast_before_it_says_that_there_is_no_room)
{
    store::disk_space space(how);
    std::string why;
    BOOST_TEST((look(space, 1000 * mib) == room::ample));
    free = 20 * mib + 1000;
    BOOST_TEST(space.can_start(why));
    BOOST_TEST(ballast() == 0u);
    free = 1000;
    BOOST_TEST(!space.can_start(why));
    BOOST_TEST(why.find("disk full") != std::string::npos);
    BOOST_TEST(why.find(folder.path()) != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
