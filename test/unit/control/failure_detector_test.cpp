#include "control/failure_detector.hpp"

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using testing::a_member;

member const n1 = a_member("n1", 1, 1);
member const n2 = a_member("n2", 2, 2);
member const n3 = a_member("n3", 3, 3);

BOOST_AUTO_TEST_SUITE(failure_detector_suite)

BOOST_AUTO_TEST_CASE(a_process_is_alive_until_it_is_silent_for_too_long)
{
    failure_detector d(250ms);
    BOOST_CHECK_EQUAL(d.judge(n1, 0ms), verdict::silent);
    d.heard(n1, 1000ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 1250ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 1251ms), verdict::silent);
    BOOST_CHECK(d.last_heard(n1) == instant{1000ms});
    BOOST_CHECK(!d.last_heard(n2));
}

BOOST_AUTO_TEST_CASE(what_either_side_is_late_by_is_no_silence)
{
    failure_detector d(250ms, 1s);
    d.heard(n1, 1000ms, false, 100ms);
    d.heard(n2, 1000ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 1450ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 1451ms), verdict::silent);
    BOOST_CHECK_EQUAL(d.judge(n2, 1251ms), verdict::silent);
    d.own_lateness(200ms);
    BOOST_CHECK_EQUAL(d.judge(n2, 1650ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 1650ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n2, 1651ms), verdict::silent);
    d.own_lateness(10s);
    BOOST_CHECK_EQUAL(d.judge(n1, 2000ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 2001ms), verdict::silent);
    d.heard(n1, 3000ms, false, microseconds::max());
    BOOST_CHECK(d.patience(n1) == 1s);
    d.own_lateness({});
    d.heard(n1, 3000ms, false, microseconds::min());
    BOOST_CHECK(d.patience(n1) == 250ms);
}

// A host or a network that stands still takes the voices of several away.
struct three_connected
{
    three_connected()
    {
        for (auto const& m : {n1, n2, n3})
            d.connected(m, false);
    }

    failure_detector d{250ms, 1s};
};

BOOST_FIXTURE_TEST_CASE(who_falls_silent_together_is_waited_for_longer_and_given_up_together, three_connected)
{
    d.heard(n1, 1000ms, false);
    d.heard(n2, 1100ms, false);
    d.heard(n3, 1251ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 1300ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 2000ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n2, 2000ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 2001ms), verdict::silent);
    BOOST_CHECK_EQUAL(d.judge(n2, 2001ms), verdict::silent);
}

BOOST_FIXTURE_TEST_CASE(a_member_that_falls_silent_alone_shares_its_silence_with_nobody, three_connected)
{
    d.heard(n1, 1000ms, false);
    d.heard(n2, 1125ms, false);  // missed for half a silence when the other's is over
    BOOST_CHECK_EQUAL(d.judge(n1, 1251ms), verdict::silent);
    BOOST_CHECK_EQUAL(d.judge(n1, 1400ms), verdict::silent);  // and not alive again afterwards
    d.heard(n3, 2000ms, false);
    d.heard(n1, 2250ms, false);  // the other was silent already
    d.heard(n2, 2500ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 2501ms), verdict::silent);
}

BOOST_FIXTURE_TEST_CASE(a_connection_that_does_not_stand_shares_no_silence, three_connected)
{
    d.heard(n1, 1000ms, false);
    d.heard(n2, 1000ms, false);
    BOOST_REQUIRE_EQUAL(d.judge(n1, 1300ms), verdict::alive);
    BOOST_CHECK(!d.lost(n2));
    BOOST_CHECK_EQUAL(d.judge(n1, 1300ms), verdict::silent);
    BOOST_CHECK_EQUAL(d.judge(n2, 1300ms), verdict::silent);
    d.forget(n3);
    d.connected(n2, false);
    d.heard(n3, 1000ms, false);
    d.heard(n1, 2000ms, false);
    BOOST_CHECK_EQUAL(d.judge(n3, 1251ms), verdict::silent);  // never connected, or forgotten since
}

BOOST_FIXTURE_TEST_CASE(the_first_word_after_a_shared_silence_gives_the_others_one_more, three_connected)
{
    d.heard(n1, 1000ms, false);
    d.heard(n2, 1000ms, false);
    d.heard(n2, 1500ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 1750ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 1751ms), verdict::silent);
    // Once in a silence, a whole one, however late that is.
    d.heard(n1, 3000ms, false);
    d.heard(n2, 3000ms, false);
    d.heard(n3, 3100ms, false);
    d.heard(n2, 3900ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 4150ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 4151ms), verdict::silent);
    d.heard(n3, 4050ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 4151ms), verdict::silent);
    d.heard(n1, 5000ms, false);
    d.heard(n2, 5000ms, false);
    d.heard(n2, 5500ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 5750ms), verdict::alive);
}

