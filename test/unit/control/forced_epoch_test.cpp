// A chain whose members are lost is made to go on, or is not.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(forcing)

BOOST_AUTO_TEST_CASE(a_chain_that_can_go_on_is_not_forced)
{
    settled_town t;
    BOOST_CHECK_EQUAL(t.verdict_of(t.force("n2")), admin_verdict::not_needed);
    BOOST_CHECK_EQUAL(t.verdict_of(t.force("n7")), admin_verdict::no_such_node);
    t.unplug("n1");
    t.unplug("n2");
    t.unplug("n3");
    t.run(1s);
    BOOST_CHECK_EQUAL(t.verdict_of(t.force("n2")), admin_verdict::not_alive);
    t.start("n3");  // a member of the last chain: it waits for the others, but not for ever
    t.run(100ms);
    BOOST_CHECK_EQUAL(t.verdict_of(t.force("n3")), admin_verdict::not_needed);
    BOOST_CHECK_EQUAL(t.lineages, 0u);
}

// n1 and n2 have only not been heard yet.
BOOST_AUTO_TEST_CASE(who_was_removed_is_not_gone_on_with_while_somebody_else_is_there)
{
    settled_town t;
    BOOST_REQUIRE_EQUAL(t.outcome(t.remove("n1")), admin_verdict::done);
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n3", 1s));
    t.write(seq{20});
    t.kill("n3");
    t.start("n2");
    t.run(1s);
    BOOST_CHECK_EQUAL(t.verdict_of(t.force("n1")), admin_verdict::removed);
    t.epochs_may_jump = true;
    t.acknowledged = seq{};
    t.kill("n2");
    t.run(1s);
    BOOST_CHECK_EQUAL(t.outcome(t.force("n1")), admin_verdict::done);
    BOOST_CHECK(t.active("n1"));
}

BOOST_AUTO_TEST_CASE(a_chain_of_which_some_may_still_live_is_not_forced)
{
    settled_town t;
    t.stop_config();
    t.unplug("n1");
    t.unplug("n2");
    t.wipe("n3");
    t.start_config();
    t.run(60ms);
    BOOST_CHECK_EQUAL(t.verdict_of(t.force("n3")), admin_verdict::not_needed);
}

BOOST_AUTO_TEST_CASE(a_chain_whose_last_member_is_lost_begins_anew_with_another_history)
{
    settled_town t;
    t.unplug("n3");
    t.unplug("n2");
    BOOST_REQUIRE(t.becomes("n1", 1500ms));
    t.write(seq{20});
    t.run(1500ms);
    t.unplug("n1");
    t.run(1s);
    t.start("n2");
    t.run(12s);
    BOOST_CHECK(t.active("n1"));
    t.acknowledged = seq{10};  // the rest is given up
    auto const since = t.now;
    auto const request = t.force("n2");
    BOOST_CHECK_EQUAL(t.outcome(request), admin_verdict::done);
    BOOST_CHECK_GE((t.now - since).count(), 210'000);
    BOOST_CHECK(t.active("n2"));
    BOOST_CHECK_EQUAL(t.lineages, 1u);
    BOOST_CHECK_EQUAL(t.noticed("forced", "n2"), 1u);
    t.write(seq{11});

    // The chain is an ordinary one: a power loss, and others that join.
    t.unplug("n2");
    t.run(1s);
    t.restart_config();
    t.start("n2");
    BOOST_REQUIRE(t.becomes("n2", 15s));
    t.start("n1");
    BOOST_CHECK(t.becomes("n2 n1", 5s));
}

BOOST_AUTO_TEST_CASE(a_request_that_the_lost_chain_left_undone_does_not_stand_in_the_way)
{
    settled_town t;
    t.unplug("n3");
    BOOST_REQUIRE(t.becomes("n1 n2", 1s));
    t.of("n2").promises = false;
    auto const removal = t.remove("n1");
    t.run(20ms);
    t.unplug("n1");
    t.unplug("n2");
    t.run(1s);
    BOOST_CHECK(!t.verdict_of(removal));
    t.start("n3");
    t.run(100ms);
    BOOST_CHECK_EQUAL(t.outcome(t.force("n3")), admin_verdict::done);
    BOOST_CHECK_EQUAL(t.verdict_of(removal), admin_verdict::not_now);
    BOOST_CHECK(t.active("n3"));
}

BOOST_AUTO_TEST_CASE(a_forced_epoch_survives_a_restart_of_the_service)
{
    settled_town t;
    t.unplug("n3");
    t.unplug("n2");
    BOOST_REQUIRE(t.becomes("n1", 1500ms));
    t.unplug("n1");
    t.run(1s);
    t.start("n2");
    t.run(100ms);
    t.force("n2");
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 1s));
    t.restart_config();
    BOOST_CHECK(t.becomes("n2", 15s));
}

BOOST_AUTO_TEST_CASE(a_registry_older_than_its_replicas_goes_on_above_all_that_was_promised)
{
    settled_town t;
    t.restore_older_registry();
    t.epochs_may_jump = true;
    auto const promised = t.of("n3").promised;
    t.unplug("n2");
    BOOST_CHECK_EQUAL(t.outcome(t.force("n3")), admin_verdict::done);
    BOOST_CHECK_GT(t.config().at, promised);
    BOOST_CHECK(t.active("n3"));
    t.start("n2");
    BOOST_CHECK(t.becomes("n3 n2", 2s));
}

BOOST_AUTO_TEST_CASE(what_others_commit_while_an_epoch_is_being_forced_is_no_watermark_of_it)
{
    settled_town t;
    t.kill("n1");
    BOOST_REQUIRE(t.becomes("n2 n3", 1s));
    auto const older = t.registry;
    t.start("n1");
    BOOST_REQUIRE(t.becomes("n2 n3 n1", 15s));
    t.stop_config();
    t.registry = older;
    t.history.clear();
    t.epochs_may_jump = true;
    t.start_config();
    t.run(1s);
    t.store_takes = 200ms;
    auto const request = t.force("n1");
    BOOST_REQUIRE(t.run_until([&] { return t.storing.has_value(); }, 2s));
    auto const given_up_in = t.storing->second.watermark_epoch;
    BOOST_CHECK_EQUAL(given_up_in, t.storing->second.last_active.at);
    for (auto const* other : {"n2", "n3"})
        t.of(other).end = t.of(other).commit = seq{900};
    t.acknowledged = seq{10};
    BOOST_CHECK_EQUAL(t.outcome(request), admin_verdict::done);
    t.run(3s);
    BOOST_CHECK_GE(t.registry.watermark_epoch, given_up_in);
    BOOST_CHECK_LT(t.registry.watermark, seq{900});
}

BOOST_AUTO_TEST_CASE(a_heartbeat_while_a_forced_epoch_is_being_stored_does_not_undo_it)
{
    settled_town t;
    t.restore_older_registry();
    t.epochs_may_jump = true;
    t.unplug("n2");
    t.store_takes = 200ms;
    BOOST_CHECK_EQUAL(t.outcome(t.force("n3")), admin_verdict::done);
    BOOST_CHECK(t.active("n3"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
