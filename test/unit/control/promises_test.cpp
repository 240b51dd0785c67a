// A change waits for the promises of its members.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(promises)

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

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
