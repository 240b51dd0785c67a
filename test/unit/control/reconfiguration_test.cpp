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

BOOST_AUTO_TEST_CASE(who_was_silent_while_a_change_waited_for_it_is_not_deaf_at_its_first_word)
{
    settled_town t({"n1", "n2", "n3"});
    t.of("n2").speaks = t.of("n2").hears = false;
    t.of("n3").speaks = t.of("n3").hears = false;
    t.kill("n1");
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 3s));
    t.run(1500ms);
    for (auto const* who : {"n2", "n3"})
    {
        t.of(who).speaks = t.of(who).hears = true;
        t.run(20ms);
    }
    BOOST_REQUIRE(t.becomes("n2 n3", 1s));
    BOOST_CHECK_EQUAL(t.noticed("removed", "n2") + t.noticed("removed", "n3"), 0u);
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

BOOST_AUTO_TEST_CASE(a_process_that_is_surely_dead_is_replaced_without_waiting)
{
    settled_town t;
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n1 n3", 20ms));
    BOOST_CHECK_EQUAL(t.why("removed", "n2"), "its process is gone");
}

BOOST_AUTO_TEST_CASE(a_clean_stop_needs_no_probe)
{
    settled_town t;
    t.of("n3").kernel = "elsewhere";
    t.feed(connected{t.of("n3").who, "elsewhere"});
    t.of("n3").stepping_down = true;
    t.of("n3").lease_until = {};
    t.run(60ms);
    BOOST_CHECK(t.active("n1 n2 n3"));
    t.kill("n3");
    BOOST_CHECK(t.probes.empty());
    BOOST_REQUIRE(t.becomes("n1 n2", 20ms));
    BOOST_CHECK_EQUAL(t.why("removed", "n3"), "it stopped cleanly");
}

// Between two machines there may be a forwarder: its end is not the replica's.
BOOST_AUTO_TEST_CASE(a_lost_connection_and_a_refusal_from_elsewhere_do_not_end_a_lease)
{
    settled_town t;
    t.run(200ms);
    auto& n3 = t.of("n3");
    t.feed(connected{n3.who, "elsewhere"});
    n3.next_heartbeat = t.now;
    t.run(2ms);
    BOOST_REQUIRE_GT(n3.lease_until.count(), t.now.count());
    n3.speaks = n3.hears = false;
    t.feed(connection_lost{n3.who});
    BOOST_CHECK(t.probes.empty());
    BOOST_CHECK(!t.becomes("n1 n2", 200ms));  // it may be that link alone: what counts is silence
    t.of("n2").unreachable = {n3.who.name};
    // The town checks that nobody who was left out may still serve reads.
    BOOST_CHECK(t.becomes("n1 n2", 300ms));
}

BOOST_AUTO_TEST_CASE(a_lost_connection_of_a_living_process_of_the_same_kernel_does_not_either)
{
    settled_town t;
    t.run(200ms);
    auto& n3 = t.of("n3");
    n3.next_heartbeat = t.now;
    t.run(2ms);
    n3.speaks = n3.hears = false;
    t.feed(connection_lost{n3.who});
    BOOST_REQUIRE_EQUAL(t.probes.size(), 1u);
    t.feed(probed{n3.who, false});
    BOOST_CHECK(!t.becomes("n1 n2", 200ms));
    t.of("n2").unreachable = {n3.who.name};
    BOOST_CHECK(t.becomes("n1 n2", 300ms));
}

BOOST_AUTO_TEST_CASE(a_control_link_that_comes_back_within_the_silence_costs_nobody_its_place)
{
    settled_town t;
    for (int i = 0; i < 5; ++i)
    {
        t.feed(connection_lost{t.of("n2").who});
        t.run(20ms);
        t.feed(connected{t.of("n2").who, i % 2 == 0 ? "elsewhere" : "here"});
        t.run(300ms);
    }
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
}

// Its last words are lost, and with them that it has given up its lease.
BOOST_AUTO_TEST_CASE(who_leaves_unheard_is_waited_for_like_everybody)
{
    settled_town t;
    t.run(200ms);
    auto& n3 = t.of("n3");
    t.feed(connected{n3.who, "elsewhere"});
    n3.next_heartbeat = t.now;
    t.run(2ms);
    n3.speaks = n3.hears = false;
    n3.stepping_down = true;
    t.feed(connection_lost{n3.who});
    BOOST_CHECK(t.becomes("n1 n2", 3s));
}

