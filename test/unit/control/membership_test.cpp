// Stories of joining and of what administrators ask for.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(room_on_disks)

BOOST_AUTO_TEST_CASE(a_member_whose_disk_is_low_leaves_while_another_has_plenty)
{
    for (auto const* low : {"n1", "n2", "n3"})
    {
        settled_town t;
        t.of(low).left = room::low;
        BOOST_REQUIRE(t.run_until([&] { return t.config().members.size() == 2; }));
        t.run(200ms);
        BOOST_CHECK(t.config().state == config_state::active && !t.config().contains(t.of(low).who));
        // It is not fed as long as it is low, and comes back when it is not.
        t.run(5s);
        BOOST_CHECK(!t.ctl->learning());
        t.of(low).left = room::enough;
        BOOST_REQUIRE(t.run_until([&] { return t.config().members.size() == 3; }));
    }
}

BOOST_AUTO_TEST_CASE(nobody_leaves_where_no_disk_has_room)
{
    settled_town t;
    for (auto const* each : {"n1", "n2", "n3"})
        t.of(each).left = room::low;
    t.run(5s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});  // nor for the moment in which one says it before the others
    // Room enough for itself is no reason to rest the chain on it alone.
    t.of("n2").left = room::enough;
    t.run(5s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    t.of("n2").left = room::ample;
    BOOST_REQUIRE(t.becomes("n2"));
}

BOOST_AUTO_TEST_CASE(a_low_disk_is_better_than_none)
{
    settled_town t;
    t.of("n1").left = room::low;
    BOOST_REQUIRE(t.becomes("n2 n3"));
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n3"));
    t.of("n3").left = room::low;
    t.run(1s);
    BOOST_CHECK(t.active("n3"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(joining)

// A chain of n1 and n2 that n3 wants to join.
struct short_chain : settled_town
{
    short_chain()
    {
        kill("n3");
        BOOST_REQUIRE(becomes("n1 n2", 100ms));
    }
};

BOOST_AUTO_TEST_CASE(a_learner_takes_the_tail_as_its_source_and_is_spliced_behind_it)
{
    short_chain t;
    t.start("n3").learns = false;
    t.run(100ms);
    BOOST_REQUIRE(t.ctl->learning());
    BOOST_CHECK_EQUAL(t.ctl->learning()->source, t.of("n2").who);
    t.run(500ms);
    BOOST_CHECK(t.active("n1 n2"));
    t.of("n3").learns = true;
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 200ms));
    BOOST_CHECK_EQUAL(t.config().joiner, name("n3"));
    BOOST_CHECK(!t.ctl->learning());
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 100ms));
    BOOST_CHECK(!t.config().joiner);
}

// A chain whose tail says what it likes about its learner.
struct chain_with_a_learner : short_chain
{
    chain_with_a_learner()
    {
        start("n3").learns = false;
        run(100ms);
    }
    bool is_spliced_at(std::uint64_t entries, microseconds time, bool snapshot = false)
    {
        auto hb = word_of(of("n2"));
        hb.feeding.emplace();
        hb.feeding->learner = of("n3").who;
        hb.feeding->lag_entries = entries;
        hb.feeding->lag_time = time;
        hb.feeding->needs_snapshot = snapshot;
        feed(heard{hb});
        run(5ms);
        return config().at > epoch{2};
    }
};

BOOST_AUTO_TEST_CASE(a_learner_that_lags_is_not_spliced)
{
    chain_with_a_learner t;
    BOOST_CHECK(!t.is_spliced_at(1, microseconds::max()));
    BOOST_CHECK(!t.is_spliced_at(64, 21ms));
    BOOST_CHECK(!t.is_spliced_at(64, 20ms, true));
    BOOST_CHECK(t.is_spliced_at(64, 20ms));
}

// At 20,000 writes a second more than 64 entries come during one fsync of the learner.
BOOST_AUTO_TEST_CASE(how_many_entries_a_short_lag_is_does_not_matter)
{
    chain_with_a_learner t;
    BOOST_CHECK(t.is_spliced_at(400, 20ms));
}

