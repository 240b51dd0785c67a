#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

// a and b are the chain, c learns from b.
void learn(harness& h)
{
    h.direct(
        h.config({0, 1}, config_state::active, h.current),
        learner_assignment{.learner = h.triple(2), .source = h.triple(1)}
    );
    h.pass(100ms);
}

BOOST_AUTO_TEST_SUITE(learners)

BOOST_AUTO_TEST_CASE(a_learner_gets_the_whole_log_and_follows_it)
{
    harness h(3);
    h.form({0, 1});
    for (int i = 0; i < 10; ++i)
        h.submit(0, std::to_string(i));
    h.run();
    learn(h);
    BOOST_TEST((h.status(2).part == role::learner));
    BOOST_TEST(h.status(2).applied == seq{10});

    h.submit(2, "by the learner");
    h.pass(30ms);

    BOOST_TEST(h.log(2) == h.log(0));
    BOOST_TEST(h.status(2).applied == seq{11});
    BOOST_TEST(h.status(2).pending_submissions == 0u);
}

BOOST_AUTO_TEST_CASE(a_learner_is_not_waited_for)
{
    harness h(3);
    h.form({0, 1});
    learn(h);
    h.at(2).disk_runs = false;

    h.submit(0);
    h.run();

    BOOST_TEST(h.status(0).commit == seq{1});
}

BOOST_AUTO_TEST_CASE(a_learner_promises_before_it_takes_anything)
{
    harness h(3);
    h.at(2).disk_runs = false;
    h.form({0, 1});
    h.submit(0);
    h.run();
    learn(h);
    BOOST_TEST(h.status(2).received == seq{0});

    h.at(2).disk_runs = true;
    h.run();

    BOOST_TEST(h.status(2).durable == seq{1});
    BOOST_TEST(h.at(2).store.promised.at == h.current);
}

BOOST_AUTO_TEST_CASE(rows_that_are_no_longer_in_memory_come_from_the_disk_in_batches)
{
    harness h(
        3,
        [](settings& how)
        {
            how.cache_bytes = 0;
            how.batch_bytes = 1000;
            how.window_bytes = 3000;
        }
    );
    h.form({0, 1});
    for (int i = 0; i < 200; ++i)
        h.submit(0, std::to_string(i));
    h.run();

    learn(h);

    BOOST_TEST(h.log(2) == h.log(0));
    BOOST_TEST(h.status(2).applied == seq{200});
    BOOST_TEST(h.at(1).log_reads > 10u);
}

BOOST_AUTO_TEST_CASE(a_damaged_row_is_never_sent)
{
    harness h(3, [](settings& how) { how.cache_bytes = 0; });
    h.form({0, 1});
    for (int i = 0; i < 5; ++i)
        h.submit(0, std::to_string(i));
    h.run();
    h.at(1).store.rows[2].command = std::make_shared<std::string const>("rotten");

    learn(h);

    BOOST_TEST(h.at(1).halted.has_value());
    BOOST_TEST(h.status(2).received <= seq{2});
}

BOOST_AUTO_TEST_CASE(a_returning_learner_gets_only_what_it_lacks)
{
    harness h(3);
    h.form({0, 1, 2});
    for (int i = 0; i < 50; ++i)
        h.submit(0, std::to_string(i));
    h.run();
    h.crash(2);
    h.form({0, 1});
    h.submit(0, "while it was away");
    h.run();
    h.restart(2);

    std::size_t entries = 0;
    h.lose = [&](member const&, envelope const& what)
    {
        auto const* a = std::get_if<append>(&what.what);
        if (a != nullptr && what.to == h.triple(2)) entries += a->entries.size();
        return false;
    };
    learn(h);

    BOOST_TEST(h.log(2) == h.log(0));
    BOOST_TEST(entries == 1u);
}

