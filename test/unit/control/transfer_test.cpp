// Stories of learners that take a snapshot, of what keeps them from it, and of spares.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(transfer)

// A chain of n1 and n2; n3 has to take a snapshot.
struct town_with_a_newcomer : settled_town
{
    town_with_a_newcomer()
    {
        kill("n3");
        BOOST_REQUIRE(becomes("n1 n2", 100ms));
        for (auto const* source : {"n1", "n2"})
            of(source).feeds.needs_snapshot = true;
        start("n3");
        run(100ms);
        BOOST_REQUIRE(ctl->learning());
    }
};

BOOST_AUTO_TEST_CASE(a_snapshot_may_take_long_and_is_no_reason_to_give_up)
{
    town_with_a_newcomer t;
    t.run(60s);
    BOOST_REQUIRE(t.ctl->learning());
    BOOST_CHECK_EQUAL(t.noticed("stalled"), 0u);
    BOOST_CHECK(t.active("n1 n2"));

    auto& feeds = t.of("n2").feeds;
    feeds.snapshot_bytes = 182'000'000;
    feeds.snapshot_done = 20'000'000;
    feeds.sent_bytes = 8'000'000;
    t.run(100ms);
    auto const how = t.ctl->joining();
    BOOST_REQUIRE(how);
    BOOST_CHECK(how->who == name("n3") && how->needs_snapshot);
    BOOST_CHECK_EQUAL(how->snapshot_bytes, 182'000'000u);
    BOOST_CHECK_EQUAL(how->snapshot_done, 20'000'000u);
    BOOST_CHECK_EQUAL(how->moved_bytes, 8'000'000u);

    feeds.needs_snapshot = false;
    feeds.sent_bytes = 90'000'000;
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 500ms));
    auto const why = t.why("joined", "n3");
    BOOST_CHECK_MESSAGE(why.starts_with("as tail: snapshot 182 MB, 0 entries, 90.0 MB moved in 60."), why);
}

// n3 takes what comes, but is behind by what its disk and the way to it take.
struct town_with_a_slow_learner : settled_town
{
    town_with_a_slow_learner()
    {
        kill("n3");
        BOOST_REQUIRE(becomes("n1 n2", 100ms));
        start("n3").learns = false;
        run(100ms);
        BOOST_REQUIRE(ctl->learning());
    }
    // As its source says it, every 50 ms.
    bool spliced(microseconds lag, microseconds round_trip, microseconds fsync, microseconds limit)
    {
        of("n3").fsync = fsync;
        of("n2").speaks = false;
        for (auto const until = now + limit; now < until;)
        {
            auto hb = word_of(of("n2"));
            hb.feeding.emplace();
            hb.feeding->learner = of("n3").who;
            hb.feeding->lag_entries = 10;
            hb.feeding->lag_time = lag;
            hb.feeding->round_trip = round_trip;
            feed(heard{hb});
            if (config().state == config_state::pending || (storing && storing->second.current != config()))
                break;
            run(10ms);
        }
        of("n2").speaks = true;
        return config().state == config_state::pending || (storing && storing->second.current != config());
    }
};

BOOST_AUTO_TEST_CASE(a_learner_may_be_behind_by_what_its_disk_and_the_way_to_it_take)
{
    BOOST_CHECK(town_with_a_slow_learner().spliced(20ms, 0ms, 0ms, 100ms));
    BOOST_CHECK(!town_with_a_slow_learner().spliced(21ms, 0ms, 0ms, 500ms));
    BOOST_CHECK(town_with_a_slow_learner().spliced(100ms, 0ms, 50ms, 100ms));
    BOOST_CHECK(town_with_a_slow_learner().spliced(100ms, 20ms, 30ms, 100ms));
    BOOST_CHECK(!town_with_a_slow_learner().spliced(101ms, 20ms, 30ms, 500ms));
    // Whatever it says of itself.
    BOOST_CHECK(!town_with_a_slow_learner().spliced(6500ms, microseconds::max() / 2, 10s, 500ms));
    BOOST_CHECK(!town_with_a_slow_learner().spliced(30ms, -10s, -10s, 500ms));
}

BOOST_AUTO_TEST_CASE(who_keeps_up_and_waits_is_given_more_with_each_second_up_to_a_bound)
{
    BOOST_CHECK(!town_with_a_slow_learner().spliced(75ms, 0ms, 0ms, 2500ms));
    BOOST_CHECK(town_with_a_slow_learner().spliced(75ms, 0ms, 0ms, 3500ms));
    BOOST_CHECK(!town_with_a_slow_learner().spliced(175ms, 0ms, 0ms, 30s));
    BOOST_CHECK(town_with_a_slow_learner().spliced(165ms, 0ms, 0ms, 15s));
}