BOOST_AUTO_TEST_CASE(a_joiner_that_does_not_complete_is_left_out_and_backs_off)
{
    short_chain t;
    t.start("n3").completes = false;
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 300ms));
    auto const since = t.now;
    BOOST_REQUIRE(t.becomes("n1 n2", 500ms));
    BOOST_CHECK_GE((t.now - since).count(), 300000);
    BOOST_CHECK_LE((t.now - since).count(), 330000);
    BOOST_CHECK_EQUAL(t.why("removed", "n3"), "did not complete within 300 ms");
    t.run(900ms);
    BOOST_CHECK(t.active("n1 n2"));
    t.of("n3").completes = true;
    BOOST_CHECK(t.becomes("n1 n2 n3", 500ms));
}

BOOST_AUTO_TEST_CASE(a_joiner_must_verify_what_the_old_tail_had_when_it_promised)
{
    short_chain t;
    t.write(seq{50});
    auto& joiner = t.start("n3");
    joiner.completes = false;
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 300ms));
    t.run(20ms);
    auto hb = t.word_of(joiner);
    hb.verified = seq{49};
    t.feed(heard{hb});
    t.run(10ms);
    BOOST_CHECK_EQUAL(t.config().state, config_state::pending);
    hb.sent = t.now;
    hb.verified = seq{50};
    hb.end.at = seq{49};  // not on its disk
    t.feed(heard{hb});
    t.run(10ms);
    BOOST_CHECK_EQUAL(t.config().state, config_state::pending);
    hb.sent = t.now;
    hb.end.at = seq{50};
    t.feed(heard{hb});
    BOOST_CHECK(t.becomes("n1 n2 n3", 10ms));
}

// The old tail deletes rows that it held when it promised: they count for nobody, and nobody waits for them.
BOOST_AUTO_TEST_CASE(rows_that_the_old_tail_has_deleted_since_are_not_waited_for)
{
    short_chain t;
    t.write(seq{50});
    t.of("n2").end = seq{60};
    t.start("n3").completes = false;
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 300ms));
    t.of("n3").learns = false;
    t.run(10ms);
    t.of("n2").end = t.of("n3").end = seq{50};
    t.of("n3").completes = true;
    BOOST_CHECK(t.becomes("n1 n2 n3", 200ms));
}

BOOST_AUTO_TEST_CASE(a_store_whose_rows_are_in_doubt_does_not_learn_yet)
{
    short_chain t;
    t.start("n3").in_doubt = true;
    t.run(2s);
    BOOST_CHECK(t.active("n1 n2"));
    BOOST_CHECK(!t.ctl->learning());
    t.of("n3").in_doubt = false;
    BOOST_CHECK(t.becomes("n1 n2 n3", 500ms));
}

// Each machine is killed in turn and is back soon: the chain is short only for as long as it takes.
BOOST_AUTO_TEST_CASE(who_left_often_is_not_kept_waiting_while_the_chain_is_short)
{
    settled_town t;
    microseconds alone{};
    for (int round = 0; round < 45; ++round)
    {
        auto const who = "n" + std::to_string(round % 3 + 1);
        t.kill(who);
        t.run(500ms);
        t.start(who);
        for (auto const until = t.now + 9500ms; t.now < until;)
        {
            t.run(10ms);
            if (t.config().members.size() < 2) alone += 10ms;
        }
        BOOST_CHECK_EQUAL(t.config().members.size(), 3u);
        BOOST_CHECK_EQUAL(t.config().state, config_state::active);
    }
    BOOST_CHECK_EQUAL(alone.count(), 0);
}