BOOST_AUTO_TEST_CASE(a_returning_learner_drops_what_the_chain_never_had)
{
    harness h(3);
    h.form({2, 0, 1});
    h.submit(2, "common");
    h.run();
    h.lose = [&](member const& from, envelope const&) { return from == h.triple(2); };
    for (int i = 0; i < 5; ++i)
        h.submit(2, "lost");
    h.run();
    h.lose = {};
    h.crash(2);
    h.form({0, 1});
    h.submit(0, "new");
    h.run();
    h.restart(2);
    BOOST_TEST(h.status(2).received == seq{6});

    learn(h);

    BOOST_TEST(h.log(2) == (std::vector<std::string>{"common", "new"}));
}

BOOST_AUTO_TEST_CASE(a_longer_stale_tail_goes_at_once_on_an_idle_chain)
{
    harness h(3);
    h.form({2, 0, 1});
    h.submit(2, "common");
    h.run();
    h.lose = [&](member const& from, envelope const&) { return from == h.triple(2); };
    h.submit(2, "lost");
    h.run();
    h.lose = {};
    h.crash(2);
    h.form({0, 1});
    h.restart(2);

    learn(h);

    BOOST_TEST(h.status(2).received == seq{1});
    BOOST_TEST(h.at(2).store.rows.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_restarted_member_of_the_active_configuration_is_no_learner)
{
    harness h(2);
    h.form({0, 1});
    auto const active = h.config({0, 1}, config_state::active, epoch{1});
    h.lose = [](member const&, envelope const&) { return true; };
    h.submit(0, "one");
    h.run();
    h.restart(1);
    h.lose = {};

    h.direct(active, learner_assignment{.learner = h.triple(1), .source = h.triple(0)});
    h.pass(200ms);

    BOOST_TEST((h.status(1).part == role::detached));
    BOOST_TEST(h.status(1).received == seq{0});
    BOOST_TEST(!h.at(0).heartbeats.back().feeding.has_value());
}

BOOST_AUTO_TEST_CASE(the_source_repeats_the_learners_lag_in_each_heartbeat)
{
    harness h(3);
    h.form({0, 1});
    h.submit(0);
    h.run();
    learn(h);
    auto feeding = h.at(1).heartbeats.back().feeding;
    BOOST_TEST_REQUIRE(feeding.has_value());
    BOOST_TEST(feeding->learner.name == h.triple(2).name);
    BOOST_TEST(feeding->lag_entries == 0u);
    BOOST_TEST(!h.at(0).heartbeats.back().feeding.has_value());

    h.at(2).disk_runs = false;
    for (int i = 0; i < 7; ++i)
        h.submit(0);
    h.pass(200ms);

    feeding = h.at(1).heartbeats.back().feeding;
    BOOST_TEST_REQUIRE(feeding.has_value());
    BOOST_TEST(feeding->lag_entries == 7u);
    BOOST_TEST((feeding->lag_time >= 100ms));
}

BOOST_AUTO_TEST_CASE(a_complete_learner_becomes_the_tail)
{
    harness h(3);
    h.form({0, 1});
    h.submit(0, "one");
    h.run();
    learn(h);
    auto next = h.config({0, 1, 2}, config_state::pending, h.current.next());
    next.joiner = h.triple(2).name;
    h.direct(next);
    h.submit(0, "during the change");
    h.run();
    auto const last = h.at(2).heartbeats.back();
    BOOST_TEST(last.promised == next.at);
    BOOST_TEST(last.verified == seq{1});
    BOOST_TEST(last.end.at == seq{1});

    next.state = config_state::active;
    h.direct(next);
    h.run();

    BOOST_TEST((h.status(2).part == role::tail));
    for (std::size_t i = 0; i < 3; ++i)
        BOOST_TEST(h.status(i).applied == seq{2});
}

BOOST_AUTO_TEST_CASE(a_learner_of_another_history_stops_instead_of_mixing_them)
{
    harness h(3);
    h.form({2});
    h.submit(2, "elsewhere");
    h.run();
    h.crash(2);
    h.restart(2);
    h.direct_one(0, h.config({0, 1}, config_state::pending, epoch{2}));
    h.form({0, 1});
    for (int i = 0; i < 3; ++i)
        h.submit(0, std::to_string(i));
    h.run();

    learn(h);

    BOOST_TEST(h.at(2).halted.has_value());
    BOOST_TEST(h.log(2) == (std::vector<std::string>{"elsewhere"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
