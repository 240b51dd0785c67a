#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

// a and b are the chain, c learns from b.
void learn(harness& h)
{
    h.assign({0, 1}, 2, 1);
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
    BOOST_TEST(h.status(2).part == role::learner);
    BOOST_TEST(h.status(2).applied == seq{10});

    h.submit(1, "one more");
    h.pass(30ms);

    BOOST_TEST(h.log(2) == h.log(0));
    BOOST_TEST(h.status(2).applied == seq{11});
}

// Its clients find out faster from a member. What it had taken before, it still passes on.
BOOST_AUTO_TEST_CASE(who_is_outside_of_an_active_chain_takes_no_commands)
{
    harness h(3);
    h.submit(2, "before there was a chain");
    h.form({0, 1});
    auto const refused = h.submit(2, "detached");
    BOOST_TEST_REQUIRE(h.at(2).refusals.size() == 1u);
    BOOST_TEST((h.at(2).refusals[0].request == refused));
    BOOST_TEST(h.at(2).refusals[0].why == refusal::outside);
    BOOST_TEST(!h.at(2).refusals[0].maybe_logged);

    learn(h);
    h.submit(2, "as a learner");
    h.pass(30ms);

    BOOST_TEST(h.at(2).refusals.size() == 2u);
    BOOST_TEST(h.log(0) == (std::vector<std::string>{"before there was a chain"}));
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
        auto const* a = std::get_if<append>(&what.message);
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

    BOOST_TEST(h.status(1).part == role::detached);
    BOOST_TEST(h.status(1).received == seq{0});
    BOOST_TEST(!h.at(0).heartbeats.back().feeding.has_value());
}