BOOST_AUTO_TEST_CASE(beside_the_last_one_nobody_waits_who_stands_ready)
{
    settled_town t;
    for (int i = 0; i < 8; ++i)
    {
        for (auto const* who : {"n1", "n2"})
            t.kill(who);
        BOOST_REQUIRE(t.becomes("n3", 1s));
        for (auto const* who : {"n1", "n2"})
            t.start(who);
        BOOST_REQUIRE(t.run_until([&] { return t.config().members.size() == 2; }, 500ms));
        BOOST_REQUIRE(t.run_until([&] { return t.config().members.size() == 3; }, 2s));
        BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::active; }, 1s));
    }
}

// It flaps, and a good one takes its place: then it may wait.
BOOST_AUTO_TEST_CASE(who_left_often_waits_while_somebody_else_is_ready)
{
    settled_town t;
    for (int i = 0; i < 5; ++i)
    {
        t.kill("n3");
        BOOST_REQUIRE(t.becomes("n1 n2", 100ms));
        t.start("n3");
        BOOST_REQUIRE(t.becomes("n1 n2 n3", 3s));
    }
    t.start("n4");
    t.add("n4");
    BOOST_REQUIRE(t.becomes("n1 n2 n3 n4", 1s));
    BOOST_CHECK_EQUAL(t.outcome(t.want(3)), admin_verdict::done);
    t.kill("n4");
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 1s));
    t.kill("n3");
    t.start("n3");
    // However long the good one takes.
    t.start("n4").promises = false;
    t.run(3s);
    BOOST_CHECK_MESSAGE(
        t.status_of("n3").reason.starts_with("left the chain often: taken back in 13"),
        t.status_of("n3").reason
    );
    t.of("n4").promises = true;
    BOOST_CHECK(t.becomes("n1 n2 n4", 500ms));
}

// A joiner that does not complete costs writers splice_stall each time.
BOOST_AUTO_TEST_CASE(a_splice_that_failed_is_not_tried_again_at_once_even_beside_the_last_one)
{
    settled_town t;
    t.kill("n2");
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1", 1s));
    t.start("n2").completes = false;
    t.run(60s);
    auto const tries = t.noticed("removed", "n2");
    BOOST_CHECK_GE(tries, 10u);  // but not less and less often either
    BOOST_CHECK_LE(tries, 20u);
    t.of("n2").completes = true;
    BOOST_CHECK(t.becomes("n1 n2", 5s));
}

BOOST_AUTO_TEST_CASE(a_joiner_that_dies_during_its_splice_costs_the_chain_little)
{
    short_chain t;
    t.start("n3").completes = false;
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 300ms));
    t.kill("n3");
    BOOST_CHECK(t.becomes("n1 n2", 30ms));
}

BOOST_AUTO_TEST_CASE(a_member_that_dies_during_a_splice_is_left_out_and_the_joiner_too)
{
    short_chain t;
    t.start("n3").completes = false;
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 300ms));
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n1", 100ms));
    BOOST_CHECK_EQUAL(t.why("removed", "n3"), "the chain changed while it was joining: it begins again");
    t.of("n3").completes = true;
    BOOST_CHECK(t.becomes("n1 n3", 500ms));
}

BOOST_AUTO_TEST_CASE(a_restarted_member_does_not_learn_before_a_chain_without_it_is_active)
{
    short_chain t;
    t.stop_config();
    t.unplug("n1");
    t.of("n2").speaks = false;
    t.start_config();  // n2 is alive by assumption, so that nothing can be planned yet
    t.start("n1").learns = false;
    t.run(200ms);
    BOOST_CHECK(!t.ctl->learning());
    t.of("n2").speaks = true;
    BOOST_REQUIRE(t.becomes("n2", 500ms));
    t.run(10ms);
    BOOST_REQUIRE(t.ctl->learning());
    BOOST_CHECK_EQUAL(t.ctl->learning()->learner, t.of("n1").who);
}

BOOST_AUTO_TEST_CASE(one_machine_joins_at_a_time)
{
    settled_town t;
    t.kill("n2");
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1", 100ms));
    t.history.clear();
    t.start("n2");
    t.start("n3");
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 1s));
    std::size_t size = 1;
    for (auto const& made : t.history)
        if (made.state == config_state::active) BOOST_CHECK_EQUAL(made.members.size(), ++size);
}

