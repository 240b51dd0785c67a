// Stories of one crash or several: what chain follows, how soon, and why.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(reconfiguration)

BOOST_AUTO_TEST_CASE(an_empty_registry_waits_for_all_named_replicas_and_makes_epoch_one)
{
    town t;
    t.start("n1");
    t.start("n2");
    t.run(2s);
    BOOST_CHECK_EQUAL(t.registry.revision, 0u);
    t.start("n3");
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 200ms));
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
    BOOST_CHECK_EQUAL(t.registry.want, 3u);
    BOOST_CHECK_EQUAL(t.registry.known, t.how.bootstrap);
    BOOST_CHECK_EQUAL(t.registry.last_active, t.registry.current);
}

BOOST_AUTO_TEST_CASE(a_new_chain_does_not_begin_with_a_replica_that_has_a_log)
{
    town t;
    t.start_all({"n1", "n2", "n3"});
    t.of("n2").end = seq{7};
    t.run(1s);
    BOOST_CHECK_EQUAL(t.registry.revision, 0u);
    BOOST_CHECK_EQUAL(t.noticed("refused", "n2"), 1u);
}

BOOST_AUTO_TEST_CASE(a_replica_that_restarts_during_the_bootstrap_is_named_anew)
{
    town t;
    t.start_all({"n1", "n2", "n3"});
    t.of("n3").hears = false;
    t.run(100ms);
    BOOST_REQUIRE_EQUAL(t.config().state, config_state::pending);
    t.start("n3").hears = true;
    BOOST_REQUIRE(t.becomes("n1 n2 n3"));
    BOOST_CHECK(t.config().contains(t.of("n3").who));
}

BOOST_AUTO_TEST_CASE(when_the_head_dies_its_successor_leads_after_the_silence)
{
    settled_town t;
    t.unplug("n1");
    BOOST_REQUIRE(t.becomes("n2 n3", 350ms));
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
    BOOST_CHECK(t.why("removed", "n1").starts_with("no heartbeat for 25"));
}

BOOST_AUTO_TEST_CASE(who_says_that_it_is_late_is_waited_for_longer_and_only_for_a_while)
{
    settled_town t;
    t.of("n1").late = 150ms;
    t.run(60ms);
    t.unplug("n1");
    t.run(500ms);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_REQUIRE(t.becomes("n2 n3", 150ms));
}

// Three of five were taken out at once on a host that had stood still for a third of a second.
BOOST_AUTO_TEST_CASE(several_that_fall_silent_together_keep_their_places_while_they_may_come_back)
{
    settled_town t({"n1", "n2", "n3", "n4", "n5"});
    for (auto const* who : {"n2", "n3", "n5"})
        t.of(who).speaks = false;
    t.run(400ms);
    BOOST_CHECK(t.active("n1 n2 n3 n4 n5"));
    // Their words come one after the other.
    for (auto const* who : {"n3", "n2", "n5"})
    {
        t.of(who).speaks = true;
        t.run(60ms);
    }
    BOOST_CHECK(t.active("n1 n2 n3 n4 n5"));
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
}

// Their silences end one after the other, by when each spoke last: whoever is still waited for is no
// survivor.
BOOST_AUTO_TEST_CASE(a_chain_all_of_which_stands_still_for_a_while_is_not_changed)
{
    // Who was late before is waited for as long as anybody who shares a silence.
    for (auto const& [late, still] :
         {std::pair{0ms, 400ms},
          {0ms, 940ms},
          {0ms, 1010ms},
          {0ms, 1100ms},
          {0ms, 3000ms},
          {900ms, 900ms},
          {900ms, 940ms},
          {900ms, 1100ms},
          {900ms, 3000ms}})
    {
        BOOST_TEST_CONTEXT("late " << late.count() << " ms, for " << still.count() << " ms")
        {
            settled_town t({"n1", "n2", "n3", "n4", "n5"});
            for (auto const* who : {"n1", "n2", "n3", "n4", "n5"})
                t.of(who).late = late;
            t.run(60ms);
            for (auto const* who : {"n1", "n2", "n3", "n4", "n5"})
            {
                t.of(who).speaks = false;
                t.run(9ms);
            }
            t.run(still);
            for (auto const* who : {"n4", "n1", "n5", "n2", "n3"})
            {
                t.of(who).speaks = true;
                t.run(45ms);
            }
            t.run(100ms);
            BOOST_CHECK(t.active("n1 n2 n3 n4 n5"));
            BOOST_CHECK_EQUAL(t.config().at, epoch{1});
        }
    }
}

