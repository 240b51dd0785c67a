// Stories of the config service itself: its restarts, its pauses, what it stores and whom it answers.

#include "unit/control/town.hpp"

#include <set>

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(service)

BOOST_AUTO_TEST_CASE(a_restart_in_mid_reconfiguration_waits_a_lease_and_finishes)
{
    settled_town t;
    t.of("n1").speaks = t.of("n1").promises = false;  // alive behind a cut link, with a lease
    t.of("n2").unreachable = {name("n1")};
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 1s));
    t.restart_config();
    auto const since = t.now;
    BOOST_REQUIRE(t.becomes("n2 n3", 1s));
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
    BOOST_CHECK_GE((t.now - since).count(), 210000);
    BOOST_CHECK_LE((t.now - since).count(), 225000);
}

BOOST_AUTO_TEST_CASE(a_restart_does_not_wait_for_members_that_have_promised)
{
    settled_town t;
    auto const request = t.remove("n3");
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 100ms));
    t.restart_config();
    BOOST_REQUIRE(t.becomes("n1 n2", 100ms));
    BOOST_CHECK(!t.verdict_of(request));  // who asked has lost the connection
    t.run(1s);
    BOOST_CHECK(t.active("n1 n2"));
}

BOOST_AUTO_TEST_CASE(a_restart_at_any_moment_of_a_reconfiguration_is_finished)
{
    for (int moment = 0; moment < 60; ++moment)
    {
        settled_town t;
        t.kill("n1");
        t.run(microseconds{moment * 500});
        t.stop_config();
        t.run(20ms);
        t.start_config();
        BOOST_REQUIRE(t.becomes("n2 n3", 2s));
    }
}

BOOST_AUTO_TEST_CASE(a_restart_of_a_healthy_chains_config_service_changes_nothing)
{
    settled_town t;
    t.stop_config();
    t.run(10s);
    t.start_config();
    t.run(2s);
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
    for (auto const& n : t.ctl->nodes())
        BOOST_CHECK(n.alive);
}

BOOST_AUTO_TEST_CASE(its_own_pause_is_nobodys_death)
{
    settled_town t;
    t.of("n2").next_heartbeat += 17ms;
    t.of("n3").next_heartbeat += 34ms;
    for (auto const pause : {210ms, 220ms, 230ms, 240ms, 260ms, 700ms, 5000ms})
    {
        t.pause_config(pause);
        t.run(500ms);
        BOOST_CHECK_EQUAL(t.config().at, epoch{1});
    }
}

BOOST_AUTO_TEST_CASE(who_was_overdue_before_the_pause_is_not_forgiven)
{
    settled_town t;
    t.unplug("n3");
    t.run(150ms);
    t.pause_config(200ms);  // n3 was in time when it began
    t.run(100ms);
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
    BOOST_CHECK(t.becomes("n1 n2", 250ms));
}

BOOST_AUTO_TEST_CASE(nobody_is_told_before_it_is_stored)
{
    settled_town t;
    t.store_takes = 500ms;
    t.kill("n1");
    t.run(400ms);
    BOOST_CHECK_EQUAL(t.of("n2").promised, epoch{1});
    t.run(150ms);
    BOOST_CHECK_EQUAL(t.of("n2").promised, epoch{2});
    BOOST_CHECK(t.of("n2").config.state == config_state::pending);
    BOOST_CHECK(t.becomes("n2 n3", 700ms));
}

BOOST_AUTO_TEST_CASE(a_lease_is_granted_in_active_epochs_to_members_that_promised_it)
{
    settled_town t;
    t.directives.clear();
    t.feed(heard{t.word_of(t.of("n2"))});
    BOOST_REQUIRE_EQUAL(t.directives.size(), 1u);
    BOOST_CHECK(t.directives[0].what.lease_for == t.now);

    t.of("n3").hears = false;
    t.kill("n1");
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 50ms));
    for (auto const* n : {"n2", "n3"})
    {
        t.directives.clear();
        t.feed(heard{t.word_of(t.of(n))});
        BOOST_REQUIRE_EQUAL(t.directives.size(), 1u);
        BOOST_CHECK(!t.directives[0].what.lease_for);
        BOOST_CHECK(t.directives[0].what.config.state == config_state::pending);  // repeated
    }
}

BOOST_AUTO_TEST_CASE(no_lease_is_granted_while_a_change_is_being_stored)
{
    settled_town t;
    t.store_takes = 100ms;
    t.kill("n1");
    t.run(10ms);
    t.directives.clear();
    t.feed(heard{t.word_of(t.of("n2"))});
    BOOST_REQUIRE_EQUAL(t.directives.size(), 1u);
    BOOST_CHECK(!t.directives[0].what.lease_for);
}

