// Stories of what administrators ask for beside adding and removing.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(changes)

// Of want 3, with n4 as a spare.
struct town_with_a_spare : settled_town
{
    town_with_a_spare()
    {
        start("n4").learns = false;
        add("n4");
        run(50ms);
        want(3);
        run(50ms);
        of("n4").learns = true;
        run(200ms);
        BOOST_REQUIRE(active("n1 n2 n3"));
        BOOST_REQUIRE_EQUAL(registry.want, 3u);
    }
};

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

BOOST_AUTO_TEST_CASE(a_move_to_the_tail)
{
    for (auto const& [who, chain] : {std::pair{"n1", "n2 n3 n1"}, {"n2", "n1 n3 n2"}})
    {
        settled_town t;
        BOOST_CHECK_EQUAL(t.outcome(t.move(who, false), 100ms), admin_verdict::done);
        BOOST_REQUIRE(t.becomes(chain, 1s));
        t.run(500ms);
        BOOST_CHECK(t.active(chain));
        BOOST_CHECK(t.nobody_is_moved());
        BOOST_CHECK_EQUAL(t.why("removed", who), "to come back as the tail");
        BOOST_CHECK_EQUAL(t.verdict_of(t.move(who, false)), admin_verdict::already);
    }
}

BOOST_AUTO_TEST_CASE(a_move_to_the_head_takes_those_before_it_one_by_one_and_never_more)
{
    settled_town t;
    t.history.clear();
    t.move("n3", true);
    BOOST_REQUIRE(t.becomes("n3 n1 n2", 2s));
    for (auto const& made : t.history)
        BOOST_CHECK_GE(made.members.size(), 2u);
    t.run(20ms);
    BOOST_CHECK(t.nobody_is_moved());
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n3", true)), admin_verdict::already);
}

BOOST_AUTO_TEST_CASE(a_spare_that_is_added_lengthens_the_chain)
{
    town_with_a_spare t;
    BOOST_CHECK_EQUAL(t.outcome(t.add("n4")), admin_verdict::done);
    BOOST_CHECK_EQUAL(t.registry.want, 4u);
    BOOST_CHECK(t.becomes("n1 n2 n3 n4", 2s));
    BOOST_CHECK_EQUAL(t.verdict_of(t.add("n4")), admin_verdict::already);
}

BOOST_AUTO_TEST_CASE(a_member_is_not_added_again_beside_a_spare)
{
    town_with_a_spare t;
    BOOST_CHECK_EQUAL(t.verdict_of(t.add("n1")), admin_verdict::already);
    BOOST_CHECK_EQUAL(t.registry.want, 3u);
}

BOOST_AUTO_TEST_CASE(a_machine_that_is_away_and_wanted_is_not_added_again)
{
    settled_town t;
    t.kill("n3");
    BOOST_CHECK(t.becomes("n1 n2", 2s));
    BOOST_CHECK_EQUAL(t.verdict_of(t.add("n3")), admin_verdict::already);
}

BOOST_AUTO_TEST_CASE(a_moved_one_comes_back_before_a_spare)
{
    town_with_a_spare t;
    t.move("n1", false);
    BOOST_CHECK(t.becomes("n2 n3 n1", 1s));
}

BOOST_AUTO_TEST_CASE(a_move_goes_on_after_a_restart_at_any_moment)
{
    for (int moment = 0; moment < 40; ++moment)
    {
        settled_town t;
        t.move("n3", true);
        t.run(microseconds{moment * 5000 + 2500});
        t.stop_config();
        t.run(20ms);
        t.start_config();
        bool const stored = !t.nobody_is_moved() || t.config().at > epoch{1};
        BOOST_CHECK_MESSAGE(!stored || t.becomes("n3 n1 n2", 5s), "moment " << moment);
    }
}

BOOST_AUTO_TEST_CASE(a_move_waits_for_all_and_a_dead_one_does_not_hold_the_next_move_up)
{
    settled_town t;
    t.of("n1").learns = false;  // out, and not back in
    t.move("n1", false);
    BOOST_REQUIRE(t.becomes("n2 n3", 500ms));
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n2", false)), admin_verdict::not_now);
    t.kill("n1");
    t.run(300ms);
    BOOST_CHECK_EQUAL(t.outcome(t.move("n2", false), 100ms), admin_verdict::done);
    BOOST_CHECK(t.becomes("n3 n2", 500ms));
    t.start("n1").learns = true;
    BOOST_CHECK(t.becomes("n3 n2 n1", 1s));
}