BOOST_FIXTURE_TEST_CASE(
    the_first_word_after_a_short_shared_silence_gives_the_others_a_whole_one, three_connected
)
{
    d.heard(n1, 1000ms, false);
    d.heard(n2, 1000ms, false);
    d.heard(n2, 1210ms, false);  // before either silence is over
    BOOST_CHECK_EQUAL(d.judge(n1, 1460ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 1461ms), verdict::silent);
    // Half of it was heard: that one spoke meanwhile.
    d.heard(n1, 2000ms, false);
    d.heard(n2, 2000ms, false);
    d.heard(n2, 2125ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 2251ms), verdict::silent);
}

BOOST_AUTO_TEST_CASE(who_was_silent_speaks_since_the_first_word_after_it)
{
    failure_detector d(250ms);
    d.heard(n1, 1000ms, false);
    d.heard(n1, 1250ms, false);
    BOOST_CHECK(d.speaks_since(n1) == instant{1000ms});
    d.heard(n1, 1501ms, false);
    d.heard(n1, 1600ms, false);
    BOOST_CHECK(d.speaks_since(n1) == instant{1501ms});
    BOOST_CHECK(d.speaks_since(n2) == instant{});
}

BOOST_AUTO_TEST_CASE(an_observer_that_pauses_again_and_again_keeps_nobody_who_is_silent)
{
    failure_detector d(250ms);
    d.heard(n1, 1000ms, false);
    instant now = 1000ms;
    for (int i = 0; i < 2; ++i)
    {
        now += 120ms;
        d.forgive(now, now + 60ms);
        now += 60ms;
    }
    BOOST_CHECK_EQUAL(d.judge(n1, now + 10ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, now + 11ms), verdict::silent);
}

BOOST_FIXTURE_TEST_CASE(a_word_in_time_excuses_nobody, three_connected)
{
    d.heard(n1, 1000ms, false);
    d.heard(n2, 1240ms, false);
    d.heard(n2, 1260ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 1261ms), verdict::silent);
    // Nor does one the connection of which has ended, or excuse such a one.
    d.heard(n1, 2000ms, false);
    d.heard(n2, 2000ms, false);
    BOOST_CHECK(!d.lost(n1));
    d.heard(n2, 2300ms, false);
    d.connected(n1, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 2301ms), verdict::silent);
}

BOOST_FIXTURE_TEST_CASE(
    whose_connection_has_ended_is_not_heard_in_time_until_it_speaks_again, three_connected
)
{
    d.heard(n1, 1000ms, false);
    BOOST_CHECK(d.heard_in_time(n1, 1100ms));
    BOOST_CHECK(!d.lost(n1));
    BOOST_CHECK(d.alive(n1, 1100ms));
    BOOST_CHECK(!d.heard_in_time(n1, 1100ms));
    d.connected(n1, false);
    d.heard(n1, 1120ms, false);
    BOOST_CHECK(d.heard_in_time(n1, 1130ms));
}

BOOST_AUTO_TEST_CASE(another_boot_is_another_process)
{
    failure_detector d(250ms);
    d.heard(n1, 1000ms, false);
    BOOST_CHECK_EQUAL(d.judge(a_member("n1", 1, 9), 1000ms), verdict::silent);
}

BOOST_AUTO_TEST_CASE(a_lost_connection_alone_proves_nothing_and_asks_for_a_probe)
{
    failure_detector d(250ms);
    BOOST_CHECK(!d.lost(n1));  // never heard of
    d.connected(n1, true);
    d.heard(n1, 1000ms, false);
    BOOST_CHECK(d.lost(n1));
    BOOST_CHECK_EQUAL(d.judge(n1, 1001ms), verdict::alive);
    d.probed(n1, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 1002ms), verdict::alive);
}

BOOST_AUTO_TEST_CASE(of_a_process_elsewhere_nobody_is_asked)
{
    failure_detector d(250ms);
    d.connected(n1, false);
    d.heard(n1, 1000ms, false);
    BOOST_CHECK(!d.lost(n1));
    d.connected(n1, true);
    d.connected(n1, false);  // another connection, by another way
    BOOST_CHECK(!d.lost(n1));
    d.connected(n2, true);
    d.heard(n2, 1000ms, false);
    BOOST_CHECK(d.lost(n2));
    BOOST_CHECK(!d.lost(n2));  // once a connection
}

BOOST_AUTO_TEST_CASE(an_end_that_the_kernel_tells_after_a_lost_connection_is_certain_death)
{
    failure_detector d(250ms);
    d.connected(n1, true);
    d.heard(n1, 1000ms, false);
    BOOST_REQUIRE(d.lost(n1));
    d.probed(n1, true);
    BOOST_CHECK_EQUAL(d.judge(n1, 1001ms), verdict::gone);
    d.probed(n1, false);  // an answer that was overtaken
    BOOST_CHECK_EQUAL(d.judge(n1, 1001ms), verdict::gone);
}