BOOST_AUTO_TEST_CASE(a_slow_joiner_has_longer_to_complete)
{
    town_with_a_slow_learner t;
    t.of("n3").completes = false;
    t.of("n3").learns = true;
    BOOST_REQUIRE(t.spliced(50ms, 5ms, 45ms, 500ms));
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 100ms));
    auto const since = t.now;
    BOOST_REQUIRE(t.becomes("n1 n2", 1s));
    BOOST_CHECK_GE((t.now - since).count(), 500'000);
    BOOST_CHECK_LE((t.now - since).count(), 530'000);
    BOOST_CHECK_EQUAL(t.why("removed", "n3"), "did not complete within 500 ms");
}

BOOST_AUTO_TEST_CASE(what_a_join_from_the_log_took_is_told_once)
{
    settled_town t;
    t.kill("n3");
    BOOST_REQUIRE(t.becomes("n1 n2", 100ms));
    t.write(seq{1010});
    t.of("n2").feeds.sent_bytes = 312'000;
    t.of("n2").feeds.lag_entries = 70;
    t.start("n3");
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 500ms));
    BOOST_CHECK_EQUAL(t.noticed("joined"), 1u);
    auto const why = t.why("joined", "n3");
    BOOST_CHECK_MESSAGE(why.starts_with("as tail: 1,000 entries, 0.3 MB from the log in 0."), why);
}

BOOST_AUTO_TEST_CASE(bytes_of_several_sources_and_attempts_add_up)
{
    town_with_a_newcomer t;
    t.of("n2").feeds.sent_bytes = 500;
    t.run(100ms);
    t.of("n2").feeds.sent_bytes = 200;  // a new link
    t.run(100ms);
    BOOST_REQUIRE(t.ctl->joining());
    BOOST_CHECK_EQUAL(t.ctl->joining()->moved_bytes, 700u);
    t.kill("n2");
    t.of("n1").feeds.sent_bytes = 50;
    BOOST_REQUIRE(t.becomes("n1", 200ms));
    t.run(200ms);
    BOOST_REQUIRE(t.ctl->learning() && t.ctl->learning()->source == t.of("n1").who);
    BOOST_CHECK_EQUAL(t.ctl->joining()->moved_bytes, 750u);
}

BOOST_AUTO_TEST_CASE(trouble_of_the_learner_that_lasts_ends_the_join_and_backs_off)
{
    town_with_a_newcomer t;
    t.of("n3").trouble = "no space left on the device";
    t.run(1900ms);
    BOOST_CHECK(t.ctl->learning());
    t.of("n3").trouble.clear();
    t.run(200ms);
    t.of("n3").trouble = "no space left on the device";
    t.run(1900ms);
    BOOST_CHECK(t.ctl->learning());
    BOOST_CHECK_EQUAL(t.noticed("stalled"), 0u);
    t.run(300ms);
    BOOST_CHECK(!t.ctl->learning());
    BOOST_CHECK_EQUAL(t.why("stalled", "n3"), "no space left on the device");
    BOOST_CHECK(t.ctl->nodes()[2].reason.starts_with("failed to come in: tried again in "));
    t.of("n3").trouble.clear();
    for (auto const* source : {"n1", "n2"})
        t.of(source).feeds = {};
    t.run(500ms);
    BOOST_CHECK(t.active("n1 n2"));
    BOOST_CHECK(t.becomes("n1 n2 n3", 1s));
}

// It costs nobody anything, and nobody else is there.
BOOST_AUTO_TEST_CASE(a_catch_up_that_stalled_often_is_tried_again_within_a_second)
{
    town_with_a_newcomer t;
    t.of("n3").trouble = "no space left on the device";
    t.run(40s);
    BOOST_CHECK_GE(t.noticed("stalled", "n3"), 12u);
    t.of("n3").trouble.clear();
    for (auto const* source : {"n1", "n2"})
        t.of(source).feeds = {};
    BOOST_CHECK(t.becomes("n1 n2 n3", 1500ms));
}

BOOST_AUTO_TEST_CASE(a_source_in_trouble_is_not_taken_again_if_there_is_another_and_never_the_head)
{
    settled_town t({"n1", "n2", "n3", "n4"});
    t.kill("n4");
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 100ms));
    t.of("n3").feeds.trouble = "no space for a snapshot";
    t.of("n3").feeds.needs_snapshot = true;
    t.of("n2").feeds.needs_snapshot = true;
    t.start("n4");
    BOOST_REQUIRE(t.run_until([&] { return t.noticed("stalled", "n4") == 1; }, 4s));
    BOOST_CHECK_EQUAL(t.why("stalled", "n4"), "n3: no space for a snapshot");
    BOOST_REQUIRE(t.run_until([&] { return t.ctl->learning().has_value(); }, 2s));
    BOOST_CHECK_EQUAL(t.ctl->learning()->source, t.of("n2").who);
    t.of("n2").feeds.trouble = "nor here";
    BOOST_REQUIRE(t.run_until([&] { return t.noticed("stalled", "n4") == 2; }, 4s));
    BOOST_REQUIRE(t.run_until([&] { return t.ctl->learning().has_value(); }, 3s));
    BOOST_CHECK_EQUAL(t.ctl->learning()->source, t.of("n3").who);

    t.of("n3").feeds = {};
    BOOST_CHECK(t.becomes("n1 n2 n3 n4", 1s));
}