BOOST_AUTO_TEST_CASE(a_change_is_told_unasked_to_members_removed_ones_and_learners)
{
    settled_town t;
    t.of("n2").unreachable = {name("n1")};
    t.of("n1").speaks = false;
    BOOST_REQUIRE(t.run_until([&] { return t.storing.has_value(); }, 1s));
    t.directives.clear();
    t.run(2ms);
    std::set<node_id> told;
    for (auto const& d : t.directives)
        told.insert(d.to.name);
    BOOST_CHECK_EQUAL(told.size(), 3u);
    BOOST_CHECK_EQUAL(t.of("n1").promised, epoch{2});
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_known_gets_no_answer_and_one_notice_a_run)
{
    settled_town t;
    t.directives.clear();
    auto stranger = t.word_of(t.of("n1"));
    stranger.from = a_member("x1", 50, 50);
    for (int i = 0; i < 3; ++i)
        t.feed(heard{stranger});
    BOOST_CHECK(t.directives.empty());
    BOOST_CHECK_EQUAL(t.noticed("refused", "x1"), 1u);
    stranger.from.boot = numbered<boot_id>(51);
    t.feed(heard{stranger});
    BOOST_CHECK_EQUAL(t.noticed("refused", "x1"), 2u);
}

BOOST_AUTO_TEST_CASE(a_registry_that_is_older_than_the_replicas_decides_nothing)
{
    settled_town t;
    t.restore_older_registry();
    BOOST_CHECK_EQUAL(t.noticed("refused", "n2"), 1u);
    BOOST_CHECK(t.why("refused", "n2").starts_with("registry is older than the replicas"));
    t.unplug("n2");
    t.run(2s);
    BOOST_CHECK(t.history.empty());
    BOOST_CHECK_EQUAL(t.of("n3").promised, epoch{2});
    BOOST_CHECK(t.verdict_of(t.remove("n3")) == admin_verdict::old_registry);
}

BOOST_AUTO_TEST_CASE(the_watermark_is_stored_at_most_once_a_second_while_it_grows)
{
    settled_town t;
    BOOST_CHECK_EQUAL(t.registry.watermark, seq{10});
    BOOST_CHECK_EQUAL(t.registry.watermark_epoch, epoch{1});
    auto const before = t.registry.revision;
    for (std::uint64_t i = 11; i < 311; ++i)
    {
        t.write(seq{i});
        t.run(10ms);
    }
    BOOST_CHECK_GE(t.registry.revision, before + 2);
    BOOST_CHECK_LE(t.registry.revision, before + 4);
    t.run(5s);
    auto const settled = t.registry.revision;
    BOOST_CHECK_EQUAL(t.registry.watermark, seq{310});
    t.run(10s);
    BOOST_CHECK_EQUAL(t.registry.revision, settled);  // an idle chain costs no disk
}

BOOST_AUTO_TEST_CASE(the_status_names_everybody_and_says_why_somebody_is_no_member)
{
    settled_town t;
    t.kill("n1");
    BOOST_REQUIRE(t.becomes("n2 n3", 100ms));
    t.run(300ms);
    auto const nodes = t.ctl->nodes();
    BOOST_REQUIRE_EQUAL(nodes.size(), 3u);
    BOOST_CHECK(nodes[0].name == name("n1") && !nodes[0].alive && nodes[0].failed_since);
    BOOST_CHECK_EQUAL(nodes[0].reason, "its process is gone");
    BOOST_CHECK(nodes[1].alive && nodes[1].reason.empty());
    t.start("n1").learns = false;
    t.run(100ms);
    BOOST_CHECK(t.ctl->nodes()[0].learner);
    BOOST_CHECK_EQUAL(t.ctl->nodes()[0].reason, "catching up");
    BOOST_REQUIRE(t.ctl->learning());
    BOOST_CHECK(t.ctl->learning()->source == t.of("n3").who);
}

// Whether a database that cannot be opened may be put aside.
BOOST_AUTO_TEST_CASE(a_chain_goes_on_without_those_that_it_does_not_count_on_any_more)
{
    settled_town t;
    auto const without = [&](std::string const& who) { return t.ctl->goes_on_without(name(who)); };
    BOOST_CHECK(!without("n1") && !without("n2") && !without("n3"));
    BOOST_CHECK(without("n4"));

    t.kill("n3");
    BOOST_CHECK(!without("n3"));
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }));
    BOOST_CHECK(!without("n3"));  // the last ACTIVE chain counts on it
    BOOST_REQUIRE(t.becomes("n1 n2"));
    BOOST_CHECK(without("n3"));

    // Back on its way in.
    t.start("n3");
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }));
    BOOST_CHECK(!without("n3"));
    BOOST_REQUIRE(t.becomes("n1 n2 n3"));

    // Nobody is there who could go on.
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1 n2"));
    t.kill("n1");
    t.kill("n2");
    t.run(1s);
    BOOST_CHECK(!without("n3"));
    // Nor after our own start, before somebody has spoken.
    t.restart_config();
    BOOST_CHECK(!without("n3"));
    t.start("n1");
    t.start("n2");
    BOOST_REQUIRE(t.becomes("n1 n2"));
    BOOST_CHECK(without("n3"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
