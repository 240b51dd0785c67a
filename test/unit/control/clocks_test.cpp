// Wall clocks that are set wrong: who is right, who is named, who is the head.

#include "control/clock_votes.hpp"
#include "unit/control/town.hpp"

#include <limits>

namespace chaind::control
{
namespace
{

using namespace testing;
constexpr microseconds day = 24h;

struct told_town : settled_town
{
    explicit told_town(std::vector<std::string> const& all = {"n1", "n2", "n3"}) : settled_town(all)
    {
        clocks = true;
        newest_stamp_us = wall_us();
        run(200ms);
    }
    // Each on a machine of its own.
    void apart(std::vector<std::string> const& all)
    {
        for (auto const& who : all)
        {
            of(who).kernel = "of " + who;
            feed(connected{of(who).who, of(who).kernel});
        }
    }
    // What replicas are told is what it is.
    bool time_is_right()
    {
        auto const ahead = directives.back().directive.time_us - wall_us();
        return ahead <= 5'000'000 && ahead >= -5'000'000;
    }
    std::string reason(std::string const& who)
    {
        for (auto const& node : ctl->nodes())
            if (node.name == name(who)) return node.reason;
        return {};
    }
};

BOOST_AUTO_TEST_SUITE(wall_clocks)

BOOST_AUTO_TEST_CASE(all_clocks_right_is_nothing_to_speak_of)
{
    told_town t;
    t.run(5s);
    BOOST_CHECK(t.time_is_right());
    BOOST_CHECK_EQUAL(t.noticed("clock"), 0U);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.history.size(), 2U);
}

BOOST_AUTO_TEST_CASE(a_head_whose_clock_is_wrong_is_named_comes_back_as_the_tail_and_is_right_again)
{
    for (auto const ahead : {6 * 60s + 0 * day, 40 * day, -40 * day, -19'000 * day})
    {
        told_town t;
        t.of("n1").clock_ahead = ahead;
        BOOST_REQUIRE(t.becomes("n2 n3 n1", 5s));
        BOOST_CHECK(t.time_is_right());
        BOOST_CHECK_EQUAL(t.noticed("clock", "n1"), 1U);
        BOOST_CHECK(t.why("clock", "n1").find("set the clock of n1: it is ") == 0);
        BOOST_CHECK(t.reason("n1").find(ahead > 0s ? "ahead" : "behind") != std::string::npos);
        BOOST_CHECK(t.why("removed", "n1").find("its clock is wrong") != std::string::npos);
        t.of("n1").clock_ahead = {};
        t.run(2s);
        BOOST_CHECK(t.active("n2 n3 n1"));
        BOOST_CHECK_EQUAL(t.noticed("clock", "n1"), 2U);
        BOOST_CHECK_EQUAL(t.reason("n1"), "");
    }
}

BOOST_AUTO_TEST_CASE(a_second_of_a_wrong_clock_changes_no_chain)
{
    told_town t;
    t.of("n1").clock_ahead = 40 * day;
    t.run(800ms);
    BOOST_CHECK(t.time_is_right());
    t.of("n1").clock_ahead = {};
    t.run(2s);
    BOOST_CHECK(t.active("n1 n2 n3"));
}

BOOST_AUTO_TEST_CASE(a_follower_whose_clock_is_wrong_stays_and_is_passed_over_when_the_head_fails)
{
    for (auto const ahead : {40 * day, -40 * day})
    {
        told_town t;
        t.of("n2").clock_ahead = ahead;
        t.run(2s);
        BOOST_CHECK(t.active("n1 n2 n3"));
        BOOST_CHECK(t.time_is_right());
        BOOST_CHECK(t.reason("n2").find("set the clock of n2") == 0);
        t.kill("n1");
        BOOST_REQUIRE(t.becomes("n3", 200ms));
        BOOST_REQUIRE(t.becomes("n3 n2", 5s));
    }
}

BOOST_AUTO_TEST_CASE(the_last_one_leads_whatever_its_clock_is)
{
    told_town t({"n1", "n2"});
    t.of("n2").clock_ahead = 40 * day;
    t.run(2s);
    t.kill("n1");
    BOOST_REQUIRE(t.becomes("n2", 200ms));
    t.run(3s);
    BOOST_CHECK(t.active("n2"));
    BOOST_CHECK(t.time_is_right());
}

// Two clocks, n1's and the config service's: what was agreed on before goes on.
BOOST_AUTO_TEST_CASE(of_two_clocks_the_one_that_jumps_is_wrong)
{
    for (bool const own : {false, true})
    {
        told_town t({"n1"});
        t.apart({"n1"});
        t.run(200ms);
        for (auto const ahead : {40 * day, -40 * day})
        {
            (own ? t.config_ahead : t.of("n1").clock_ahead) = ahead;
            t.run(3s);
            BOOST_CHECK(t.time_is_right());
            BOOST_CHECK_EQUAL(t.ctl->own_clock_error().has_value(), own);
            BOOST_CHECK_EQUAL(t.reason("n1").empty(), own);
        }
    }
}

// No stamp says which of them it is, when nothing has been written for long.
BOOST_AUTO_TEST_CASE(what_two_clocks_agreed_on_goes_on_when_one_is_set_back)
{
    constexpr std::int64_t right = 1'700'000'000'000'000;
    constexpr std::int64_t back = (40 * day).count();
    for (bool const own : {false, true})
    {
        clock_votes votes(5min);
        for (auto const passed : {0s, 1s})
        {
            auto const now = instant{10s} + passed;
            auto const wall = right + microseconds(passed).count();
            votes.own(wall - (own && passed > 0s ? back : 0), now);
            votes.heard(name("n1"), wall - (!own && passed > 0s ? back : 0), 0, false, now);
            (void)votes.judge(now, 1, 1);
            BOOST_CHECK_EQUAL(votes.time_us(now), wall);
        }
        BOOST_CHECK_EQUAL(votes.own_error().has_value(), own);
        BOOST_CHECK_EQUAL(votes.error(name("n1")).has_value(), !own);
    }
}

BOOST_AUTO_TEST_CASE(a_config_service_whose_clock_is_wrong_says_so_and_tells_the_right_time)
{
    for (auto const ahead : {40 * day, -40 * day})
    {
        told_town t;
        t.config_ahead = ahead;
        t.run(2s);
        BOOST_CHECK(t.time_is_right());
        BOOST_CHECK(t.why("clock").find("set the clock of the config service's machine") == 0);
        t.restart_config();
        t.run(2s);
        BOOST_CHECK(t.time_is_right());
        BOOST_CHECK(t.active("n1 n2 n3"));
        t.config_ahead = {};
        t.run(1s);
        BOOST_CHECK(!t.ctl->own_clock_error());
    }
}

BOOST_AUTO_TEST_CASE(a_config_service_that_has_just_started_tells_nobody_its_own_clock_alone)
{
    for (auto const ahead : {40 * day, -40 * day})
    {
        told_town t;
        t.config_ahead = ahead;
        t.restart_config();
        t.directives.clear();
        for (int i = 0; i < 500; ++i)
        {
            t.run(1ms);
            BOOST_REQUIRE(
                t.directives.empty() || t.directives.back().directive.time_us == 0 || t.time_is_right()
            );
        }
        BOOST_CHECK(t.time_is_right());
    }
}

// It alone is heard for a while: nobody else can say that it is wrong.
BOOST_AUTO_TEST_CASE(a_config_service_that_hears_nobody_does_not_take_its_own_clock_for_all)
{
    told_town t;
    t.config_ahead = 40 * day;
    for (auto const* who : {"n1", "n2", "n3"})
        t.of(who).speaks = false;
    t.run(3s);
    t.of("n1").speaks = true;
    t.run(200ms);
    BOOST_CHECK(t.time_is_right());
}

BOOST_AUTO_TEST_CASE(
    after_a_start_with_one_other_clock_the_log_tells_who_is_behind_and_who_is_ahead_counts_less
)
{
    for (auto const ahead : {40 * day, -40 * day})
        for (bool const own : {false, true})
        {
            told_town t({"n1"});
            t.apart({"n1"});
            (own ? t.config_ahead : t.of("n1").clock_ahead) = ahead;
            t.restart_config();
            t.run(1s);
            BOOST_CHECK(t.time_is_right());
        }
}

constexpr std::int64_t right_us = 1'700'000'000'000'000;

BOOST_AUTO_TEST_CASE(the_first_clocks_that_are_heard_do_not_decide_for_those_that_come)
{
    for (auto const ahead : {40 * day, -40 * day})
    {
        clock_votes votes(5min);
        votes.own(right_us + ahead.count(), 1s);
        votes.heard(name("n1"), right_us + ahead.count(), right_us, false, 1s);
        BOOST_CHECK(!votes.judge(1s, 3, 3));
        BOOST_CHECK_EQUAL(votes.time_us(1s), 0);
        votes.heard(name("n2"), right_us, right_us, false, 1s);
        votes.heard(name("n3"), right_us, right_us, false, 1s);
        votes.judge(1s, 3, 3);
        BOOST_CHECK_EQUAL(votes.time_us(1s), right_us);
        BOOST_CHECK(!votes.error(name("n2")));
        BOOST_CHECK(votes.error(name("n1")));
    }
}

// It may have been set since.
BOOST_AUTO_TEST_CASE(a_clock_that_was_not_heard_for_more_than_a_second_has_no_vote)
{
    for (auto const passed : {microseconds(1s), microseconds(1s) + 1us})
    {
        clock_votes votes(5min);
        votes.own(right_us, 1s);
        auto const now = 1s + passed;
        votes.heard(name("n1"), right_us + passed.count(), right_us, false, now);
        votes.judge(now, 1, 1);
        BOOST_CHECK_EQUAL(votes.time_us(now), passed > 1s ? 0 : right_us + passed.count());
    }
}

BOOST_AUTO_TEST_CASE(who_was_heard_before_a_pause_of_the_config_service_still_has_a_vote)
{
    clock_votes votes(5min);
    votes.own(right_us, 1s);
    votes.heard(name("n1"), right_us, right_us, false, 1s);
    votes.judge(1s, 3, 3);
    BOOST_CHECK_EQUAL(votes.time_us(1s), 0);
    votes.forgive(10s);
    votes.heard(name("n2"), right_us + 10'000'000, right_us, false, 11s);
    votes.judge(11s, 3, 3);
    BOOST_CHECK_EQUAL(votes.time_us(11s), right_us + 10'000'000);
}

BOOST_AUTO_TEST_CASE(a_config_service_beside_a_replica_has_no_second_vote_for_the_same_clock)
{
    for (auto const ahead : {40 * day, -40 * day})
    {
        clock_votes votes(5min);
        auto say = [&](microseconds by, instant now)
        {
            votes.own(right_us + now.count() + by.count(), now);
            votes.heard(name("n1"), right_us + now.count() + by.count(), right_us, true, now);
            votes.heard(name("n2"), right_us + now.count(), right_us, false, now);
            votes.judge(now, 2, 2);
        };
        say({}, 1s);
        say(ahead, 2s);
        BOOST_CHECK_EQUAL(votes.time_us(2s), right_us + 2'000'000);
        BOOST_CHECK(votes.error(name("n1")) && votes.own_error());
        BOOST_CHECK(!votes.error(name("n2")));
    }
}

BOOST_AUTO_TEST_CASE(two_of_four_clocks_decide_nothing_while_the_fourth_is_away)
{
    for (auto const ahead : {40 * day, -40 * day})
    {
        clock_votes votes(5min);
        auto say = [&](microseconds by, instant now)
        {
            votes.own(right_us + now.count(), now);
            votes.heard(name("n1"), right_us + now.count() + by.count(), right_us, false, now);
            votes.heard(name("n2"), right_us + now.count() + by.count(), right_us, false, now);
        };
        say({}, 1s);
        votes.heard(name("n3"), right_us + 1'000'000, right_us, false, 1s);
        votes.judge(1s, 3, 3);
        // n3 dies, and the chain is one of two.
        say(ahead, 10s);
        votes.judge(10s, 2, 3);
        BOOST_CHECK_EQUAL(votes.time_us(10s), right_us + 10'000'000);
        BOOST_CHECK(votes.error(name("n1")) && votes.error(name("n2")) && !votes.own_error());
    }
}

// Whatever number a heartbeat holds, it can be counted with (as a sanitizer sees).
BOOST_AUTO_TEST_CASE(the_largest_number_that_there_is_is_a_wrong_clock)
{
    constexpr auto right = 1'700'000'000'000'000;
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    clock_votes votes(5min);
    votes.own(right, 1s);
    votes.heard(name("n1"), largest, largest, false, 1s);
    BOOST_CHECK(votes.judge(2s, 2, 2));
    BOOST_CHECK_EQUAL(votes.time_us(2s), right + 1'000'000);
    votes.heard(name("n2"), right + 1'000'000, right, false, 2s);
    BOOST_CHECK(!votes.judge(2s, 2, 2));
    BOOST_CHECK_EQUAL(votes.time_us(2s), right + 1'000'000);
    BOOST_CHECK(votes.error(name("n1")) > day);
    BOOST_CHECK(!votes.error(name("n2")));
}

BOOST_AUTO_TEST_CASE(when_all_clocks_are_set_together_the_time_goes_with_them)
{
    told_town t;
    t.of("n1").clock_ahead = t.of("n2").clock_ahead = t.of("n3").clock_ahead = t.config_ahead = -day;
    t.run(2s);
    BOOST_CHECK_LT(t.directives.back().directive.time_us, t.wall_us() - (day / 2).count());
    BOOST_CHECK(t.active("n1 n2 n3"));
}

BOOST_AUTO_TEST_CASE(a_head_whose_rows_are_refused_for_their_time_is_replaced_at_once)
{
    for (bool const by_its_clock : {true, false})
    {
        told_town t;
        t.write(seq{20});
        t.of("n1").end = seq{21};
        (by_its_clock ? t.of("n1").clock_ahead : t.of("n1").stamp_ahead) = 40 * day;
        t.of("n2").refused_us = (40 * day).count();
        BOOST_REQUIRE(t.run_until([&] { return t.config().members.front() == t.of("n2").who; }, 300ms));
        BOOST_CHECK_EQUAL(t.noticed("refused"), 0U);  // who is right is no complaint
        t.of("n2").refused_us = 0;
        BOOST_REQUIRE(t.becomes("n2 n3 n1", 5s));
    }
}

BOOST_AUTO_TEST_CASE(one_member_that_says_the_head_s_rows_are_of_a_wrong_time_is_not_believed_alone)
{
    for (auto const* who : {"n2", "n3"})
    {
        told_town t;
        t.of(who).refused_us = (40 * day).count();
        t.of("n1").clock_ahead = 4min;  // within the tolerance
        t.of("n1").stamp_ahead = 4min;
        t.of("n1").end = seq{21};
        t.run(5s);
        BOOST_CHECK(t.active("n1 n2 n3"));
        BOOST_CHECK_EQUAL(t.history.size(), 2U);
        BOOST_CHECK_EQUAL(t.noticed("refused"), 1U);
        BOOST_CHECK(t.why("refused", who).find("takes no rows of n1") != std::string::npos);
    }
}

// After a wrong time each row is stamped a microsecond behind the last one: that time is nobody's clock.
BOOST_AUTO_TEST_CASE(rows_that_follow_a_wrong_time_slowly_bear_nobody_out)
{
    told_town t;
    t.write(seq{20});
    for (auto const* who : {"n1", "n2", "n3"})
        t.of(who).stamp_ahead = 40 * day;
    t.of("n1").stamp_ahead += 5us;
    t.of("n1").end = seq{25};
    t.of("n2").refused_us = (40 * day).count();
    t.run(5s);
    BOOST_CHECK(t.active("n1 n2 n3"));
}

BOOST_AUTO_TEST_CASE(nobody_moves_a_wrong_clock_to_the_head)
{
    told_town t;
    t.of("n3").clock_ahead = 40 * day;
    t.run(200ms);
    BOOST_CHECK_EQUAL(t.outcome(t.move("n3", true)), admin_verdict::wrong_clock);
    BOOST_CHECK(t.active("n1 n2 n3"));
    t.of("n3").clock_ahead = {};
    t.run(200ms);
    BOOST_CHECK_EQUAL(t.outcome(t.move("n3", true)), admin_verdict::done);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