BOOST_AUTO_TEST_CASE(a_learner_that_nobody_feeds_gives_way_to_the_next)
{
    settled_town t;
    t.kill("n2");
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1", 100ms));
    t.start("n2").learns = false;
    t.start("n3");
    BOOST_CHECK(t.becomes("n1 n3", 4s));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(administration)

BOOST_AUTO_TEST_CASE(a_removal_is_done_when_the_chain_without_the_node_is_active)
{
    for (auto const* who : {"n1", "n2", "n3"})
    {
        settled_town t;
        auto const request = t.remove(who);
        BOOST_CHECK(!t.verdict_of(request));
        BOOST_REQUIRE(t.run_until([&] { return t.verdict_of(request).has_value(); }, 100ms));
        BOOST_CHECK_EQUAL(t.verdict_of(request), admin_verdict::done);
        BOOST_CHECK_EQUAL(t.config().members.size(), 2u);
        BOOST_CHECK_EQUAL(t.config().state, config_state::active);
        BOOST_CHECK_EQUAL(t.replies.back().current, t.config().at);
        BOOST_CHECK_EQUAL(t.why("removed", who), "by the administrator");
        t.run(5s);
        BOOST_CHECK_EQUAL(t.config().members.size(), 2u);  // alive, and not taken back
        BOOST_CHECK_EQUAL(t.of(who).config, t.config());   // but told

        auto const again = t.remove(who);
        t.run(20ms);
        BOOST_CHECK_EQUAL(t.verdict_of(again), admin_verdict::already);
    }
}

BOOST_AUTO_TEST_CASE(a_removed_node_returns_when_it_is_added_again)
{
    settled_town t;
    t.remove("n1");
    BOOST_REQUIRE(t.becomes("n2 n3", 100ms));
    t.restart_config();
    t.run(2s);
    BOOST_CHECK(t.active("n2 n3"));
    auto const request = t.add("n1");
    BOOST_REQUIRE(t.becomes("n2 n3 n1", 500ms));
    BOOST_CHECK_EQUAL(t.verdict_of(request), admin_verdict::done);
}

BOOST_AUTO_TEST_CASE(a_new_name_lengthens_the_chain)
{
    settled_town t;
    t.start("n4");
    t.run(200ms);
    BOOST_CHECK_EQUAL(t.noticed("refused", "n4"), 1u);
    t.add("n4");
    BOOST_REQUIRE(t.becomes("n1 n2 n3 n4", 500ms));
    BOOST_CHECK_EQUAL(t.registry.want, 4u);
}

// Who was removed is known all the same, and is none of those that there are.
BOOST_AUTO_TEST_CASE(a_new_name_after_a_removal_lengthens_the_chain_by_one)
{
    settled_town t;
    t.remove("n1");
    BOOST_REQUIRE(t.becomes("n2 n3", 100ms));
    BOOST_CHECK_EQUAL(t.registry.want, 2u);
    t.start("n4");
    t.add("n4");
    BOOST_REQUIRE(t.becomes("n2 n3 n4", 500ms));
    BOOST_CHECK_EQUAL(t.registry.want, 3u);
}

BOOST_AUTO_TEST_CASE(the_last_replica_is_not_removed)
{
    settled_town t;
    t.kill("n1");
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n2", 100ms));
    auto const request = t.remove("n2");
    BOOST_CHECK_EQUAL(t.verdict_of(request), admin_verdict::last_replica);
    t.run(1s);
    BOOST_CHECK(t.active("n2"));
    BOOST_CHECK(t.registry.removed.empty());
}

BOOST_AUTO_TEST_CASE(the_last_living_replica_is_not_removed_either)
{
    settled_town t;
    t.unplug("n1");
    t.unplug("n3");
    t.run(150ms);  // not noticed yet
    auto const request = t.remove("n2");
    BOOST_REQUIRE(t.run_until([&] { return t.verdict_of(request).has_value(); }, 2s));
    BOOST_CHECK_EQUAL(t.verdict_of(request), admin_verdict::last_replica);
    BOOST_REQUIRE(t.becomes("n2", 1s));
    t.start("n1");
    BOOST_CHECK(t.becomes("n2 n1", 1s));
    t.run(1s);
    BOOST_CHECK(t.active("n2 n1"));
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_refused)
{
    settled_town t;
    BOOST_CHECK_EQUAL(t.verdict_of(t.remove("n7")), admin_verdict::no_such_node);
    BOOST_CHECK_EQUAL(t.verdict_of(t.add("No Name")), admin_verdict::no_such_node);
}

BOOST_AUTO_TEST_CASE(of_a_removed_one_it_is_said_that_it_was_removed)
{
    settled_town t;
    t.remove("n2");
    BOOST_REQUIRE(t.becomes("n1 n3", 1s));
    BOOST_CHECK_EQUAL(t.verdict_of(t.drain("n2")), admin_verdict::removed);
    BOOST_CHECK_EQUAL(t.verdict_of(t.undrain("n2")), admin_verdict::removed);
    BOOST_CHECK_EQUAL(t.verdict_of(t.move("n2", true)), admin_verdict::removed);
}

BOOST_AUTO_TEST_CASE(what_a_request_would_be_answered_is_what_it_is_answered_and_asking_changes_nothing)
{
    settled_town t;
    auto const before = t.ctl->current();
    auto const would = [&](event const& asked) { return t.ctl->judge(asked).verdict; };
    BOOST_CHECK_EQUAL(would(remove_node{1, node_id{"n7"}}), admin_verdict::no_such_node);
    BOOST_CHECK_EQUAL(would(remove_node{1, node_id{"n2"}}), admin_verdict::done);
    BOOST_CHECK_EQUAL(would(undrain_node{1, node_id{"n2"}}), admin_verdict::already);
    BOOST_CHECK_EQUAL(would(set_want{1, 0}), admin_verdict::bad_number);
    BOOST_CHECK_EQUAL(would(replace_node{1, node_id{"n2"}, {}}), admin_verdict::no_spare);
    BOOST_CHECK_EQUAL(would(force_epoch{1, node_id{"n2"}}), admin_verdict::not_needed);
    t.run(1s);
    BOOST_CHECK_EQUAL(t.ctl->current(), before);
    BOOST_CHECK(t.active("n1 n2 n3"));
    t.remove("n1");
    BOOST_CHECK_EQUAL(would(remove_node{1, node_id{"n2"}}), admin_verdict::not_now);
}

BOOST_AUTO_TEST_CASE(one_change_at_a_time)
{
    settled_town t;
    auto const first = t.remove("n1");
    auto const second = t.remove("n2");
    BOOST_CHECK_EQUAL(t.verdict_of(second), admin_verdict::not_now);
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 100ms));
    BOOST_CHECK_EQUAL(t.verdict_of(t.remove("n2")), admin_verdict::not_now);
    BOOST_REQUIRE(t.becomes("n2 n3", 100ms));
    t.run(10ms);
    BOOST_CHECK_EQUAL(t.verdict_of(first), admin_verdict::done);
    BOOST_CHECK(t.config().contains(t.of("n2").who));
}

BOOST_AUTO_TEST_CASE(before_the_first_chain_nothing_can_be_removed)
{
    town t;
    BOOST_CHECK_EQUAL(t.verdict_of(t.remove("n1")), admin_verdict::not_now);
}

BOOST_AUTO_TEST_CASE(a_dead_node_can_be_removed_for_good)
{
    settled_town t;
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1 n2", 100ms));
    auto const request = t.remove("n3");
    t.run(20ms);
    BOOST_CHECK_EQUAL(t.verdict_of(request), admin_verdict::done);
    t.start("n3");
    t.run(2s);
    BOOST_CHECK(t.active("n1 n2"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
