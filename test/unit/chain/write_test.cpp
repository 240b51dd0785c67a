#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

using texts = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(writes)

BOOST_AUTO_TEST_CASE(a_write_at_any_replica_is_applied_on_all_three)
{
    harness h(3);
    h.form({0, 1, 2});

    for (std::size_t i = 0; i < 3; ++i)
        h.submit(i, "from " + std::to_string(i));
    h.run();

    for (std::size_t i = 0; i < 3; ++i)
    {
        BOOST_TEST(h.log(i) == (texts{"from 0", "from 1", "from 2"}));
        BOOST_TEST(h.status(i).applied == seq{3});
        BOOST_TEST(h.status(i).pending_submissions == 0u);
    }
}

BOOST_AUTO_TEST_CASE(nothing_commits_before_the_epoch_is_active)
{
    harness h(2);
    h.form({0, 1});
    h.at(1).disk_runs = false;
    h.submit(0);
    h.run();
    h.direct(h.config({0, 1}, config_state::pending, epoch{2}));
    h.at(1).disk_runs = true;
    h.pass(200ms);
    BOOST_TEST(h.status(1).durable == seq{1});
    BOOST_TEST(h.status(1).commit == seq{0});

    h.direct(h.config({0, 1}, config_state::active, epoch{2}));
    h.run();

    BOOST_TEST(h.status(0).commit == seq{1});
    BOOST_TEST(h.status(1).commit == seq{1});
}

BOOST_AUTO_TEST_CASE(nothing_commits_while_one_disk_is_behind)
{
    for (std::size_t slow = 0; slow < 3; ++slow)
    {
        harness h(3);
        h.form({0, 1, 2});
        h.at(slow).disk_runs = false;
        h.submit(0);
        h.pass(100ms);
        for (std::size_t i = 0; i < 3; ++i)
            BOOST_TEST(h.status(i).commit == seq{0});

        h.at(slow).disk_runs = true;
        h.run();
        for (std::size_t i = 0; i < 3; ++i)
            BOOST_TEST(h.status(i).commit == seq{1});
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
