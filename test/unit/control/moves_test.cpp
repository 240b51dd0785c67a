// Stories of moves whose sense is gone meanwhile: for whom somebody leaves has died or leaves itself, or
// another machine is missing.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(moves)

// n3 is to be the head, and the first one has made room for it.
struct town_that_moves : settled_town
{
    explicit town_that_moves(std::vector<std::string> const& all = {"n1", "n2", "n3"}) : settled_town(all)
    {
        of("n1").learns = false;
        move(all.back(), true);
        auto const first_is_out = [&]
        { return config().state == config_state::active && config().members.size() == all.size() - 1; };
        BOOST_REQUIRE(run_until(first_is_out, 1s));
        history.clear();
    }
    // No chain since then was shorter.
    [[nodiscard]] std::size_t shortest() const
    {
        auto const shorter = [](auto const& a, auto const& b) { return a.members.size() < b.members.size(); };
        return std::min_element(history.begin(), history.end(), shorter)->members.size();
    }
};

BOOST_AUTO_TEST_CASE(nobody_leaves_for_one_that_has_died)
{
    town_that_moves t({"n1", "n2", "n3", "n4"});
    t.kill("n4");
    BOOST_REQUIRE(t.becomes("n2 n3", 1s));
    t.run(50ms);
    BOOST_CHECK(t.nobody_is_moved());
    BOOST_CHECK_EQUAL(t.noticed("move_given_up"), 1u);
    BOOST_CHECK_EQUAL(t.why("move_given_up", "n4"), "it has left the chain");
    t.of("n1").learns = true;
    BOOST_REQUIRE(t.becomes("n2 n3 n1", 1s));
    t.start("n4");
    BOOST_REQUIRE(t.becomes("n2 n3 n1 n4", 2s));
    t.run(2s);
    BOOST_CHECK(t.active("n2 n3 n1 n4"));
    BOOST_CHECK_EQUAL(t.shortest(), 2u);
}

BOOST_AUTO_TEST_CASE(of_three_none_of_the_last_two_leaves_for_one_that_has_died)
{
    town_that_moves t;
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n2", 1s));
    t.of("n1").learns = true;
    BOOST_REQUIRE(t.becomes("n2 n1", 1s));
    t.history.clear();
    t.run(2s);
    BOOST_CHECK(t.active("n2 n1"));
    BOOST_CHECK(t.history.empty());
}

// Its new run is a learner like all others.
BOOST_AUTO_TEST_CASE(nobody_leaves_for_the_next_run_of_one_that_has_died)
{
    town_that_moves t;
    t.start("n3");
    t.of("n1").learns = true;
    BOOST_REQUIRE(t.run_until([&] { return t.config().members.size() == 3; }, 2s));
    t.run(2s);
    BOOST_CHECK(t.config().members.front().name == name("n2"));
    BOOST_CHECK_EQUAL(t.noticed("move_given_up", "n3"), 1u);
}

BOOST_AUTO_TEST_CASE(nobody_leaves_for_one_that_people_take_out)
{
    {
        town_that_moves t({"n1", "n2", "n3", "n4"});
        BOOST_CHECK_EQUAL(t.outcome(t.remove("n4")), admin_verdict::done);
        t.of("n1").learns = true;
        BOOST_REQUIRE(t.becomes("n2 n3 n1", 1s));
        t.run(1s);
        BOOST_CHECK(t.active("n2 n3 n1"));
        BOOST_CHECK_EQUAL(t.why("move_given_up", "n4"), "it was removed");
    }
    {
        town_that_moves t({"n1", "n2", "n3", "n4"});
        auto const request = t.drain("n4");
        t.feed(drained_clients{name("n4")});
        BOOST_CHECK_EQUAL(t.outcome(request), admin_verdict::done);
        t.of("n1").learns = true;
        BOOST_REQUIRE(t.becomes("n2 n3 n1", 1s));
        BOOST_CHECK_EQUAL(t.outcome(t.undrain("n4")), admin_verdict::done);
        BOOST_REQUIRE(t.becomes("n2 n3 n1 n4", 1s));
        t.run(1s);
        BOOST_CHECK(t.active("n2 n3 n1 n4"));
        BOOST_CHECK_EQUAL(t.why("move_given_up", "n4"), "it was drained");
    }
}

BOOST_AUTO_TEST_CASE(nobody_leaves_for_one_whose_clock_is_wrong)
{
    town_that_moves t({"n1", "n2", "n3", "n4"});
    t.clocks = true;
    t.newest_stamp_us = t.wall_us();
    t.of("n4").clock_ahead = 24h;
    BOOST_REQUIRE(t.run_until([&] { return t.nobody_is_moved(); }, 3s));
    BOOST_CHECK_EQUAL(t.why("move_given_up", "n4"), "its clock is wrong");
    t.of("n1").learns = true;
    BOOST_REQUIRE(t.becomes("n2 n3 n4 n1", 1s));
    t.run(2s);
    BOOST_CHECK(t.active("n2 n3 n4 n1"));
}

