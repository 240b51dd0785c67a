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
    BOOST_CHECK(t.becomes("n1 n2", 700ms));  // we were late ourselves: it is given more time
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
    BOOST_CHECK_EQUAL(t.of("n2").config.state, config_state::pending);
    BOOST_CHECK(t.becomes("n2 n3", 700ms));
}

BOOST_AUTO_TEST_CASE(a_lease_is_granted_in_active_epochs_to_members_that_promised_it)
{
    settled_town t;
    t.directives.clear();
    t.feed(heard{t.word_of(t.of("n2"))});
    BOOST_REQUIRE_EQUAL(t.directives.size(), 1u);
    BOOST_CHECK(t.directives[0].directive.lease_for == t.now);

    t.of("n3").hears = false;
    t.kill("n1");
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 50ms));
    for (auto const* n : {"n2", "n3"})
    {
        t.directives.clear();
        t.feed(heard{t.word_of(t.of(n))});
        BOOST_REQUIRE_EQUAL(t.directives.size(), 1u);
        BOOST_CHECK(!t.directives[0].directive.lease_for);
        BOOST_CHECK_EQUAL(t.directives[0].directive.config.state, config_state::pending);  // repeated
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
    BOOST_CHECK(!t.directives[0].directive.lease_for);
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

BOOST_AUTO_TEST_CASE(names_that_are_not_known_get_no_answer_and_one_notice_in_a_while)
{
    settled_town t;
    t.directives.clear();
    auto stranger = t.word_of(t.of("n1"));
    stranger.from = a_member("x1", 50, 50);
    for (int i = 0; i < 3; ++i)
        t.feed(heard{stranger});
    BOOST_CHECK(t.directives.empty());
    BOOST_CHECK_EQUAL(t.noticed("refused", "x1"), 1u);
    for (std::uint64_t i = 0; i < 100; ++i)
    {
        stranger.from = a_member("x" + std::to_string(2 + i), 50, 51 + i);
        t.feed(heard{stranger});
    }
    BOOST_CHECK_EQUAL(t.noticed("refused"), 1u);
    t.run(11s);
    t.feed(heard{stranger});
    BOOST_CHECK_EQUAL(t.noticed("refused"), 2u);
}

BOOST_AUTO_TEST_CASE(a_registry_that_is_older_than_the_replicas_decides_nothing)
{
    settled_town t;
    t.restore_older_registry();
    BOOST_CHECK_EQUAL(t.noticed("refused", "n2"), 1u);
    BOOST_CHECK(t.why("refused", "n2").find(", n2 has promised ") != std::string::npos);
    BOOST_CHECK(t.why("refused", "n2").starts_with("the registry is older than the replicas: it knows epoch")
    );
    t.unplug("n2");
    t.run(2s);
    BOOST_CHECK(t.history.empty());
    BOOST_CHECK_EQUAL(t.of("n3").promised, epoch{2});
    BOOST_CHECK_EQUAL(t.verdict_of(t.remove("n3")), admin_verdict::old_registry);
}

BOOST_AUTO_TEST_CASE(a_commit_counts_as_far_as_every_member_says_that_its_disk_reaches)
{
    settled_town t;
    auto& n2 = t.of("n2");
    n2.end = n2.commit = seq{100'000};
    t.run(1500ms);
    BOOST_CHECK_EQUAL(t.registry.watermark, seq{10});
    BOOST_CHECK_EQUAL(t.noticed("refused"), 0u);  // nothing in it is wrong by itself
    t.of("n1").end = t.of("n3").end = seq{100'000};
    t.run(1500ms);
    BOOST_CHECK_EQUAL(t.registry.watermark, seq{100'000});
}

// It may be the last one, and could never begin again.
BOOST_AUTO_TEST_CASE(what_one_word_alone_says_of_a_disk_is_no_commit)
{
    settled_town t;
    t.of("n1").end = t.of("n3").end = seq{20};
    t.run(100ms);
    t.now += 1ms;
    auto mistaken = t.word_of(t.of("n2"));
    mistaken.end.at = mistaken.commit = seq{20};
    t.feed(heard{mistaken});
    t.run(1500ms);
    BOOST_TEST(t.registry.watermark == seq{10});
    t.of("n2").end = t.of("n2").commit = seq{20};
    t.run(1500ms);
    BOOST_TEST(t.registry.watermark == seq{20});
}

BOOST_AUTO_TEST_CASE(what_cannot_be_true_is_refused_once_with_the_reason_and_ends_that_connection)
{
    struct lie
    {
        char const* why;
        std::function<void(heartbeat&)> tell;
    };
    auto const far = std::uint64_t{1} << 50;
    std::vector<lie> const lies{
        {"as far as", [&](heartbeat& h) { h.commit = seq{far}; }},
        {"is committed, and its own log ends at 10", [](heartbeat& h) { h.commit = seq{11}; }},
        {"as far as", [&](heartbeat& h) { h.commit = h.end.at = seq{far}; }},
        {"grown by", [](heartbeat& h) { h.commit = h.end.at = seq{std::uint64_t{1} << 40}; }},
        {"as far as", [](heartbeat& h) { h.commit = h.end.at = seq{~std::uint64_t{0}}; }},
        {"as far as", [&](heartbeat& h) { h.verified = seq{far}; }},
        {"as far as", [&](heartbeat& h) { h.promised = epoch{far}; }},
        {"as far as", [](heartbeat& h) { h.promised = epoch{~std::uint64_t{0}}; }},
        {"its log ends in epoch 7", [](heartbeat& h) { h.end.in = epoch{7}; }},
        {"promise has fallen",
         [](heartbeat& h)
         {
             h.promised = epoch{};
             h.end.in = epoch{};
         }},
        {"clock has jumped", [](heartbeat& h) { h.sent += 1000s; }},
        {"clock shows no time", [](heartbeat& h) { h.sent = instant::max(); }},
        {"clock shows no time", [](heartbeat& h) { h.sent = instant{-1}; }},
        {"clock shows no time", [](heartbeat& h) { h.sent = instant::min(); }},
        {"says too much", [](heartbeat& h) { h.unreachable.resize(100); }},
        {"says too much", [](heartbeat& h) { h.trouble.resize(5000); }},
        {"says too much", [](heartbeat& h) { h.trouble.resize(100'000); }},
        {"ahead of time", [](heartbeat& h) { h.feeding.emplace().lag_time = microseconds::min(); }},
    };
    for (auto const& [why, tell] : lies)
    {
        settled_town t;
        t.hang_ups.clear();
        auto const saved = t.registry.watermark;
        for (int i = 0; i < 3; ++i)
        {
            t.now += 1ms;
            auto hb = t.word_of(t.of("n2"));
            tell(hb);
            t.feed(heard{hb});
        }
        BOOST_CHECK_EQUAL(t.hang_ups.size(), 3u);
        for (auto const& each : t.hang_ups)
            BOOST_CHECK(each.on == t.of("n2").who && each.why.find(why) != std::string::npos);
        BOOST_CHECK_EQUAL(t.noticed("refused", "n2"), 1u);
        BOOST_CHECK_MESSAGE(t.why("refused", "n2").find(why) != std::string::npos, t.why("refused", "n2"));
        t.feed(connection_lost{t.of("n2").who});
        t.feed(connected{t.of("n2").who, "here"});
        t.run(2s);
        BOOST_CHECK(t.active("n1 n2 n3"));
        BOOST_CHECK_EQUAL(t.config().at, epoch{1});
        BOOST_CHECK_EQUAL(t.registry.watermark, saved);
        BOOST_CHECK_EQUAL(t.noticed("refused"), 1u);
    }
}

// The clock of a machine that was stopped from outside, or of ours, does not show it.
BOOST_AUTO_TEST_CASE(a_clock_that_has_really_jumped_counts_from_the_next_connection_on)
{
    settled_town t;
    auto jumped = [&]
    {
        auto hb = t.word_of(t.of("n2"));
        hb.sent += 1h;
        return hb;
    };
    t.of("n2").speaks = false;
    t.feed(heard{jumped()});
    BOOST_CHECK_EQUAL(t.hang_ups.size(), 1u);
    t.feed(connection_lost{t.of("n2").who});
    t.feed(connected{t.of("n2").who, "here"});
    for (int i = 0; i < 40; ++i)
    {
        t.feed(heard{jumped()});
        t.run(50ms);
    }
    BOOST_CHECK(t.active("n1 n2 n3"));
    t.feed(connection_lost{t.of("n2").who});
    t.feed(connected{t.of("n2").who, "here"});
    t.of("n2").speaks = true;  // and back
    t.run(1s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
}

BOOST_AUTO_TEST_CASE(a_name_that_is_spoken_for_is_not_taken_over)
{
    settled_town t;
    auto const n2 = t.of("n2").who;
    auto copy = n2, other = n2;
    copy.boot = numbered<boot_id>(200);
    other.boot = numbered<boot_id>(201);
    other.store = numbered<store_id>(202);
    auto const why = [&](member const& who) { return t.ctl->objection(who, t.now); };
    BOOST_CHECK(why(n2).find("this very run") != std::string::npos);
    BOOST_CHECK(why(copy).find("was the folder copied?") != std::string::npos);
    BOOST_CHECK(why(other).find("another replica of this name") != std::string::npos);
    BOOST_CHECK(why(a_member("n4", 50, 50)).empty());

    // The same run may come again soon: its old connection may be half open.
    t.of("n2").speaks = false;
    t.run(180ms);
    BOOST_CHECK(why(n2).empty());
    BOOST_CHECK(!why(copy).empty());
    t.run(100ms);
    BOOST_CHECK(why(copy).empty());
    BOOST_CHECK(why(other).empty());

    t.of("n2").speaks = true;
    t.run(60ms);
    BOOST_CHECK(!why(copy).empty());
    t.feed(connection_lost{n2});
    BOOST_CHECK(why(copy).empty());  // a restart is nobody's business
    t.feed(connected{n2, "here"});
    t.run(60ms);
    BOOST_CHECK(!why(copy).empty());
    t.feed(connection_lost{copy});  // somebody else's
    BOOST_CHECK(!why(copy).empty());
}

BOOST_AUTO_TEST_CASE(a_pause_of_its_own_opens_no_name)
{
    settled_town t;
    auto copy = t.of("n2").who;
    copy.boot = numbered<boot_id>(200);
    t.pause_config(10s);
    BOOST_CHECK(!t.ctl->objection(copy, t.now).empty());
    BOOST_CHECK(!t.ctl->objection(t.of("n2").who, t.now).empty());
    t.feed(tick{});
    BOOST_CHECK(!t.ctl->objection(copy, t.now).empty());
    BOOST_CHECK(!t.ctl->objection(t.of("n2").who, t.now).empty());
}

// A restart of the replica at the same time waits no longer than until a neighbour says that it misses the
// earlier run.
BOOST_AUTO_TEST_CASE(after_its_own_start_nobody_is_taken_for_alive_who_has_not_spoken)
{
    settled_town t;
    t.stop_config();
    t.unplug("n2");
    t.start_config();
    auto next = t.of("n2").who;
    next.boot = numbered<boot_id>(200);
    BOOST_CHECK(t.ctl->objection(t.of("n2").who, t.now).empty());
    t.run(300ms);
    BOOST_CHECK(t.ctl->objection(next, t.now).empty());
}

// The links among the replicas stay with the original: a copy that the config service would take in its place
// could never come into the chain.
BOOST_AUTO_TEST_CASE(
    after_its_own_start_a_copied_folder_does_not_get_in_before_the_member_that_it_was_copied_from
)
{
    settled_town t;
    auto const n2 = t.of("n2").who;
    auto copy = n2;
    copy.boot = numbered<boot_id>(200);
    t.stop_config();
    // All of them look for us again twice a second.
    for (auto const* each : {"n1", "n2", "n3"})
        t.of(each).speaks = false;
    t.start_config();
    for (int i = 0; i < 15; ++i)
    {
        t.of("n1").speaks = i > 4;
        t.of("n3").speaks = i > 6;
        BOOST_CHECK(!t.ctl->objection(copy, t.now).empty());
        BOOST_CHECK(t.ctl->objection(n2, t.now).empty());
        t.run(100ms);
    }
    t.of("n2").speaks = true;
    t.run(1s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
    BOOST_CHECK(t.ctl->objection(copy, t.now).find("was the folder copied?") != std::string::npos);
}

// A machine got a new disk, and the one with the old disk is switched on beside it: it could not take the
// member's place, but had its name.
BOOST_AUTO_TEST_CASE(after_its_own_start_another_disk_does_not_get_the_name_of_a_member_that_lives)
{
    settled_town t;
    auto const n2 = t.of("n2").who;
    auto const other = a_member("n2", 77, 200);
    t.stop_config();
    for (auto const* each : {"n1", "n2", "n3"})
        t.of(each).speaks = false;
    t.start_config();
    for (int i = 0; i < 25; ++i)
    {
        t.of("n1").speaks = i > 4;
        t.of("n3").speaks = i > 6;
        BOOST_TEST(t.ctl->objection(other, t.now) != "");
        BOOST_TEST(t.ctl->objection(n2, t.now) == "");
        t.run(100ms);
    }
    t.of("n2").speaks = true;
    t.run(1s);
    BOOST_TEST(t.active("n1 n2 n3"));
    BOOST_TEST((t.config().at == epoch{1}));
    // A connection that ends is no death, where another kernel runs it.
    t.of("n2").kernel = "there";
    t.feed(connection_lost{n2});
    BOOST_TEST(t.ctl->objection(other, t.now) != "");
    t.kill("n2");
    t.run(300ms);
    BOOST_TEST(t.ctl->objection(other, t.now) == "");
}

// Nobody is there to vouch for it, and the way to it was gone for long.
BOOST_AUTO_TEST_CASE(the_last_member_gets_its_name_back_from_a_process_with_another_disk)
{
    town t({"n1"});
    t.start("n1");
    t.run(1s);
    BOOST_TEST_REQUIRE(t.active("n1"));
    auto const n1 = t.of("n1").who;
    auto const other = a_member("n1", 77, 200);
    t.stop_config();
    t.of("n1").speaks = false;
    t.start_config();
    t.feed(connection_lost{n1});
    t.run(4s);
    BOOST_TEST(t.ctl->objection(other, t.now) == "");
    t.feed(connected{other, "there"});
    heartbeat word;
    word.from = other;
    t.feed(heard{word});
    BOOST_TEST(t.ctl->objection(n1, t.now) == "");
    t.hang_ups.clear();
    t.feed(connected{n1, "here"});
    BOOST_TEST_REQUIRE(t.hang_ups.size() == 1u);
    BOOST_TEST((t.hang_ups[0].on == other));
    t.of("n1").speaks = true;
    t.run(100ms);
    BOOST_TEST(t.ctl->objection(other, t.now).find("another replica of this name") != std::string::npos);
    BOOST_TEST((t.status_of("n1").alive));
    BOOST_TEST(t.active("n1"));
}

// One neighbour whose link with it is dead is enough.
BOOST_AUTO_TEST_CASE(a_member_that_a_neighbour_misses_is_not_waited_for_after_our_start)
{
    settled_town t;
    auto copy = t.of("n2").who;
    copy.boot = numbered<boot_id>(200);
    t.stop_config();
    t.unplug("n2");
    t.of("n3").speaks = false;
    t.of("n1").unreachable = {name("n2")};
    t.start_config();
    t.run(100ms);
    BOOST_CHECK(t.ctl->objection(copy, t.now).empty());
}

// What its neighbours hear and we never do is given up after vouch_wait.
BOOST_AUTO_TEST_CASE(a_member_that_is_never_heard_does_not_keep_its_name_for_ever)
{
    settled_town t;
    auto copy = t.of("n2").who;
    copy.boot = numbered<boot_id>(200);
    t.stop_config();
    t.of("n2").speaks = false;
    t.start_config();
    t.run(3s);
    BOOST_CHECK(t.ctl->objection(copy, t.now).empty());
}

BOOST_AUTO_TEST_CASE(a_member_whose_words_contradict_themselves_is_named_with_them)
{
    settled_town t;
    auto& n2 = t.of("n2");
    n2.commit = seq{std::uint64_t{1} << 50};
    t.run(1s);
    BOOST_CHECK_EQUAL(t.status_of("n2").back, held::contradicts);
    BOOST_CHECK(t.status_of("n2").reason.find("what it says of itself cannot be") == 0);
    n2.commit = seq{10};
    t.run(1s);
    BOOST_CHECK_EQUAL(t.status_of("n2").back, held::no);
    t.unplug("n2");
    t.run(6s);
    BOOST_CHECK_EQUAL(t.status_of("n2").back, held::no);
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
    BOOST_CHECK_EQUAL(t.ctl->learning()->source, t.of("n3").who);
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
