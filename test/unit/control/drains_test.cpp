// A machine sends its clients away and leaves the chain, until it is asked back.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(drains)

BOOST_AUTO_TEST_CASE(a_drained_node_tells_its_clients_first_and_stays_out_until_undrained)
{
    settled_town t;
    auto const since = t.now;
    auto const request = t.drain("n1");
    t.run(1s);
    BOOST_CHECK(t.of("n1").draining && !t.of("n2").draining);
    BOOST_CHECK_EQUAL(t.ctl->draining(), name("n1"));
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.outcome(request), admin_verdict::done);
    BOOST_CHECK_GE((t.now - since).count(), 3'000'000);
    BOOST_CHECK_LE((t.now - since).count(), 3'100'000);
    BOOST_CHECK(t.active("n2 n3"));
    BOOST_CHECK_EQUAL(t.why("removed", "n1"), "drained by the administrator");
    BOOST_CHECK_EQUAL(t.registry.want, 3u);
    t.restart_config();
    t.run(5s);
    BOOST_CHECK(t.active("n2 n3"));
    BOOST_CHECK(t.of("n1").draining);
    auto const nodes = t.ctl->nodes();
    BOOST_CHECK_EQUAL(nodes[0].reason, "drained by the administrator");
    BOOST_CHECK_EQUAL(t.verdict_of(t.drain("n1")), admin_verdict::already);

    BOOST_CHECK_EQUAL(t.outcome(t.undrain("n1")), admin_verdict::done);
    BOOST_REQUIRE(t.becomes("n2 n3 n1", 500ms));
    t.run(100ms);
    BOOST_CHECK(!t.of("n1").draining);
    BOOST_CHECK_EQUAL(t.verdict_of(t.undrain("n1")), admin_verdict::already);
}

BOOST_AUTO_TEST_CASE(why_a_machine_is_away_is_what_ended_it_and_not_what_it_had_left_for)
{
    auto const why = [](town& t, char const* who)
    {
        for (auto const& each : t.ctl->nodes())
            if (each.name == name(who)) return each.reason;
        return std::string();
    };
    auto const taken_out_and_back = [](town& t)
    {
        BOOST_REQUIRE_EQUAL(t.outcome(t.remove("n1")), admin_verdict::done);
        t.of("n1").learns = false;
        BOOST_REQUIRE_EQUAL(t.outcome(t.add("n1")), admin_verdict::done);
    };
    settled_town t;
    taken_out_and_back(t);
    t.unplug("n1");
    t.run(2s);
    BOOST_CHECK_EQUAL(why(t, "n1"), "not heard any more");
    // It left because it was not heard.
    t.unplug("n2");
    t.run(2s);
    BOOST_CHECK_MESSAGE(why(t, "n2").starts_with("no heartbeat for "), why(t, "n2"));

    settled_town other;
    taken_out_and_back(other);
    other.kill("n1");
    other.run(2s);
    BOOST_CHECK_EQUAL(why(other, "n1"), "its process is gone");
}

BOOST_AUTO_TEST_CASE(a_drain_does_not_wait_longer_than_for_the_last_client)
{
    settled_town t;
    auto const request = t.drain("n2");
    t.run(500ms);
    t.feed(drained_clients{name("n1")});  // somebody else
    t.run(100ms);
    BOOST_CHECK(t.active("n1 n2 n3"));
    t.feed(drained_clients{name("n2")});
    BOOST_CHECK_EQUAL(t.outcome(request, 100ms), admin_verdict::done);
    BOOST_CHECK(t.active("n1 n3"));
}

BOOST_AUTO_TEST_CASE(the_last_replica_is_not_drained)
{
    settled_town t;
    t.kill("n1");
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n2", 100ms));
    BOOST_CHECK_EQUAL(t.verdict_of(t.drain("n2")), admin_verdict::last_replica);
}

// Nobody could learn from the others.
BOOST_AUTO_TEST_CASE(who_does_not_hear_the_config_service_takes_nobodys_place)
{
    settled_town t;
    t.of("n2").unanswered = t.of("n3").unanswered = true;
    t.run(100ms);
    BOOST_TEST(t.verdict_of(t.drain("n1")) == admin_verdict::last_replica);
    BOOST_TEST(t.verdict_of(t.remove("n1")) == admin_verdict::last_replica);
    BOOST_TEST(t.verdict_of(t.move("n1", false)) == admin_verdict::last_replica);
    // One of those may go: it serves no longer than until the next change.
    BOOST_TEST(t.outcome(t.drain("n3")).value() == admin_verdict::done);
    t.of("n2").unanswered = false;
    t.run(100ms);
    BOOST_TEST(t.outcome(t.drain("n1")).value() == admin_verdict::done);
    BOOST_TEST(t.active("n2"));
}

BOOST_AUTO_TEST_CASE(the_last_replica_with_sound_rows_is_neither_drained_nor_removed)
{
    settled_town t;
    t.of("n1").damaged = true;
    t.run(100ms);
    auto const request = t.drain("n2");
    t.feed(drained_clients{name("n2")});
    BOOST_CHECK_EQUAL(t.outcome(request, 500ms), admin_verdict::done);
    BOOST_REQUIRE(t.active("n1 n3"));
    BOOST_CHECK_EQUAL(t.verdict_of(t.drain("n3")), admin_verdict::last_replica);
    BOOST_CHECK_EQUAL(t.verdict_of(t.remove("n3")), admin_verdict::last_replica);
    BOOST_CHECK(t.active("n1 n3"));
    auto const away = t.remove("n1");
    BOOST_CHECK_EQUAL(t.outcome(away, 500ms), admin_verdict::done);
    BOOST_CHECK(t.active("n3"));
}

