// Stories of a registry's file that is put back to an earlier state, by a backup or a disk that went back in
// time: the numbers that it gives out again are not the chains that replicas have promised.

#include "unit/control/town.hpp"

#include <set>

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(registry_put_back)

// n1 and n2 went on without n3 and acknowledged; then the registry is the one from before `changes` of that,
// and n3 alone is heard.
struct forked_town : settled_town
{
    explicit forked_town(int changes = 1)
    {
        auto const copy = registry;
        cut_off("n3");
        BOOST_REQUIRE(becomes("n1 n2", 5s));
        for (int i = 1; i < changes; ++i)
        {
            start("n4");
            BOOST_REQUIRE_EQUAL(outcome(add("n4")), admin_verdict::done);
            BOOST_REQUIRE(becomes("n1 n2 n4", 5s));
            BOOST_REQUIRE_EQUAL(outcome(remove("n4")), admin_verdict::done);
            BOOST_REQUIRE(becomes("n1 n2", 5s));
        }
        if (changes > 1) unplug("n4");
        write(seq{100});
        stop_config();
        registry = copy;
        history.clear();
        acknowledged = seq{10};  // as far as that registry goes
        for (auto const* who : {"n1", "n2"})
            cut_off(who);
        hear_again("n3");
        start_config();
        BOOST_REQUIRE(becomes("n3", 4s));  // the others might be on their way
    }

    void cut_off(std::string const& who) { of(who).speaks = of(who).hears = false; }
    void hear_again(std::string const& who) { of(who).speaks = of(who).hears = true; }
    void n1_and_n2_are_heard()
    {
        history.clear();
        for (auto const* who : {"n1", "n2"})
            hear_again(who);
        run(2s);
    }
    void nothing_is_decided()
    {
        BOOST_CHECK_GE(noticed("refused", "n1") + noticed("refused", "n2"), 1u);
        BOOST_CHECK(history.empty());
        BOOST_CHECK(!ctl->learning());
        BOOST_CHECK_EQUAL(of("n1").end, seq{100});
        BOOST_CHECK_EQUAL(verdict_of(remove("n3")), admin_verdict::old_registry);
    }
};

BOOST_AUTO_TEST_CASE(a_lost_change_is_noticed_although_its_number_was_given_out_again)
{
    forked_town t;
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
    BOOST_CHECK_EQUAL(t.of("n1").promised, epoch{2});
    t.n1_and_n2_are_heard();
    t.nothing_is_decided();
    std::string const who = t.noticed("refused", "n1") > 0 ? "n1" : "n2";
    auto const why = t.why("refused", who);
    BOOST_CHECK_MESSAGE(
        why == "the registry is older than the replicas: " + who +
                   " has promised another chain of epoch 2 than the one that it knows; nothing is decided "
                   "any more",
        why
    );
}

BOOST_AUTO_TEST_CASE(an_older_registry_is_noticed_also_when_its_numbers_have_gone_on_since)
{
    forked_town t;
    t.start("n4");
    BOOST_REQUIRE_EQUAL(t.outcome(t.add("n4")), admin_verdict::done);
    BOOST_REQUIRE(t.becomes("n3 n4", 5s));
    t.restart_config();
    t.run(1s);
    BOOST_REQUIRE_GT(t.config().at, epoch{2});
    t.n1_and_n2_are_heard();
    t.nothing_is_decided();
}

BOOST_AUTO_TEST_CASE(several_changes_are_noticed)
{
    forked_town t(3);
    BOOST_CHECK_GT(t.of("n1").promised, t.config().at);
    t.n1_and_n2_are_heard();
    t.nothing_is_decided();
}

// With a disk that nobody has heard of.
citizen const& a_stranger_as_n2(town& t)
{
    auto& stranger = t.start("n2");
    stranger.who = a_member("n2", 90, 90);
    stranger.promised = epoch{1'000'000};
    return stranger;
}

// Nobody has to show who he is before links are encrypted: whoever speaks in the name of a machine that is
// away.
BOOST_AUTO_TEST_CASE(what_a_stranger_says_in_a_machines_name_falls_when_that_is_back)
{
    settled_town t;
    auto const real = t.of("n2");
    t.unplug("n2");
    BOOST_REQUIRE(t.becomes("n1 n3", 1s));
    auto const& stranger = a_stranger_as_n2(t);
    t.feed(connected{stranger.who, stranger.kernel});
    t.run(100ms);
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
    // It may have been the only one that knows.
    t.unplug("n2");
    t.run(5s);
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
    // A disk that nobody has heard of proves nothing.
    t.wipe("n2");
    t.run(1s);
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
    t.unplug("n2");
    t.of("n2").who = real.who;
    t.start("n2").promised = real.promised;
    BOOST_CHECK(t.becomes("n1 n3 n2", 5s));
    BOOST_CHECK_EQUAL(t.ctl->registry_lacks(), "");
}

