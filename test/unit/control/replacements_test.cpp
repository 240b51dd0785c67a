// One machine takes the place of another.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(replacements)

BOOST_AUTO_TEST_CASE(a_replacement_comes_in_before_the_old_one_goes)
{
    town_with_a_spare t;
    t.history.clear();
    auto const request = t.replace("n2");
    BOOST_CHECK_EQUAL(t.outcome(request, 100ms), admin_verdict::done);
    BOOST_CHECK_EQUAL(t.replies.back().with, name("n4"));
    BOOST_REQUIRE(t.becomes("n1 n3 n4", 1s));
    for (auto const& made : t.history)
        BOOST_CHECK_GE(made.members.size(), 3u);
    BOOST_CHECK_EQUAL(t.registry.want, 3u);
    BOOST_CHECK(!t.registry.replacing);
    t.run(2s);
    BOOST_CHECK(t.active("n1 n3 n4"));
    BOOST_CHECK_EQUAL(t.verdict_of(t.replace("n2")), admin_verdict::already);
}

BOOST_AUTO_TEST_CASE(a_replacement_goes_on_after_a_restart_at_any_moment)
{
    for (int moment = 0; moment < 40; ++moment)
    {
        town_with_a_spare t;
        t.replace("n2", "n4");
        t.run(microseconds{moment * 4000 + 2500});
        t.stop_config();
        t.run(20ms);
        t.start_config();
        bool const stored = t.registry.replacing || t.config().at > epoch{1};
        BOOST_CHECK_MESSAGE(!stored || t.becomes("n1 n3 n4", 5s), "moment " << moment);
    }
}

BOOST_AUTO_TEST_CASE(a_replacement_may_be_a_name_that_was_not_known)
{
    settled_town t;
    t.start("n4");
    t.run(100ms);
    BOOST_CHECK_EQUAL(t.outcome(t.replace("n1", "n4"), 100ms), admin_verdict::done);
    BOOST_CHECK(t.becomes("n2 n3 n4", 1s));
    BOOST_CHECK_EQUAL(t.registry.want, 3u);
}

BOOST_AUTO_TEST_CASE(a_dead_node_is_replaced_and_the_place_is_for_the_one_that_was_named)
{
    town_with_a_spare t;
    t.start("n5");
    t.unplug("n4");
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n1 n3", 500ms));
    BOOST_CHECK_EQUAL(t.outcome(t.replace("n2", "n5"), 100ms), admin_verdict::done);
    BOOST_CHECK(t.becomes("n1 n3 n5", 1s));
    t.start("n2");
    t.run(2s);
    BOOST_CHECK(t.active("n1 n3 n5"));
}

// The registry is storing that n4, which takes the place of n2, is a member.
struct town_with_a_replacement : town_with_a_spare
{
    town_with_a_replacement()
    {
        replace("n2", "n4");
        store_takes = 300ms;
        auto const nearly = [&]
        { return storing && storing->second.last_active.members.size() == 4 && storing->first > now; };
        BOOST_REQUIRE(run_until(nearly, 3s));
    }
};

// Its place is kept until it is there, and so long the old one stays.
BOOST_AUTO_TEST_CASE(nobody_leaves_for_a_replacement_that_is_dead)
{
    town_with_a_replacement t;
    t.kill("n4");
    BOOST_REQUIRE(t.becomes("n1 n2 n3 n4", 1s));
    t.history.clear();
    t.store_takes = 2ms;
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 2s));
    t.run(3s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    for (auto const& made : t.history)
        BOOST_CHECK_GE(made.members.size(), 3u);
    t.start("n4");
    BOOST_CHECK(t.becomes("n1 n3 n4", 2s));
}

BOOST_AUTO_TEST_CASE(nobody_is_replaced_while_others_are_missing)
{
    town_with_a_replacement t;
    t.kill("n1");
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1 n2 n3 n4", 1s));
    t.store_takes = 2ms;
    BOOST_REQUIRE(t.becomes("n2 n4", 2s));
    t.run(1s);
    BOOST_CHECK(t.active("n2 n4"));
    t.start("n1");
    BOOST_REQUIRE(t.becomes("n2 n4 n1", 2s));
    t.run(1s);
    BOOST_CHECK(t.active("n2 n4 n1"));
    t.start("n3");
    BOOST_CHECK(t.becomes("n4 n1 n3", 2s));
}