BOOST_AUTO_TEST_CASE(heartbeats_say_how_long_a_write_took)
{
    harness h(2);
    h.form({0, 1});
    h.pass(12s);
    BOOST_TEST(h.at(1).heartbeats.back().fsync.count() == 0);
    h.at(1).disk_runs = false;
    h.submit(0, "one");
    h.pass(40ms);
    h.at(1).disk_runs = true;
    h.pass(100ms);
    BOOST_TEST(h.at(1).heartbeats.back().fsync.count() >= 35'000);
    BOOST_TEST(h.at(1).heartbeats.back().fsync.count() <= 50'000);
    BOOST_TEST(h.at(0).heartbeats.back().fsync.count() == 0);
    h.pass(12s);
    BOOST_TEST(h.at(1).heartbeats.back().fsync.count() == 0);
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

// It may have come in a year ago, or all at once a moment ago.
BOOST_AUTO_TEST_CASE(the_age_of_what_was_there_before_the_learner_is_not_known)
{
    harness h(3);
    h.form({0, 1});
    h.at(2).disk_runs = false;
    for (int i = 0; i < 7; ++i)
        h.submit(0);
    h.run();
    learn(h);
    auto feeding = h.at(1).heartbeats.back().feeding;
    BOOST_TEST_REQUIRE(feeding.has_value());
    BOOST_TEST(feeding->lag_entries == 7u);
    BOOST_TEST((feeding->lag_time == microseconds::max()));

    h.at(2).disk_runs = true;
    h.pass(60ms);
    BOOST_TEST(h.at(1).heartbeats.back().feeding->lag_entries == 0u);
    // What comes in from now on is as old as it is, however long nothing came.
    h.pass(5s);
    h.at(2).disk_runs = false;
    for (int i = 0; i < 300; ++i)
        h.submit(0);
    h.pass(100ms);
    feeding = h.at(1).heartbeats.back().feeding;
    BOOST_TEST(feeding->lag_entries == 300u);
    BOOST_TEST((feeding->lag_time >= 50ms && feeding->lag_time <= 100ms));
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

    BOOST_TEST(h.status(2).part == role::tail);
    for (std::size_t i = 0; i < 3; ++i)
        BOOST_TEST(h.status(i).applied == seq{2});
}

// c was a chain of its own once; a and b know nothing of that.
void two_histories(harness& h, int elsewhere, int here)
{
    h.form({2});
    for (int i = 0; i < elsewhere; ++i)
        h.submit(2, "elsewhere");
    h.run();
    h.restart(2);
    h.direct_one(0, h.config({0, 1}, config_state::pending, epoch{2}));
    h.form({0, 1});
    for (int i = 0; i < here; ++i)
        h.submit(0, std::to_string(i));
    h.run();
}

void check_set_aside(harness& h)
{
    learn(h);
    BOOST_TEST(!h.at(2).halted.has_value());
    BOOST_TEST_REQUIRE(h.at(2).anew.has_value());
    BOOST_TEST(!h.at(2).anew->set_aside.empty());
    BOOST_TEST(!h.at(2).anew->install.has_value());

    h.start_anew(2);
    learn(h);

    BOOST_TEST(h.log(2) == h.log(0));
    BOOST_TEST(!h.at(2).anew.has_value());
}

BOOST_AUTO_TEST_CASE(a_learner_of_another_history_begins_with_an_empty_store)
{
    harness h(3);
    two_histories(h, 1, 3);
    check_set_aside(h);
}

BOOST_AUTO_TEST_CASE(a_learner_whose_commit_is_beyond_the_chain_s_begins_with_an_empty_store)
{
    harness h(3);
    two_histories(h, 5, 3);
    check_set_aside(h);
}

BOOST_AUTO_TEST_CASE(a_learner_with_rows_begins_with_an_empty_store_when_the_chain_has_none)
{
    harness h(3);
    two_histories(h, 5, 0);
    check_set_aside(h);
}

BOOST_AUTO_TEST_CASE(a_learner_whose_other_rows_are_only_on_the_disk_begins_with_an_empty_store)
{
    harness h(3, [](settings& how) { how.cache_bytes = 0; });
    two_histories(h, 7, 20);
    check_set_aside(h);
}

BOOST_AUTO_TEST_CASE(a_common_beginning_does_not_hide_another_history)
{
    harness h(3, [](settings& how) { how.cache_bytes = 0; });
    h.form({0, 1, 2});
    for (int i = 0; i < 10; ++i)
        h.submit(0, "common");
    h.run();
    h.crash(2);
    h.form({0, 1});
    for (int i = 0; i < 10; ++i)
        h.submit(0, "here");
    h.run();
    // By force, and without the others: c goes on alone.
    h.restart(2);
    auto const alone = h.config({2}, config_state::active, h.current.next());
    h.direct_one(2, alone);
    h.run();
    for (int i = 0; i < 5; ++i)
        h.submit(2, "there");
    h.run();
    BOOST_TEST(h.status(2).commit == seq{15});
    h.restart(2);
    h.current = alone.at;
    h.form({0, 1});

    check_set_aside(h);
}

BOOST_AUTO_TEST_CASE(a_member_of_another_history_halts)
{
    harness h(3);
    two_histories(h, 5, 8);
    h.form({0, 1, 2});
    h.pass(200ms);

    BOOST_TEST(h.at(2).halted.has_value());
    BOOST_TEST(!h.at(2).anew.has_value());
}

BOOST_AUTO_TEST_CASE(a_source_feeds_nobody_before_its_own_log_has_met_the_heads)
{
    harness h(3);
    h.form({0, 1, 2});
    for (int i = 0; i < 10; ++i)
        h.submit(0, std::to_string(i));
    h.run();
    // b has not heard of all commits when the next epoch comes, and its head is slow to say what it has.
    h.restart(2);
    h.lose = [&](member const& from, envelope const&) { return from == h.triple(0); };
    h.form({0, 1});
    learn(h);
    BOOST_TEST(!h.at(2).anew.has_value());
    BOOST_TEST(!h.at(1).heartbeats.back().feeding.has_value());

    h.lose = {};
    h.pass(500ms);

    BOOST_TEST(h.at(1).heartbeats.back().feeding.has_value());
    BOOST_TEST(!h.at(2).anew.has_value());
}

BOOST_AUTO_TEST_CASE(a_slow_learners_disk_bounds_what_it_is_sent)
{
    harness h(
        3,
        [](settings& how)
        {
            how.batch_bytes = 10'000;
            how.window_bytes = 20'000;
        }
    );
    h.form({0, 1});
    learn(h);
    h.at(2).disk_runs = false;
    std::size_t sent = 0;
    h.lose = [&](member const&, envelope const& what)
    {
        auto const* a = std::get_if<append>(&what.message);
        if (a != nullptr && what.to == h.triple(2))
            for (auto const& e : a->entries)
                sent += e.bytes();
        return false;
    };
    for (int i = 0; i < 200; ++i)
        h.submit(0, std::string(1000, 'x'));
    h.pass(2s);

    BOOST_TEST(h.status(0).commit == seq{200});
    BOOST_TEST(sent <= 31'000u);
    BOOST_TEST(h.status(2).received - h.status(2).durable <= 31u);

    h.at(2).disk_runs = true;
    h.pass(1s);

    BOOST_TEST(h.log(2) == h.log(0));
    BOOST_TEST(sent < 250'000u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