BOOST_AUTO_TEST_CASE(a_config_service_that_stutters_misses_a_dead_machine_and_a_dead_link_all_the_same)
{
    for (bool const link : {false, true})
    {
        settled_town t;
        if (link)
            t.of("n2").unreachable = {testing::name("n3")};
        else
            t.unplug("n3");
        for (int i = 0; i < 8 && t.active("n1 n2 n3"); ++i)
        {
            t.pause_config(60ms);
            t.run(240ms);
        }
        BOOST_CHECK(t.active("n1 n2"));
    }
}

BOOST_AUTO_TEST_CASE(who_finds_the_config_service_later_than_others_after_its_start_stays)
{
    for (std::string const first : {"n1", "n2", "n3"})
    {
        settled_town t;
        t.stop_config();
        t.run(1s);
        for (auto& [name, each] : t.people)
            each.speaks = name.name == first;
        t.start_config();
        t.run(1500ms);
        for (auto& [name, each] : t.people)
            each.speaks = true;
        t.run(500ms);
        BOOST_CHECK_MESSAGE(t.active("n1 n2 n3"), first);
        BOOST_CHECK_EQUAL(t.config().at, epoch{1});
    }
}

BOOST_AUTO_TEST_CASE(
    who_died_while_the_config_service_was_away_is_out_as_soon_as_a_neighbour_is_heard_to_miss_it
)
{
    settled_town t;
    t.stop_config();
    t.unplug("n2");
    t.run(1s);
    t.start_config();
    BOOST_CHECK(t.becomes("n1 n3", 500ms));
}

BOOST_AUTO_TEST_CASE(whose_disk_stands_still_is_out_although_it_speaks_and_its_neighbours_hear_it)
{
    settled_town t;
    t.of("n2").stalled = true;
    BOOST_CHECK(t.becomes("n1 n3", 600ms));
    BOOST_CHECK_EQUAL(t.noticed("removed", "n2"), 1u);
    BOOST_CHECK_EQUAL(t.why("removed", "n2"), "its disk stands still");
    t.run(2s);
    BOOST_CHECK(t.active("n1 n3"));
    BOOST_CHECK_EQUAL(t.status_of("n2").reason, "its disk stands still");
    t.of("n2").stalled = false;
    BOOST_CHECK(t.becomes("n1 n3 n2", 4s));
}

BOOST_AUTO_TEST_CASE(the_word_of_a_machine_whose_disk_stands_still_excuses_nobody)
{
    settled_town t;
    t.of("n1").stalled = true;
    for (auto const* dead : {"n2", "n3"})
        t.unplug(dead);
    t.run(3s);
    for (auto const* each : {"n1", "n2", "n3"})
        BOOST_CHECK_MESSAGE(!t.status_of(each).alive, each);
}

BOOST_AUTO_TEST_CASE(two_machines_that_lose_power_at_once_are_removed_by_one_change)
{
    settled_town t({"n1", "n2", "n3", "n4", "n5"});
    t.unplug("n2");
    t.run(20ms);
    t.unplug("n4");
    t.run(900ms);
    BOOST_CHECK(t.active("n1 n2 n3 n4 n5"));
    BOOST_REQUIRE(t.becomes("n1 n3 n5", 200ms));
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
}

// Its processors are those of the replicas, or they have none to spare either.
BOOST_AUTO_TEST_CASE(a_config_service_that_is_late_itself_waits_longer)
{
    settled_town t;
    t.pause_config(210ms);
    t.run(100ms);
    t.unplug("n2");
    t.run(600ms);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_REQUIRE(t.becomes("n1 n3", 150ms));
    t.run(11s);
    t.unplug("n1");
    BOOST_REQUIRE(t.becomes("n3", 350ms));
}

BOOST_AUTO_TEST_CASE(two_that_die_at_once_leave_the_third_alone)
{
    for (auto const* survivor : {"n1", "n2", "n3"})
    {
        settled_town t;
        for (auto const* n : {"n1", "n2", "n3"})
            if (std::string(n) != survivor) t.unplug(n);
        BOOST_REQUIRE(t.becomes(survivor, 1500ms));
        BOOST_CHECK_EQUAL(t.config().members.front(), t.of(survivor).who);
    }
}

BOOST_AUTO_TEST_CASE(the_sole_member_is_never_removed_by_itself)
{
    settled_town t({"n1"});
    t.unplug("n1");
    t.run(30s);
    BOOST_CHECK(t.active("n1"));
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
}

BOOST_AUTO_TEST_CASE(a_config_service_cut_off_from_all_changes_nothing_and_neither_does_its_return)
{
    settled_town t;
    for (auto& [n, c] : t.people)
        c.speaks = false;
    t.run(20s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    t.of("n2").speaks = true;
    t.run(100ms);
    t.of("n1").speaks = t.of("n3").speaks = true;
    t.run(2s);
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
