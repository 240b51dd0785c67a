#include "harness.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

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

BOOST_AUTO_TEST_CASE(
    parallel_forwarding_reaches_the_tail_before_the_head_has_synced_and_persist_first_does_not
)
{
    for (auto policy : {forwarding::parallel, forwarding::persist_first})
    {
        harness h(3, [&](settings& how) { how.policy = policy; });
        h.form({0, 1, 2});
        h.at(0).disk_runs = false;
        h.submit(0);
        h.run();
        BOOST_TEST(h.status(2).received == seq{policy == forwarding::parallel ? 1u : 0u});
        BOOST_TEST(h.status(2).commit == seq{0});

        h.at(0).disk_runs = true;
        h.run();
        BOOST_TEST(h.status(0).applied == seq{1});
        BOOST_TEST(h.status(2).applied == seq{1});
    }
}

BOOST_AUTO_TEST_CASE(one_step_makes_at_most_one_write_and_numbers_rise)
{
    harness h(1);
    h.form({0});
    write_id last = 0;

    for (int i = 0; i < 20; ++i)
    {
        auto const out = h.step(
            0,
            submit_local{
                {request_id{{static_cast<std::uint8_t>(i), 1}}, std::make_shared<std::string const>("x")}
            }
        );
        BOOST_TEST_REQUIRE(out.writes.size() == 1u);
        BOOST_TEST(out.writes.front().id > last);
        last = out.writes.front().id;
    }
    h.run();

    BOOST_TEST(h.status(0).applied == seq{20});
}

BOOST_AUTO_TEST_CASE(timestamps_rise_when_the_wall_clock_falls)
{
    harness h(1);
    h.form({0});
    h.submit(0);
    h.now.wall_us = 5;
    h.submit(0);
    h.run();

    auto const& rows = h.at(0).store.rows;
    BOOST_TEST_REQUIRE(rows.size() == 2u);
    BOOST_TEST(rows[1].ts_us > rows[0].ts_us);
}

BOOST_AUTO_TEST_CASE(a_lossy_network_only_makes_it_slower)
{
    for (unsigned seed = 1; seed <= 20; ++seed)
    {
        BOOST_TEST_CONTEXT("seed " << seed)
        {
            harness h(
                3,
                [&](settings& how)
                { how.policy = seed % 2 ? forwarding::parallel : forwarding::persist_first; }
            );
            h.form({0, 1, 2});
            std::minstd_rand random(seed);
            h.lose = [&](member const&, envelope const&) { return random() % 4 == 0; };
            for (std::size_t i = 0; i < 60; ++i)
            {
                h.submit(i % 3, std::to_string(i));
                h.pass(5ms);
            }
            h.lose = {};
            h.pass(2s);

            BOOST_TEST(h.status(0).received == seq{60});
            for (std::size_t i = 0; i < 3; ++i)
            {
                BOOST_TEST(h.status(i).applied == seq{60});
                BOOST_TEST(h.log(i) == h.log(0));
                BOOST_TEST(h.status(i).pending_submissions == 0u);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_lost_commit_moves_on_an_idle_chain_by_the_next_marks)
{
    harness h(3);
    h.form({0, 1, 2});
    h.lose = [](member const&, envelope const& what) { return std::holds_alternative<ack>(what.message); };
    h.submit(0);
    h.run();
    BOOST_TEST(h.status(2).commit == seq{1});
    BOOST_TEST(h.status(0).commit == seq{0});

    h.lose = {};
    h.pass(60ms);

    BOOST_TEST(h.status(0).commit == seq{1});
}

BOOST_AUTO_TEST_CASE(an_idle_chain_does_not_repeat_entries)
{
    harness h(3);
    h.form({0, 1, 2});
    h.submit(0);
    h.run();
    h.sent.clear();

    h.pass(1s);

    BOOST_TEST(h.sent["append"] == 0u);
    BOOST_TEST(h.sent["nack"] == 0u);
    BOOST_TEST(h.sent["mark"] <= 2u * 41);
}

// Commit goes up the chain in acknowledgements; down, stable goes in one mark a link.
BOOST_AUTO_TEST_CASE(who_told_of_the_commit_is_not_told_of_it)
{
    harness h(3);
    h.form({0, 1, 2});
    h.sent.clear();
    h.submit(0);
    h.run();
    BOOST_TEST(h.status(0).applied == seq{1});
    BOOST_TEST(h.sent["mark"] == 2u);
}

BOOST_AUTO_TEST_CASE(entries_that_arrive_while_the_window_is_full_travel_together)
{
    harness h(2);
    h.form({0, 1});
    h.sent.clear();
    for (int i = 0; i < 1000; ++i)
        h.submit(0);

    h.run();

    BOOST_TEST(h.status(1).applied == seq{1000});
    BOOST_TEST(h.sent["append"] < 40u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