BOOST_AUTO_TEST_CASE(a_probe_that_is_older_than_the_newest_word_does_not_count)
{
    failure_detector d(250ms);
    d.connected(n1, true);
    d.heard(n1, 1000ms, false);
    BOOST_REQUIRE(d.lost(n1));
    d.heard(n1, 1010ms, false);  // it has connected again
    d.probed(n1, true);
    BOOST_CHECK_EQUAL(d.judge(n1, 1011ms), verdict::alive);
}

BOOST_AUTO_TEST_CASE(a_clean_step_down_and_a_closed_connection_is_an_end_but_no_certain_death)
{
    failure_detector d(250ms);
    d.connected(n1, true);
    d.heard(n1, 1000ms, true);
    BOOST_CHECK_EQUAL(d.judge(n1, 1001ms), verdict::alive);
    BOOST_CHECK(d.lost(n1));
    BOOST_CHECK_EQUAL(d.judge(n1, 1002ms), verdict::left);
    d.probed(n1, true);
    BOOST_CHECK_EQUAL(d.judge(n1, 1003ms), verdict::gone);

    d.heard(n2, 1000ms, true);
    BOOST_CHECK(!d.lost(n2));
    BOOST_CHECK_EQUAL(d.judge(n2, 1002ms), verdict::left);
    d.connected(n2, false);  // it goes on after all
    BOOST_CHECK_EQUAL(d.judge(n2, 1003ms), verdict::alive);
}

BOOST_AUTO_TEST_CASE(the_observers_own_pause_is_forgiven_only_to_those_who_were_in_time)
{
    failure_detector d(250ms);
    d.heard(n1, 1000ms, false);
    d.heard(n2, 700ms, false);
    d.forgive(1040ms, 2000ms);
    BOOST_CHECK(d.assumed(n1, 2000ms));
    BOOST_CHECK_EQUAL(d.judge(n1, 2210ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 2211ms), verdict::silent);
    BOOST_CHECK_EQUAL(d.judge(n2, 2000ms), verdict::silent);
}

BOOST_AUTO_TEST_CASE(an_assumption_ends_with_a_word_or_with_a_whole_silence)
{
    failure_detector d(250ms);
    d.assume(n1, 1000ms, 1000ms);
    d.assume(n2, 1000ms, 1000ms);
    BOOST_CHECK(d.assumed(n1, 1250ms));
    BOOST_CHECK(!d.assumed(n1, 1251ms));
    d.heard(n2, 1010ms, false);
    BOOST_CHECK(!d.assumed(n2, 1011ms));
}

BOOST_AUTO_TEST_CASE(who_may_be_on_its_way_back_is_assumed_alive_until_somebody_misses_it)
{
    failure_detector d(250ms);
    for (auto const& each : {n1, n2})
        d.assume(each, 1000ms, 4000ms);
    BOOST_CHECK(d.assumed(n1, 4000ms));
    BOOST_CHECK(!d.heard_in_time(n1, 1100ms));
    BOOST_CHECK_EQUAL(d.judge(n1, 4001ms), verdict::silent);
    d.missed(n2);
    BOOST_CHECK_EQUAL(d.judge(n2, 1250ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n2, 1251ms), verdict::silent);
    // What it says itself counts more, and its next silence is a silence.
    d.heard(n1, 1300ms, false);
    BOOST_CHECK_EQUAL(d.judge(n1, 1551ms), verdict::silent);
}

// It came back while nobody listened: its words wait to be read.
BOOST_AUTO_TEST_CASE(who_may_be_on_its_way_back_is_waited_for_longer_after_the_observers_own_pause)
{
    failure_detector d(250ms);
    for (auto const& each : {n1, n2})
        d.assume(each, 1000ms, 4000ms);
    d.missed(n2);
    d.forgive(2700ms, 4100ms);
    BOOST_CHECK_EQUAL(d.judge(n1, 5400ms), verdict::alive);
    BOOST_CHECK_EQUAL(d.judge(n1, 5401ms), verdict::silent);
    BOOST_CHECK_EQUAL(d.judge(n2, 4100ms), verdict::silent);
}

BOOST_AUTO_TEST_CASE(the_certainly_dead_are_not_forgiven)
{
    failure_detector d(250ms);
    d.connected(n1, true);
    d.heard(n1, 1000ms, false);
    BOOST_REQUIRE(d.lost(n1));
    d.probed(n1, true);
    d.forgive(1001ms, 2000ms);
    BOOST_CHECK_EQUAL(d.judge(n1, 2000ms), verdict::gone);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