// Which store a machine has is no secret. Each thing that the registry cannot know, from a number far ahead
// to another chain of a number that it gave out itself.
BOOST_AUTO_TEST_CASE(what_a_stranger_says_with_a_machines_own_store_falls_when_that_speaks_again)
{
    for (auto const said : {epoch{1'000'000}, epoch{3}, epoch{2}, epoch{1}})
    {
        BOOST_TEST_CONTEXT("epoch " << said)
        {
            settled_town t;
            auto const real = t.of("n2");
            t.unplug("n2");
            BOOST_REQUIRE(t.becomes("n1 n3", 1s));
            BOOST_REQUIRE_EQUAL(t.config().at, epoch{2});
            auto& stranger = t.start("n2");
            stranger.promised = said;
            stranger.promised_id = numbered<config_id>(99);
            t.run(100ms);
            t.unplug("n2");
            t.restart_config();
            t.run(5s);
            BOOST_CHECK(!t.ctl->registry_lacks().empty());
            t.of("n2").promised_id = real.promised_id;
            t.start("n2").promised = real.promised;
            BOOST_CHECK(t.becomes("n1 n3 n2", 5s));
            BOOST_CHECK_EQUAL(t.ctl->registry_lacks(), "");
            t.restart_config();
            BOOST_CHECK_EQUAL(t.ctl->registry_lacks(), "");
        }
    }
}

// Its machine alone proves nothing: the others may have gone on.
BOOST_AUTO_TEST_CASE(what_was_said_with_a_machines_own_store_stands_until_all_of_the_last_chain_are_there)
{
    settled_town t;
    auto const real = t.of("n2");
    for (auto const* who : {"n1", "n2", "n3"})
        t.unplug(who);
    t.run(1s);
    t.start("n2").promised = epoch{9};
    t.run(100ms);
    t.unplug("n2");
    t.start("n2").promised = real.promised;
    t.start("n3");
    t.run(15s);
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
    t.start("n1");
    t.run(1s);
    BOOST_CHECK_EQUAL(t.ctl->registry_lacks(), "");
}

BOOST_AUTO_TEST_CASE(a_machine_that_dies_and_comes_back_says_again_what_it_promised)
{
    forked_town t;
    t.history.clear();
    t.hear_again("n1");
    t.run(200ms);
    for (int i = 0; i < 3; ++i)
    {
        t.unplug("n1");
        t.run(1s);
        if (i == 1) t.restart_config();
        t.start("n1");
        t.run(1s);
        BOOST_CHECK(!t.ctl->registry_lacks().empty());
    }
    BOOST_CHECK(t.history.empty());
}

// Otherwise it would promise what is under way, and its word of before would be forgotten with that.
BOOST_AUTO_TEST_CASE(who_knows_of_a_later_chain_is_told_nothing_also_of_what_is_being_stored)
{
    forked_town t;
    t.start("n4");
    BOOST_REQUIRE_EQUAL(t.outcome(t.add("n4")), admin_verdict::done);
    BOOST_REQUIRE(t.becomes("n3 n4", 5s));
    t.restart_config();
    t.run(1s);
    t.kill("n4");
    BOOST_REQUIRE(t.storing.has_value());
    t.hear_again("n1");
    t.feed(heard{t.word_of(t.of("n1"))});
    t.run(2s);
    BOOST_CHECK_EQUAL(t.of("n1").promised, epoch{2});
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
}

// The only one that knows dies, and then the config service does.
BOOST_AUTO_TEST_CASE(an_older_registry_is_remembered_by_a_config_service_that_starts_again)
{
    forked_town t;
    t.history.clear();
    t.hear_again("n1");
    t.run(200ms);
    t.unplug("n1");
    t.restart_config();
    t.unplug("n3");
    t.run(2s);
    t.start("n3");
    t.run(2s);
    BOOST_CHECK_EQUAL(
        t.ctl->registry_lacks(), "n1 has promised another chain of epoch 2 than the one that it knows"
    );
    BOOST_CHECK(t.history.empty());
    BOOST_CHECK_EQUAL(t.verdict_of(t.remove("n3")), admin_verdict::old_registry);
    t.epochs_may_jump = true;
    BOOST_CHECK_EQUAL(t.outcome(t.force("n3")), admin_verdict::done);
    t.restart_config();
    BOOST_CHECK_EQUAL(t.ctl->registry_lacks(), "");
}