BOOST_AUTO_TEST_CASE(who_is_moved_stays_while_another_one_is_missing)
{
    settled_town t;
    t.move("n1", false);
    t.kill("n3");
    BOOST_CHECK(t.becomes("n1 n2", 1s));
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
}

BOOST_AUTO_TEST_CASE(one_of_two_can_be_moved)
{
    settled_town t({"n1", "n2"});
    BOOST_CHECK_EQUAL(t.outcome(t.move("n1", false)), admin_verdict::done);
    BOOST_CHECK(t.becomes("n2 n1", 2s));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_moved)
{
    town_with_a_spare t;
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n7", false)), admin_verdict::no_such_node);
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n4", false)), admin_verdict::not_a_member);
    t.want(1);
    t.run(50ms);
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n1", false)), admin_verdict::last_replica);
}

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

BOOST_AUTO_TEST_CASE(a_removal_lowers_what_is_wanted_and_a_spare_takes_the_place)
{
    settled_town t;
    t.outcome(t.remove("n2"));
    BOOST_CHECK_EQUAL(t.registry.want, 2u);

    town_with_a_spare u;
    u.outcome(u.remove("n2"));
    BOOST_CHECK_EQUAL(u.registry.want, 3u);
    BOOST_CHECK(u.becomes("n1 n3 n4", 1s));
}

BOOST_AUTO_TEST_CASE(numbers_that_cannot_be_wanted)
{
    settled_town t;
    BOOST_CHECK_EQUAL(t.verdict_of(t.want(0)), admin_verdict::bad_number);
    BOOST_CHECK_EQUAL(t.verdict_of(t.want(100)), admin_verdict::bad_number);
    BOOST_CHECK_EQUAL(t.verdict_of(t.want(3)), admin_verdict::already);
    BOOST_CHECK_EQUAL(t.outcome(t.want(5)), admin_verdict::done);
    BOOST_CHECK_EQUAL(t.registry.want, 5u);
    BOOST_CHECK(t.active("n1 n2 n3"));
}

BOOST_AUTO_TEST_SUITE_END()

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

BOOST_AUTO_TEST_SUITE(restored)

struct restored_town : town
{
    restored_town()
    {
        epochs_may_jump = true;
        start("n1");
        start("n3");
        auto& n2 = start("n2");
        n2.restored = true;
        n2.end = n2.commit = acknowledged = seq{500};
        n2.end_in = epoch{7};
    }
};

BOOST_AUTO_TEST_CASE(one_restored_store_begins_alone_and_the_others_learn_from_it)
{
    restored_town t;
    BOOST_REQUIRE(t.becomes("n2"));
    BOOST_CHECK_GT(t.config().at, epoch{7});
    BOOST_CHECK_EQUAL(t.registry.want, 3u);
    BOOST_CHECK_EQUAL(t.registry.known.size(), 3u);
    BOOST_CHECK(t.becomes("n2 n1 n3", 2s));
}

BOOST_AUTO_TEST_CASE(two_restored_stores_are_one_too_many)
{
    restored_town t;
    t.of("n1").restored = true;
    t.of("n1").end = seq{400};
    t.run(2s);
    BOOST_CHECK(t.registry.current.members.empty());
    BOOST_CHECK_EQUAL(t.noticed("refused", "n2"), 1u);
}

BOOST_AUTO_TEST_CASE(a_log_that_was_not_restored_is_refused_as_ever)
{
    restored_town t;
    t.of("n2").restored = false;
    t.run(2s);
    BOOST_CHECK(t.registry.current.members.empty());
    BOOST_CHECK_EQUAL(t.why("refused", "n2"), "a new chain cannot begin with a replica that has a log");
}

BOOST_AUTO_TEST_CASE(a_restored_one_that_restarts_before_the_first_chain_is_active_goes_on)
{
    restored_town t;
    t.of("n2").promises = false;
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 1s));
    t.start("n2");
    t.of("n2").promises = true;
    t.of("n2").restored = false;
    BOOST_CHECK(t.becomes("n2", 2s));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
