// Moves within the chain, and how long it is wanted to be.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(changes)

BOOST_AUTO_TEST_CASE(a_move_to_the_tail)
{
    for (auto const& [who, chain] : {std::pair{"n1", "n2 n3 n1"}, {"n2", "n1 n3 n2"}})
    {
        settled_town t;
        BOOST_CHECK_EQUAL(t.outcome(t.move(who, false), 100ms), admin_verdict::done);
        BOOST_REQUIRE(t.becomes(chain, 1s));
        t.run(500ms);
        BOOST_CHECK(t.active(chain));
        BOOST_CHECK(t.nobody_is_moved());
        BOOST_CHECK_EQUAL(t.why("removed", who), "to come back as the tail");
        BOOST_CHECK_EQUAL(t.verdict_of(t.move(who, false)), admin_verdict::already);
    }
}

BOOST_AUTO_TEST_CASE(a_move_to_the_head_takes_those_before_it_one_by_one_and_never_more)
{
    settled_town t;
    t.history.clear();
    t.move("n3", true);
    BOOST_REQUIRE(t.becomes("n3 n1 n2", 2s));
    for (auto const& made : t.history)
        BOOST_CHECK_GE(made.members.size(), 2u);
    t.run(20ms);
    BOOST_CHECK(t.nobody_is_moved());
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n3", true)), admin_verdict::already);
}

BOOST_AUTO_TEST_CASE(a_spare_that_is_added_lengthens_the_chain)
{
    town_with_a_spare t;
    BOOST_CHECK_EQUAL(t.outcome(t.add("n4")), admin_verdict::done);
    BOOST_CHECK_EQUAL(t.registry.want, 4u);
    BOOST_CHECK(t.becomes("n1 n2 n3 n4", 2s));
    BOOST_CHECK_EQUAL(t.verdict_of(t.add("n4")), admin_verdict::already);
}

BOOST_AUTO_TEST_CASE(no_more_machines_are_wanted_than_a_chain_may_have)
{
    town_with_a_spare t;
    for (std::size_t i = t.registry.known.size(); i < most_members + 1; ++i)
        t.registry.known.push_back(name("away" + std::to_string(i)));
    t.restart_config();
    t.run(100ms);
    BOOST_CHECK_EQUAL(t.outcome(t.add("n4")), admin_verdict::done);
    BOOST_CHECK_EQUAL(t.registry.want, most_members);
}

BOOST_AUTO_TEST_CASE(a_member_is_not_added_again_beside_a_spare)
{
    town_with_a_spare t;
    BOOST_CHECK_EQUAL(t.verdict_of(t.add("n1")), admin_verdict::already);
    BOOST_CHECK_EQUAL(t.registry.want, 3u);
}

BOOST_AUTO_TEST_CASE(a_machine_that_is_away_and_wanted_is_not_added_again)
{
    settled_town t;
    t.kill("n3");
    BOOST_CHECK(t.becomes("n1 n2", 2s));
    BOOST_CHECK_EQUAL(t.verdict_of(t.add("n3")), admin_verdict::already);
}

BOOST_AUTO_TEST_CASE(a_moved_one_comes_back_before_a_spare)
{
    town_with_a_spare t;
    t.move("n1", false);
    BOOST_CHECK(t.becomes("n2 n3 n1", 1s));
}

BOOST_AUTO_TEST_CASE(a_move_goes_on_after_a_restart_at_any_moment)
{
    for (int moment = 0; moment < 40; ++moment)
    {
        settled_town t;
        t.move("n3", true);
        t.run(microseconds{moment * 5000 + 2500});
        t.stop_config();
        t.run(20ms);
        t.start_config();
        bool const stored = !t.nobody_is_moved() || t.config().at > epoch{1};
        BOOST_CHECK_MESSAGE(!stored || t.becomes("n3 n1 n2", 5s), "moment " << moment);
    }
}

BOOST_AUTO_TEST_CASE(a_move_waits_for_all_and_a_dead_one_does_not_hold_the_next_move_up)
{
    settled_town t;
    t.of("n1").learns = false;  // out, and not back in
    t.move("n1", false);
    BOOST_REQUIRE(t.becomes("n2 n3", 500ms));
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n2", false)), admin_verdict::not_now);
    t.kill("n1");
    t.run(300ms);
    BOOST_CHECK_EQUAL(t.outcome(t.move("n2", false), 100ms), admin_verdict::done);
    BOOST_CHECK(t.becomes("n3 n2", 500ms));
    t.start("n1").learns = true;
    BOOST_CHECK(t.becomes("n3 n2 n1", 1s));
}

BOOST_AUTO_TEST_CASE(who_is_moved_stays_while_another_one_is_missing)
{
    settled_town t;
    t.move("n1", false);
    t.kill("n3");
    BOOST_CHECK(t.becomes("n1 n2", 1s));
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
}

BOOST_AUTO_TEST_CASE(one_of_two_can_be_moved)
{
    settled_town t({"n1", "n2"});
    BOOST_CHECK_EQUAL(t.outcome(t.move("n1", false)), admin_verdict::done);
    BOOST_CHECK(t.becomes("n2 n1", 2s));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_moved)
{
    town_with_a_spare t;
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n7", false)), admin_verdict::no_such_node);
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n4", false)), admin_verdict::not_a_member);
    t.want(1);
    t.run(50ms);
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n1", false)), admin_verdict::last_replica);
}

BOOST_AUTO_TEST_CASE(a_removal_lowers_what_is_wanted_and_a_spare_takes_the_place)
{
    settled_town t;
    t.outcome(t.remove("n2"));
    BOOST_CHECK_EQUAL(t.registry.want, 2u);

    town_with_a_spare u;
    u.outcome(u.remove("n2"));
    BOOST_CHECK_EQUAL(u.registry.want, 3u);
    BOOST_CHECK(u.becomes("n1 n3 n4", 1s));
}

BOOST_AUTO_TEST_CASE(numbers_that_cannot_be_wanted)
{
    settled_town t;
    BOOST_CHECK_EQUAL(t.verdict_of(t.want(0)), admin_verdict::bad_number);
    BOOST_CHECK_EQUAL(t.verdict_of(t.want(100)), admin_verdict::bad_number);
    BOOST_CHECK_EQUAL(t.verdict_of(t.want(3)), admin_verdict::already);
    BOOST_CHECK_EQUAL(t.outcome(t.want(5)), admin_verdict::done);
    BOOST_CHECK_EQUAL(t.registry.want, 5u);
    BOOST_CHECK(t.active("n1 n2 n3"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