BOOST_AUTO_TEST_CASE(a_member_that_steps_down_gets_no_lease)
{
    settled_town t;
    t.run(200ms);
    auto& n3 = t.of("n3");
    n3.stepping_down = true;
    n3.lease_until = {};
    t.directives.clear();
    t.feed(heard{t.word_of(n3)});
    BOOST_REQUIRE(!t.directives.empty());
    for (auto const& d : t.directives)
        if (d.to == n3.who) BOOST_CHECK(!d.directive.lease_for);
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

BOOST_AUTO_TEST_CASE(a_member_that_dies_during_a_change_leads_to_a_higher_epoch_from_the_last_active_chain)
{
    settled_town t;
    t.of("n2").hears = false;
    t.kill("n1");
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 50ms));
    BOOST_CHECK_EQUAL(names(t.config()), "n2 n3");
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n3", 400ms));
    BOOST_CHECK_EQUAL(t.config().at, epoch{3});
    for (auto const& made : t.history)
        BOOST_CHECK(made.at != epoch{2} || made.state == config_state::pending);  // never became ACTIVE
}

BOOST_AUTO_TEST_CASE(a_promise_missing_after_sixty_milliseconds_lets_a_returned_member_back_in)
{
    settled_town t;
    t.of("n3").hears = false;
    t.of("n1").speaks = false;
    t.of("n2").unreachable = {name("n1")};
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 400ms));
    BOOST_CHECK_EQUAL(names(t.config()), "n2 n3");
    auto const since = t.now;
    t.of("n1").speaks = true;
    BOOST_REQUIRE(t.run_until([&] { return names(t.config()) == "n1 n2 n3"; }, 200ms));
    BOOST_CHECK_GE((t.now - since).count(), 55000);
    BOOST_CHECK_EQUAL(t.config().at, epoch{3});
    t.of("n3").hears = true;
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 200ms));
}

BOOST_AUTO_TEST_CASE(a_slow_promise_is_waited_for_in_the_same_epoch)
{
    settled_town t;
    t.of("n3").hears = false;
    t.kill("n1");
    t.run(600ms);
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
    BOOST_CHECK_EQUAL(t.config().state, config_state::pending);
    t.of("n3").hears = true;
    BOOST_REQUIRE(t.becomes("n2 n3", 100ms));
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
}

BOOST_AUTO_TEST_CASE(a_member_that_never_hears_us_is_left_out_in_the_end)
{
    settled_town t;
    t.of("n3").hears = false;
    t.kill("n1");
    BOOST_REQUIRE(t.becomes("n2", 1500ms));
    BOOST_CHECK_EQUAL(t.why("removed", "n3"), "it does not hear the config service");
    t.run(300ms);
    BOOST_CHECK(t.active("n2"));
    t.of("n3").hears = true;
    BOOST_CHECK(t.becomes("n2 n3"));
}

// A disk that takes nearly as long as heartbeats go on: a promise waits for the write before it and its own.
BOOST_AUTO_TEST_CASE(who_is_slow_to_promise_by_its_disk_is_not_left_out_for_it)
{
    settled_town t;
    for (auto const* who : {"n1", "n2", "n3"})
        t.of(who).fsync = 900ms;
    t.run(100ms);
    t.of("n2").promises = t.of("n3").promises = false;
    t.kill("n1");
    t.run(3s);
    auto const at = t.config().at;
    BOOST_CHECK_EQUAL(names(t.config()), "n2 n3");
    BOOST_CHECK_EQUAL(t.config().state, config_state::pending);
    t.of("n3").promises = true;
    t.run(200ms);
    BOOST_CHECK_EQUAL(t.config().at, at);
    t.of("n2").promises = true;
    BOOST_CHECK(t.becomes("n2 n3", 100ms));
    BOOST_CHECK_EQUAL(t.config().at, at);
}

// However long the promises of the others take.
BOOST_AUTO_TEST_CASE(who_was_deaf_is_not_tried_again_before_it_has_promised)
{
    settled_town t({"n1", "n2", "n3", "n4"});
    t.of("n2").promises = false;
    t.kill("n1");
    t.run(500ms);
    BOOST_REQUIRE_EQUAL(names(t.config()), "n2 n3 n4");
    t.of("n4").promises = false;
    BOOST_REQUIRE(t.run_until([&] { return names(t.config()) == "n3 n4"; }, 1s));
    auto const at = t.config().at;
    t.run(500ms);
    BOOST_CHECK_EQUAL(t.config().state, config_state::pending);
    BOOST_CHECK_EQUAL(t.config().at, at);
    t.of("n4").promises = true;
    BOOST_REQUIRE(t.becomes("n3 n4", 100ms));
    BOOST_CHECK_EQUAL(t.config().at, at);
}

BOOST_AUTO_TEST_CASE(when_all_that_are_there_seem_deaf_the_chain_of_them_stays)
{
    settled_town t;
    t.of("n2").promises = t.of("n3").promises = false;
    t.kill("n1");
    t.run(100ms);
    auto const at = t.config().at;
    t.run(10s);
    BOOST_CHECK_EQUAL(names(t.config()), "n2 n3");
    BOOST_CHECK_EQUAL(t.config().at, at);
}