BOOST_AUTO_TEST_CASE(the_last_one_is_replaced_where_it_was_that_when_people_asked)
{
    settled_town t({"n1", "n2"});
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n1", 1s));
    t.start("n4");
    t.run(100ms);
    BOOST_CHECK_EQUAL(t.outcome(t.replace("n1", "n4")), admin_verdict::done);
    BOOST_CHECK(t.becomes("n4", 2s));
}

BOOST_AUTO_TEST_CASE(a_replacement_goes_on_while_another_one_is_drained)
{
    town_with_a_spare t;
    t.of("n4").learns = false;
    t.replace("n2", "n4");
    t.run(100ms);
    BOOST_CHECK_EQUAL(t.outcome(t.drain("n1")), admin_verdict::done);
    t.of("n4").learns = true;
    BOOST_CHECK(t.becomes("n3 n4", 2s));
}

BOOST_AUTO_TEST_CASE(a_replacement_that_is_drained_meanwhile_is_given_up)
{
    town_with_a_spare t;
    t.of("n4").learns = false;
    t.replace("n2", "n4");
    t.run(100ms);
    BOOST_CHECK_EQUAL(t.outcome(t.drain("n4")), admin_verdict::done);
    t.of("n4").learns = true;
    BOOST_CHECK_EQUAL(t.outcome(t.undrain("n4")), admin_verdict::done);
    t.run(2s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.why("replace_given_up", "n2"), "n4 was drained");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_replaced)
{
    settled_town t;
    BOOST_CHECK_EQUAL(t.verdict_of(t.replace("n7")), admin_verdict::no_such_node);
    BOOST_CHECK_EQUAL(t.verdict_of(t.replace("n1")), admin_verdict::no_spare);
    BOOST_CHECK_EQUAL(t.verdict_of(t.replace("n1", "n2")), admin_verdict::is_a_member);
    BOOST_CHECK_EQUAL(t.verdict_of(t.replace("n1", "n1")), admin_verdict::is_a_member);
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1 n2", 100ms));
    t.run(300ms);
    BOOST_CHECK_EQUAL(t.verdict_of(t.replace("n1", "n3")), admin_verdict::not_alive);
}

BOOST_AUTO_TEST_CASE(who_was_removed_takes_nobodys_place)
{
    town_with_a_spare t;
    BOOST_REQUIRE_EQUAL(t.outcome(t.remove("n4")), admin_verdict::done);
    BOOST_CHECK_EQUAL(t.verdict_of(t.replace("n2", "n4")), admin_verdict::removed);
    t.run(5s);
    BOOST_CHECK(t.active("n1 n2 n3"));
}

BOOST_AUTO_TEST_CASE(a_replacement_that_died_can_be_another_one_or_none)
{
    town_with_a_spare t;
    t.of("n4").learns = false;
    t.replace("n2", "n4");
    t.run(100ms);
    BOOST_CHECK_EQUAL(t.verdict_of(t.replace("n2")), admin_verdict::already);
    BOOST_CHECK_EQUAL(t.verdict_of(t.replace("n1")), admin_verdict::not_now);
    t.kill("n4");
    t.start("n5");
    BOOST_CHECK_EQUAL(t.outcome(t.replace("n2", "n5"), 100ms), admin_verdict::done);
    BOOST_CHECK(t.becomes("n1 n3 n5", 1s));

    town_with_a_spare u;
    u.of("n4").learns = false;
    u.replace("n2", "n4");
    u.run(100ms);
    BOOST_CHECK_EQUAL(u.outcome(u.remove("n4")), admin_verdict::done);
    BOOST_CHECK(!u.registry.replacing);
    u.run(1s);
    BOOST_CHECK(u.active("n1 n2 n3"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