BOOST_AUTO_TEST_CASE(the_next_one_leaves_when_the_chain_is_whole_again)
{
    town_that_moves t({"n1", "n2", "n3", "n4"});
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n2 n4", 1s));
    t.of("n1").learns = true;
    BOOST_REQUIRE(t.becomes("n2 n4 n1", 1s));
    t.run(2s);
    BOOST_CHECK(t.active("n2 n4 n1"));
    t.restart_config();
    t.run(2s);
    BOOST_CHECK(t.active("n2 n4 n1"));
    t.start("n3");
    BOOST_CHECK(t.becomes("n4 n1 n3 n2", 2s));
    t.run(50ms);
    BOOST_CHECK(t.nobody_is_moved());
    BOOST_CHECK_EQUAL(t.noticed("move_given_up"), 0u);
}

// One machine is missing, and people have said that they do not wait for it.
BOOST_AUTO_TEST_CASE(whole_is_as_long_as_people_have_made_the_chain_since)
{
    std::vector<std::function<void(town&)>> const words{
        [](town& t) { t.outcome(t.remove("n3")); },
        [](town& t) { t.outcome(t.drain("n3")); },
        [](town& t) { t.outcome(t.want(3)); },
    };
    for (auto const& said : words)
    {
        town_that_moves t({"n1", "n2", "n3", "n4"});
        t.kill("n3");
        t.of("n1").learns = true;
        BOOST_REQUIRE(t.becomes("n2 n4 n1", 1s));
        t.run(500ms);
        BOOST_CHECK(t.active("n2 n4 n1"));
        said(t);
        BOOST_CHECK(t.becomes("n4 n1 n2", 2s));
    }
}

BOOST_AUTO_TEST_CASE(a_chain_that_was_short_when_people_asked_is_whole_as_it_was)
{
    settled_town t;
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1 n2", 1s));
    BOOST_CHECK_EQUAL(t.outcome(t.move("n2", true)), admin_verdict::done);
    BOOST_CHECK(t.becomes("n2 n1", 2s));
}

BOOST_AUTO_TEST_CASE(a_move_that_waits_for_who_is_away_holds_no_other_one_up)
{
    town_that_moves t({"n1", "n2", "n3", "n4"});
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n3", true)), admin_verdict::not_now);
    t.kill("n3");
    t.of("n1").learns = true;
    BOOST_REQUIRE(t.becomes("n2 n4 n1", 1s));
    BOOST_CHECK_EQUAL(t.outcome(t.move("n1", true)), admin_verdict::done);
    BOOST_CHECK(t.becomes("n1 n2 n4", 2s));
}

// It comes back as the tail in any case, and nobody leaves for it.
BOOST_AUTO_TEST_CASE(who_dies_on_its_way_to_the_tail_is_that_when_it_is_back)
{
    settled_town t;
    t.move("n1", false);
    BOOST_REQUIRE(t.becomes("n2 n3", 1s));
    t.kill("n1");
    t.history.clear();
    t.run(3s);
    BOOST_CHECK(t.history.empty());
    t.start("n1");
    BOOST_REQUIRE(t.becomes("n2 n3 n1", 2s));
    t.run(50ms);
    BOOST_CHECK(t.nobody_is_moved());
    BOOST_CHECK_EQUAL(t.noticed("move_given_up"), 0u);
}

BOOST_AUTO_TEST_CASE(whose_place_is_taken_on_its_way_to_the_tail_is_told)
{
    settled_town t;
    t.of("n1").learns = false;
    t.move("n1", false);
    BOOST_REQUIRE(t.becomes("n2 n3", 1s));
    t.kill("n1");
    t.outcome(t.want(2));
    t.run(50ms);
    BOOST_CHECK(t.nobody_is_moved());
    BOOST_CHECK_EQUAL(t.why("move_given_up", "n1"), "it is away, and the chain has all its members");
}

// After a power loss the longest log leads, and nobody has to let the head pass.
BOOST_AUTO_TEST_CASE(who_is_behind_already_does_not_leave)
{
    settled_town t;
    t.move("n3", true);
    BOOST_REQUIRE(t.run_until([&] { return !t.nobody_is_moved(); }, 50ms));
    t.stop_config();
    BOOST_REQUIRE(t.active("n1 n2 n3"));
    for (auto& [n, c] : t.people)
        c.up = false;
    t.run(5s);
    t.of("n3").end = seq{13};
    t.history.clear();
    t.start_config();
    t.start_all({"n1", "n2", "n3"});
    BOOST_REQUIRE(t.becomes("n3 n1 n2", 1s));
    t.run(1s);
    BOOST_CHECK(t.active("n3 n1 n2"));
    BOOST_CHECK_EQUAL(t.config().at, t.history.front().at);
    BOOST_CHECK(t.nobody_is_moved());
}

// Nobody could learn from the others.
BOOST_AUTO_TEST_CASE(the_last_one_with_sound_rows_makes_room_for_nobody)
{
    settled_town t({"n1", "n2"});
    t.of("n2").damaged = true;
    t.run(100ms);
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n1", false)), admin_verdict::last_replica);
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n2", true)), admin_verdict::last_replica);
    BOOST_CHECK_EQUAL(t.replies.back().with, name("n1"));
    BOOST_CHECK(t.active("n1 n2"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
