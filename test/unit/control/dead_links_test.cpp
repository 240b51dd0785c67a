// What members say of their links, and who leaves for it.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(dead_links)

BOOST_AUTO_TEST_CASE(a_report_of_a_link_is_taken_back_also_while_a_change_is_under_way)
{
    settled_town t({"n1", "n2", "n3", "n4"});
    t.of("n2").unreachable = {testing::name("n3")};
    t.run(200ms);
    t.of("n2").promises = false;
    t.kill("n4");
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 100ms));
    t.of("n2").unreachable.clear();
    t.run(300ms);
    t.of("n2").promises = true;
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 1s));
    BOOST_CHECK_EQUAL(t.noticed("removed", "n3"), 0u);
}

// Nothing goes over a link of an epoch before both have promised that.
BOOST_AUTO_TEST_CASE(who_has_not_promised_yet_is_not_missed_by_its_neighbour)
{
    settled_town t({"n1", "n2", "n3", "n4"});
    t.of("n2").promises = false;
    t.of("n2").fsync = 250ms;
    t.kill("n4");
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 100ms));
    t.of("n1").unreachable = {testing::name("n2")};
    t.of("n3").unreachable = {testing::name("n2")};
    t.run(700ms);
    t.of("n1").unreachable.clear();
    t.of("n3").unreachable.clear();
    t.of("n2").promises = true;
    t.run(1s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.noticed("removed", "n2"), 0u);
}

BOOST_AUTO_TEST_CASE(who_calls_the_link_to_each_neighbour_dead_goes_itself_at_the_second_one)
{
    settled_town t;
    t.of("n1").unreachable = {testing::name("n2"), testing::name("n3")};
    BOOST_REQUIRE(t.becomes("n1 n3", 1s));
    BOOST_REQUIRE(t.becomes("n3 n2", 3s));
    t.run(5s);
    BOOST_TEST(t.noticed("removed", "n2") == 1u);
    BOOST_TEST(t.noticed("removed", "n3") == 0u);
}

// Behind a tail that it does not reach it would be taken out at once, again and again.
BOOST_AUTO_TEST_CASE(who_has_no_link_with_the_tail_comes_in_when_there_is_one)
{
    settled_town t({"n1", "n2", "n3", "n4"});
    t.of("n3").unreachable = {testing::name("n4")};
    t.of("n4").missed = {testing::name("n3")};
    BOOST_TEST_REQUIRE(t.becomes("n1 n2 n3", 1s));
    t.of("n3").unreachable.clear();  // of its neighbours only
    auto const before = t.config().at;
    t.run(30s);
    BOOST_TEST((t.config().at == before));
    BOOST_TEST(t.noticed("learner", "n4") == 0u);
    BOOST_TEST(
        t.status_of("n4").reason ==
        "it has no link with n3, behind which it would stand: mend the way between them"
    );
    t.of("n4").missed.clear();
    BOOST_TEST(t.becomes("n1 n2 n3 n4", 2s));
}

// Nor is anybody else kept waiting for it, and behind another tail it may come in.
BOOST_AUTO_TEST_CASE(a_spare_that_has_a_link_with_the_tail_goes_before_one_that_has_none)
{
    settled_town t({"n1", "n2", "n3"});
    t.of("n2").unreachable = {testing::name("n3")};
    t.of("n3").missed = {testing::name("n2")};
    BOOST_TEST_REQUIRE(t.becomes("n1 n2", 1s));
    t.of("n2").unreachable.clear();
    t.start("n4");
    t.add("n4");
    t.want(3);
    BOOST_TEST_REQUIRE(t.becomes("n1 n2 n4", 2s));
    t.want(4);
    BOOST_TEST(t.becomes("n1 n2 n4 n3", 2s));
}

BOOST_AUTO_TEST_CASE(of_a_link_that_was_dead_long_ago_nothing_is_remembered)
{
    settled_town t;
    t.of("n1").unreachable = {testing::name("n2")};
    BOOST_REQUIRE(t.becomes("n1 n3", 1s));
    t.of("n1").unreachable.clear();
    BOOST_REQUIRE(t.becomes("n1 n3 n2", 10s));
    t.run(t.how.flap_last);
    t.of("n1").unreachable = {testing::name("n3")};
    BOOST_REQUIRE(t.becomes("n1 n2", 1s));
}

