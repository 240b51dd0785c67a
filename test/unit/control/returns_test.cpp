// A machine comes back, and what its earlier run has said is late.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(returns)

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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