// Also those of machines that have not been heard since the config service was started again.
BOOST_AUTO_TEST_CASE(a_forced_epoch_is_above_what_was_promised_before_a_restart)
{
    forked_town t(3);
    t.history.clear();
    t.hear_again("n1");
    t.run(200ms);
    auto const promised = t.of("n1").promised;
    BOOST_REQUIRE_GT(promised, t.config().at.next());
    t.cut_off("n1");
    t.restart_config();
    t.run(500ms);
    t.epochs_may_jump = true;
    BOOST_CHECK_EQUAL(t.outcome(t.force("n3")), admin_verdict::done);
    BOOST_CHECK_GT(t.config().at, promised);
    t.acknowledged = seq{};  // what n1 and n2 wrote is given up
    t.hear_again("n1");
    BOOST_CHECK(t.becomes("n3 n1", 5s));
    BOOST_CHECK_EQUAL(t.ctl->registry_lacks(), "");
}

// It was repaired with another disk after the copy was made; the old one is put back, and it alone is heard.
BOOST_AUTO_TEST_CASE(a_machine_with_a_disk_of_before_takes_nothing_back_as_long_as_others_may_know_more)
{
    settled_town t;
    auto const before = t.of("n2");
    t.unplug("n1");
    t.unplug("n3");
    t.unplug("n2");
    t.run(1s);
    t.wipe("n2");
    t.of("n2").promised = epoch{9};
    t.run(1s);
    BOOST_REQUIRE(!t.ctl->registry_lacks().empty());
    t.unplug("n2");
    t.restart_config();
    t.of("n2").who = before.who;
    t.start("n2").promised = before.promised;
    t.run(15s);
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
    BOOST_CHECK(t.active("n1 n2 n3"));
}

// None of its machines was there when the registry was put back, and all have disks of before now.
BOOST_AUTO_TEST_CASE(what_several_have_said_falls_when_all_are_there_and_none_knows_of_it)
{
    settled_town t;
    std::map<std::string, citizen> before;
    for (auto const* who : {"n1", "n2", "n3"})
    {
        before[who] = t.of(who);
        t.unplug(who);
    }
    t.stop_config();
    t.start_config();
    for (auto const* who : {"n1", "n2"})
    {
        t.wipe(who);
        t.of(who).promised = epoch{9};
    }
    t.run(300ms);
    BOOST_REQUIRE(!t.ctl->registry_lacks().empty());
    for (auto const* who : {"n1", "n2"})
        t.unplug(who);
    t.restart_config();
    for (auto const* who : {"n1", "n2", "n3"})
    {
        BOOST_CHECK(!t.ctl->registry_lacks().empty());
        t.of(who) = before[who];
        t.start(who).promised = before[who].promised;
        t.run(300ms);
    }
    BOOST_CHECK_EQUAL(t.ctl->registry_lacks(), "");
}

// It had another disk before the one that was in the last chain, and was heard with that, too.
BOOST_AUTO_TEST_CASE(a_disk_that_was_in_no_chain_takes_nothing_back)
{
    settled_town t;
    auto const first = t.of("n1");
    t.unplug("n1");
    BOOST_REQUIRE(t.becomes("n2 n3", 1s));
    t.wipe("n1");
    BOOST_REQUIRE(t.becomes("n2 n3 n1", 5s));
    auto const second = t.of("n1");
    t.restart_config();
    t.unplug("n1");
    t.of("n1") = first;
    t.start("n1").promised = epoch{1};
    t.run(200ms);
    t.unplug("n1");
    t.of("n1") = second;
    t.start("n1").promised = epoch{20};
    t.run(200ms);
    BOOST_REQUIRE(!t.ctl->registry_lacks().empty());
    t.unplug("n1");
    t.run(300ms);
    t.of("n1") = first;
    t.start("n1").promised = epoch{1};
    t.run(2s);
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
}

// The registry that is put back may be older than the machine's name.
BOOST_AUTO_TEST_CASE(what_a_machine_has_promised_that_is_not_known_counts_while_it_is_connected)
{
    settled_town t;
    auto& n4 = t.start("n4");
    n4.promised = epoch{7};
    t.run(200ms);
    BOOST_CHECK_EQUAL(
        t.ctl->registry_lacks(), "it knows epoch 1, n4 has promised 7, and is not known to it at all"
    );
    t.unplug("n1");
    t.run(3s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.verdict_of(t.add("n4")), admin_verdict::old_registry);
    BOOST_CHECK_EQUAL(t.verdict_of(t.force("n2")), admin_verdict::old_registry);
    t.kill("n4");
    BOOST_CHECK(t.becomes("n2 n3", 3s));
    BOOST_CHECK_EQUAL(t.ctl->registry_lacks(), "");
}