BOOST_AUTO_TEST_CASE(between_two_the_head_is_no_source_even_when_the_tail_is_in_trouble)
{
    town_with_a_newcomer t;
    t.of("n2").feeds.trouble = "no space for a snapshot";
    BOOST_REQUIRE(t.run_until([&] { return t.noticed("stalled", "n3") == 1; }, 4s));
    BOOST_REQUIRE(t.run_until([&] { return t.ctl->learning().has_value(); }, 2s));
    BOOST_CHECK_EQUAL(t.ctl->learning()->source, t.of("n2").who);
}

// It makes no snapshot of them.
BOOST_AUTO_TEST_CASE(who_has_changed_rows_is_no_source_as_long_as_anybody_has_sound_ones)
{
    settled_town t({"n1", "n2", "n3", "n4", "n5"});
    t.kill("n5");
    BOOST_TEST_REQUIRE(t.becomes("n1 n2 n3 n4", 100ms));
    for (auto const* each : {"n3", "n4"})
        t.of(each).damaged = true;
    t.run(100ms);
    t.of("n2").feeds.needs_snapshot = true;
    t.start("n5");
    BOOST_TEST_REQUIRE(t.run_until([&] { return t.ctl->learning().has_value(); }, 2s));
    BOOST_TEST((t.ctl->learning()->source == t.of("n2").who));
    t.of("n2").feeds = {};
    BOOST_TEST(t.becomes("n1 n2 n3 n4 n5", 1s));

    // It is found while the learner is fed.
    town_with_a_newcomer two;
    BOOST_TEST_REQUIRE(two.run_until([&] { return two.ctl->learning().has_value(); }, 2s));
    BOOST_TEST((two.ctl->learning()->source == two.of("n2").who));
    two.of("n2").damaged = true;
    two.of("n2").feeds.trouble = "a row has changed";
    two.run(100ms);
    BOOST_TEST_REQUIRE(two.ctl->learning().has_value());
    BOOST_TEST((two.ctl->learning()->source == two.of("n1").who));
    // Nobody is better.
    two.of("n1").damaged = true;
    two.run(100ms);
    BOOST_TEST_REQUIRE(two.ctl->learning().has_value());
    BOOST_TEST((two.ctl->learning()->source == two.of("n1").who));
}

BOOST_AUTO_TEST_CASE(a_spare_waits_and_comes_in_when_the_chain_is_short)
{
    settled_town t({"n1", "n2", "n3", "n4"});
    t.want(3);
    t.kill("n4");
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 100ms));
    t.start("n4");
    t.run(3s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    auto const nodes = t.ctl->nodes();
    BOOST_REQUIRE_EQUAL(nodes.size(), 4u);
    BOOST_CHECK_EQUAL(nodes[3].name, name("n4"));
    BOOST_CHECK_EQUAL(nodes[3].reason, "spare: the chain has all its members");
    t.kill("n2");
    BOOST_CHECK(t.becomes("n1 n3 n4", 1s));
    t.start("n2");
    t.run(2s);
    BOOST_CHECK(t.active("n1 n3 n4"));
}

BOOST_AUTO_TEST_CASE(who_was_a_member_comes_before_a_spare)
{
    settled_town t({"n1", "n2", "n9"});
    t.add("n4");
    t.want(3);
    t.run(100ms);
    BOOST_REQUIRE_EQUAL(t.registry.known.size(), 4u);
    t.want(3);
    t.run(100ms);
    BOOST_REQUIRE_EQUAL(t.registry.want, 3u);
    t.kill("n9");
    BOOST_REQUIRE(t.becomes("n1 n2", 100ms));
    t.stop_config();
    t.start("n4");
    t.start("n9");
    t.start_config();  // knows nothing of who left; a log tells
    t.of("n4").end = seq{};
    t.run(50ms);
    BOOST_CHECK(t.becomes("n1 n2 n9", 1s));
}

BOOST_AUTO_TEST_CASE(a_chain_that_is_longer_than_wanted_keeps_its_members)
{
    settled_town t;
    auto const request = t.want(2);
    BOOST_CHECK_EQUAL(t.outcome(request), admin_verdict::done);
    t.run(1s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n1 n3", 100ms));
    t.start("n2");
    t.run(2s);
    BOOST_CHECK(t.active("n1 n3"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