BOOST_AUTO_TEST_CASE(no_member_can_still_serve_reads_when_a_chain_without_it_is_active)
{
    // It is silent to us, but it hears us: the answers that it got last granted it a lease. The town checks.
    settled_town t;
    t.how.silence = 100ms;
    t.restart_config();
    t.run(1s);
    t.of("n1").speaks = t.of("n1").promises = false;
    t.of("n2").unreachable = {name("n1")};
    auto const since = t.now;
    BOOST_REQUIRE(t.becomes("n2 n3", 1s));
    BOOST_CHECK_GE((t.now - since).count(), 155000);  // its lease may have been granted 50 ms ago
}

BOOST_AUTO_TEST_CASE(a_restart_is_another_member_and_returns_as_a_learner_at_once_the_first_time)
{
    settled_town t;
    t.kill("n1");
    auto const old = t.of("n1").who;
    t.start("n1");
    BOOST_REQUIRE(t.becomes("n2 n3", 100ms));
    BOOST_REQUIRE(t.becomes("n2 n3 n1", 300ms));
    BOOST_CHECK_NE(t.config().members.back(), old);
    BOOST_CHECK_EQUAL(t.config().members.back(), t.of("n1").who);
}

BOOST_AUTO_TEST_CASE(a_restart_is_noticed_even_when_nothing_told_of_the_death)
{
    settled_town t;
    t.unplug("n2");
    t.run(20ms);
    t.start("n2");
    BOOST_REQUIRE(t.becomes("n1 n3", 350ms));
    BOOST_CHECK_EQUAL(t.why("removed", "n2"), "its process was restarted");
    BOOST_CHECK(t.becomes("n1 n3 n2", 500ms));
}

BOOST_AUTO_TEST_CASE(a_late_word_of_an_earlier_run_changes_nothing)
{
    settled_town t;
    auto late = t.word_of(t.of("n1"));
    t.kill("n1");
    t.start("n1");
    BOOST_REQUIRE(t.becomes("n2 n3 n1", 1s));
    t.feed(heard{late});
    t.run(1s);
    BOOST_CHECK(t.active("n2 n3 n1"));
    BOOST_CHECK_EQUAL(t.config().at, epoch{3});
}

BOOST_AUTO_TEST_CASE(an_older_heartbeat_of_the_same_run_takes_no_promise_back_and_gets_no_answer)
{
    settled_town t;
    auto const late = t.word_of(t.of("n2"));
    t.kill("n1");
    BOOST_REQUIRE(t.becomes("n2 n3", 100ms));
    t.directives.clear();
    t.feed(heard{late});
    BOOST_CHECK(t.directives.empty());
    for (auto const& n : t.ctl->nodes())
        if (n.name == name("n2")) BOOST_CHECK_EQUAL(n.last->promised, epoch{2});
}

BOOST_AUTO_TEST_CASE(a_late_word_of_an_earlier_run_is_no_word_of_its_machine)
{
    settled_town t;
    auto const late = t.word_of(t.of("n2"));
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n1 n3", 100ms));
    t.start("n2");
    BOOST_REQUIRE(t.becomes("n1 n3 n2", 1s));
    t.directives.clear();
    t.feed(heard{late});
    BOOST_CHECK(t.directives.empty());
    BOOST_CHECK(t.active("n1 n3 n2"));
}

BOOST_AUTO_TEST_CASE(a_false_removal_is_followed_by_a_return)
{
    settled_town t;
    t.of("n2").speaks = false;
    t.of("n1").unreachable = {name("n2")};
    BOOST_REQUIRE(t.becomes("n1 n3", 600ms));
    t.of("n1").unreachable.clear();
    t.of("n2").speaks = true;
    BOOST_REQUIRE(t.becomes("n1 n3 n2", 500ms));
    BOOST_CHECK_EQUAL(t.of("n2").promised, t.config().at);
}

// With nobody else to take its place, not later and later: the chain is short meanwhile.
BOOST_AUTO_TEST_CASE(a_node_that_flaps_is_taken_back_later)
{
    settled_town t;
    std::vector<microseconds> waits;
    for (int i = 0; i < 4; ++i)
    {
        t.kill("n3");
        BOOST_REQUIRE(t.becomes("n1 n2", 500ms));
        auto const since = t.now;
        t.start("n3");
        BOOST_REQUIRE(t.becomes("n1 n2 n3", 10s));
        waits.push_back(t.now - since);
    }
    BOOST_CHECK(waits[0] < 200ms);
    BOOST_CHECK(waits[1] > 900ms && waits[1] < 1200ms);
    BOOST_CHECK(waits[2] > 900ms && waits[2] < 1200ms);
    BOOST_CHECK(waits[3] > 900ms && waits[3] < 1200ms);
    t.run(61s);
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1 n2", 500ms));
    t.start("n3");
    BOOST_CHECK(t.becomes("n1 n2 n3", 200ms));
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