// What a stranger said is still to fall after a restart, by the store that the registry itself knows.
BOOST_AUTO_TEST_CASE(a_strangers_word_falls_also_when_the_config_service_had_heard_nobody_else)
{
    settled_town t;
    auto const real = t.of("n2");
    t.unplug("n2");
    t.stop_config();
    auto const& stranger = a_stranger_as_n2(t);
    t.start_config();
    t.feed(connected{stranger.who, stranger.kernel});
    t.run(100ms);
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
    t.unplug("n2");
    t.restart_config();
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
    t.of("n2").who = real.who;
    t.start("n2").promised = real.promised;
    BOOST_CHECK(t.becomes("n1 n3 n2", 5s));
    t.restart_config();
    BOOST_CHECK_EQUAL(t.ctl->registry_lacks(), "");
}

// While nothing is decided nobody is waited for.
BOOST_AUTO_TEST_CASE(after_a_power_loss_others_are_waited_for_anew_when_something_is_decided_again)
{
    settled_town t;
    for (auto const* who : {"n1", "n2", "n3"})
        t.unplug(who);
    t.run(1s);
    t.start("n1");
    t.run(3s);
    BOOST_REQUIRE(t.active("n1 n2 n3"));
    t.start("n4").promised = epoch{7};
    t.run(15s);
    BOOST_REQUIRE(!t.ctl->registry_lacks().empty());
    t.kill("n4");
    t.run(5s);
    BOOST_REQUIRE_EQUAL(t.ctl->registry_lacks(), "");
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK(t.becomes("n1", 10s));
}

BOOST_AUTO_TEST_CASE(a_machine_that_has_lost_what_it_knew_takes_no_word_back)
{
    forked_town t(3);
    t.history.clear();
    t.hear_again("n1");
    t.run(200ms);
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
    t.unplug("n1");
    t.wipe("n1");
    t.run(1s);
    BOOST_CHECK(!t.ctl->registry_lacks().empty());
}

BOOST_AUTO_TEST_CASE(people_say_which_history_goes_on)
{
    forked_town t;
    t.n1_and_n2_are_heard();
    t.epochs_may_jump = true;
    t.acknowledged = seq{100};
    BOOST_CHECK_EQUAL(t.outcome(t.force("n2")), admin_verdict::done);
    BOOST_CHECK(t.active("n2") || t.becomes("n2", 1s));
    BOOST_CHECK_GT(t.config().at, epoch{2});
    BOOST_CHECK(t.run_until([&] { return t.config().members.size() == 3; }, 10s));
    BOOST_CHECK_EQUAL(t.of("n3").end, seq{100});
}

// Stores and registries that were made before configurations had ids say nothing of them.
BOOST_AUTO_TEST_CASE(what_was_promised_before_there_were_ids_is_taken_as_it_is)
{
    settled_town t;
    t.of("n1").promised_id = {};
    t.run(1s);
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.noticed("refused"), 0u);
    t.stop_config();
    t.registry.current.id = t.registry.last_active.id = {};
    t.registry.given.clear();
    t.start_config();
    t.run(1s);
    BOOST_CHECK_EQUAL(t.noticed("refused"), 0u);
    t.unplug("n1");
    BOOST_CHECK(t.becomes("n2 n3", 1s));
    BOOST_CHECK(!t.config().id.empty());
}

BOOST_AUTO_TEST_CASE(each_configuration_has_an_id_of_its_own_and_the_registry_remembers_the_last_ones)
{
    settled_town t;
    for (int i = 0; i < 40; ++i)
    {
        t.unplug("n3");
        BOOST_REQUIRE(t.becomes("n1 n2", 1s));
        t.start("n3");
        t.outcome(t.add("n3"));
        t.ctl.reset();
        t.start_config();
        BOOST_REQUIRE(t.becomes("n1 n2 n3", 5s));
    }
    std::set<config_id> ids;
    for (auto const& each : t.history)
        if (each.state == config_state::pending) BOOST_CHECK(ids.insert(each.id).second);
    BOOST_CHECK_GE(ids.size(), 80u);
    BOOST_CHECK_EQUAL(t.registry.given.size(), 64u);
    BOOST_CHECK_LT(t.registry.given.back().first, t.config().at);
    for (auto const& [at, id] : t.registry.given)
        BOOST_CHECK(ids.contains(id) && at < t.config().at);
}

BOOST_AUTO_TEST_CASE(a_forced_epoch_is_above_all_that_anybody_has_promised)
{
    settled_town t;
    t.restore_older_registry();
    t.epochs_may_jump = true;
    t.of("n2").promised = epoch{50};
    t.run(200ms);
    t.unplug("n2");
    BOOST_CHECK_EQUAL(t.outcome(t.force("n3")), admin_verdict::done);
    BOOST_CHECK_GT(t.config().at, epoch{50});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