BOOST_AUTO_TEST_CASE(who_becomes_the_last_while_its_clients_leave_stays)
{
    settled_town t;
    auto const request = t.drain("n2");
    t.run(2s);
    t.kill("n1");
    t.kill("n3");
    BOOST_CHECK_EQUAL(t.outcome(request), admin_verdict::last_replica);
    t.run(100ms);
    BOOST_CHECK(t.active("n2"));
    BOOST_CHECK(t.registry.drained.empty());
    BOOST_CHECK(!t.of("n2").draining);
}

BOOST_AUTO_TEST_CASE(nobody_leaves_a_chain_that_has_become_shorter_while_its_clients_left)
{
    for (bool const all_gone : {true, false})
    {
        settled_town t;
        auto const request = t.drain("n2");
        t.run(1s);
        t.kill("n3");
        BOOST_REQUIRE(t.becomes("n1 n2", 1s));
        if (all_gone) t.feed(drained_clients{name("n2")});
        BOOST_CHECK_EQUAL(t.outcome(request, 3s), admin_verdict::others_left);
        t.run(1s);
        BOOST_CHECK(t.active("n1 n2"));
        BOOST_CHECK(t.registry.drained.empty());
        BOOST_CHECK(!t.of("n2").draining);
        // Whoever asks again has seen that.
        auto const again = t.drain("n2");
        t.feed(drained_clients{name("n2")});
        BOOST_CHECK_EQUAL(t.outcome(again, 1s), admin_verdict::done);
        BOOST_CHECK(t.active("n1"));
    }
}

// The disk of the registry stands still when the mark is written: who asked has long gone when it is there.
BOOST_AUTO_TEST_CASE(what_nobody_has_decided_in_time_is_put_back)
{
    std::vector<std::function<std::uint64_t(town&)>> const words{
        [](town& t)
        {
            auto const out = t.drain("n2");
            t.feed(drained_clients{name("n2")});
            return out;
        },
        [](town& t) { return t.remove("n2"); },
        [](town& t) { return t.move("n3", true); },
        [](town& t) { return t.want(2); },
    };
    for (auto const& asked : words)
    {
        settled_town t;
        auto const before = t.registry;
        t.store_takes = 20s;
        auto const request = asked(t);
        t.run(15s);
        BOOST_CHECK(!t.verdict_of(request));
        t.feed(withdrawn{request + 1});  // another one's
        t.feed(withdrawn{request});
        t.store_takes = {};
        t.run(10s);
        BOOST_CHECK(t.active("n1 n2 n3"));
        BOOST_CHECK_EQUAL(t.history.size(), 2u);
        BOOST_CHECK(t.registry.drained == before.drained && t.registry.removed == before.removed);
        BOOST_CHECK(t.registry.want == before.want && t.nobody_is_moved());
        BOOST_CHECK_EQUAL(t.noticed("withdrawn"), 1u);
        BOOST_CHECK(!t.verdict_of(request));
        // The next one has its turn.
        BOOST_CHECK_EQUAL(t.outcome(t.want(2)), admin_verdict::done);
    }
}

BOOST_AUTO_TEST_CASE(who_is_drained_sends_nobody_away_while_that_cannot_be_stored)
{
    settled_town t;
    t.store_takes = 20s;
    auto const request = t.drain("n2");
    t.run(1s);
    BOOST_CHECK(t.of("n2").draining);
    t.run(6s);
    BOOST_CHECK(!t.of("n2").draining);
    // What has begun goes on.
    t.store_takes = {};
    t.run(20s);
    BOOST_CHECK(t.active("n1 n3"));
    t.feed(withdrawn{request});
    t.run(1s);
    BOOST_CHECK(t.active("n1 n3"));
    BOOST_CHECK(t.registry.drained == std::vector<node_id>{name("n2")});
}

BOOST_AUTO_TEST_CASE(a_restart_while_clients_leave_forgets_the_drain)
{
    settled_town t;
    t.drain("n2");
    t.run(1s);
    t.restart_config();
    t.run(5s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK(!t.of("n2").draining);
}

BOOST_AUTO_TEST_CASE(a_spare_takes_the_place_of_a_drained_one)
{
    town_with_a_spare t;
    t.drain("n2");
    BOOST_CHECK(t.becomes("n1 n3 n4", 5s));
    t.undrain("n2");
    t.run(1s);
    BOOST_CHECK(t.active("n1 n3 n4"));
}

// The config service stored the mark, and nobody remembers who asked for it.
BOOST_AUTO_TEST_CASE(the_last_one_leaves_as_soon_as_another_has_taken_its_place)
{
    settled_town t;
    t.kill("n2");
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1", 1s));
    t.stop_config();
    t.registry.want = 1;
    t.registry.drained = {name("n1")};
    t.start_config();
    t.run(2s);
    BOOST_CHECK(t.active("n1"));
    t.start("n2").learns = true;
    BOOST_CHECK(t.becomes("n2", 5s));
}

BOOST_AUTO_TEST_CASE(who_leaves_while_it_is_moved_is_not_waited_for)
{
    settled_town t;
    t.stop_config();
    t.registry.moving = {.who = name("n2"), .leaving = {name("n2")}, .members = 3};
    t.registry.drained = {name("n2")};
    t.start_config();
    BOOST_CHECK(t.becomes("n1 n3", 5s));
    t.run(1s);
    BOOST_CHECK(t.nobody_is_moved());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