// Of a link that no new chain has, nobody says that it is whole again.
struct town_without_n2 : settled_town
{
    town_without_n2()
    {
        of("n1").unreachable = {testing::name("n2")};
        run(200ms);
        of("n3").promises = false;
        BOOST_REQUIRE(run_until([&] { return config().state == config_state::pending; }, 300ms));
        BOOST_REQUIRE_EQUAL(names(config()), "n1 n3");
    }
};

BOOST_AUTO_TEST_CASE(a_link_that_nobody_reports_any_more_costs_nobody_its_place_when_the_change_fails)
{
    town_without_n2 t;
    t.of("n1").unreachable.clear();
    t.unplug("n3");
    BOOST_REQUIRE(t.becomes("n1 n2", 1s));
    for (auto const& made : t.history)
        BOOST_CHECK_GE(made.members.size(), 2u);
}

BOOST_AUTO_TEST_CASE(a_link_that_was_dead_all_the_same_is_found_dead_again)
{
    town_without_n2 t;
    t.of("n1").unreachable.clear();
    t.unplug("n3");
    BOOST_REQUIRE(t.becomes("n1 n2", 1s));
    t.of("n1").unreachable = {testing::name("n2")};
    BOOST_REQUIRE(t.becomes("n1", 400ms));
}

BOOST_AUTO_TEST_CASE(a_link_that_is_reported_still_counts_when_the_change_fails)
{
    town_without_n2 t;
    t.unplug("n3");
    BOOST_REQUIRE(t.becomes("n1", 1s));
    BOOST_CHECK_EQUAL(t.config().at, epoch{3});
}

BOOST_AUTO_TEST_CASE(a_change_for_a_dead_link_stays_while_a_promise_takes_long)
{
    town_without_n2 t;
    t.of("n1").unreachable.clear();  // whoever has promised the next chain speaks of its neighbours there
    t.of("n3").fsync = 100ms;
    t.run(700ms);
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
    t.of("n3").promises = true;
    BOOST_REQUIRE(t.becomes("n1 n3", 200ms));
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
}

BOOST_AUTO_TEST_CASE(a_link_between_late_ones_is_dead_later)
{
    settled_town t;
    t.of("n1").late = 200ms;
    t.run(60ms);
    t.of("n2").unreachable = {testing::name("n3")};
    t.run(600ms);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_REQUIRE(t.becomes("n1 n2", 200ms));
}

BOOST_AUTO_TEST_CASE(a_node_silent_to_us_alone_stays_for_two_seconds)
{
    settled_town t;
    t.of("n2").speaks = false;
    t.run(1900ms);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK(t.becomes("n1 n3", 400ms));
}

BOOST_AUTO_TEST_CASE(neighbours_that_do_not_hear_it_either_do_not_vouch)
{
    settled_town t;
    t.of("n2").speaks = false;
    t.run(150ms);
    t.of("n3").unreachable = {name("n2")};
    BOOST_CHECK(t.becomes("n1 n3", 300ms));
}

BOOST_AUTO_TEST_CASE(a_dead_link_between_two_that_we_hear_removes_the_later)
{
    settled_town t;
    t.of("n1").unreachable = {name("n2")};
    t.run(200ms);
    BOOST_CHECK(t.active("n1 n2 n3"));  // perhaps n2 is dying
    BOOST_REQUIRE(t.becomes("n1 n3", 300ms));
    BOOST_CHECK_EQUAL(t.why("removed", "n2"), "its link to a neighbour is dead");
}

BOOST_AUTO_TEST_CASE(a_neighbours_report_of_a_death_does_not_cost_the_neighbour_its_place)
{
    settled_town t;
    t.unplug("n1");  // n2 says so after 100 ms, and we hear n1 for 250 ms
    BOOST_REQUIRE(t.run_until([&] { return t.config().at > epoch{1}; }, 1s));
    BOOST_CHECK_EQUAL(names(t.config()), "n2 n3");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
