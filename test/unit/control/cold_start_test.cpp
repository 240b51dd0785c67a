// Stories of a power loss of all (docs/protocol.md 7): who may lead, in every order of return.

#include "unit/control/town.hpp"

#include <numeric>

namespace chaind::control
{
namespace
{

using namespace testing;

void power_loss(town& t)
{
    for (auto& [n, c] : t.people)
        c.up = false;
    t.stop_config();
    t.run(5s);
}

void power_returns(town& t)
{
    t.start_config();
    t.start_all({"n1", "n2", "n3"});
}

BOOST_AUTO_TEST_SUITE(cold_start)

BOOST_AUTO_TEST_CASE(in_every_order_of_return_all_members_start_again_at_once_longest_log_first)
{
    std::vector<std::string> arrival{"n1", "n2", "n3"};
    do
    {
        settled_town t;
        power_loss(t);
        t.of("n1").end = seq{11};
        t.of("n2").end = seq{13};  // what it had received when the power went
        t.start_config();
        for (auto const& n : arrival)
        {
            t.start(n);
            t.run(300ms);
        }
        BOOST_REQUIRE(t.becomes("n2 n1 n3", 300ms));
        BOOST_CHECK_EQUAL(t.config().at, epoch{2});
        BOOST_CHECK_EQUAL(t.noticed("cold_start"), 1u);
    } while (std::next_permutation(arrival.begin(), arrival.end()));
}

BOOST_AUTO_TEST_CASE(the_config_service_may_come_back_last)
{
    settled_town t;
    power_loss(t);
    t.start_all({"n1", "n2", "n3"});
    t.run(1s);
    t.start_config();
    BOOST_CHECK(t.becomes("n1 n2 n3", 500ms));
}

BOOST_AUTO_TEST_CASE(those_who_are_there_start_without_the_missing_after_ten_seconds)
{
    settled_town t;
    power_loss(t);
    t.start_config();
    t.run(60s);  // nobody there: nobody waits
    t.start("n3");
    t.run(3s);
    t.start("n2");
    t.run(6800ms);
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
    BOOST_REQUIRE(t.becomes("n2 n3", 600ms));
    t.start("n1");
    BOOST_CHECK(t.becomes("n2 n3 n1", 500ms));
}

BOOST_AUTO_TEST_CASE(a_member_that_did_not_stop_needs_no_cold_start)
{
    settled_town t;
    t.kill("n1");
    t.kill("n3");
    t.start("n1");
    t.start("n3");
    BOOST_REQUIRE(t.becomes("n2", 500ms));
    BOOST_CHECK_EQUAL(t.noticed("cold_start"), 0u);
    BOOST_CHECK(t.becomes("n2 n1 n3", 1s));
}

// It would be named again, and would not hear it again.
BOOST_AUTO_TEST_CASE(who_does_not_hear_takes_no_part_until_it_does)
{
    settled_town t;
    power_loss(t);
    power_returns(t);
    t.of("n2").hears = false;
    BOOST_REQUIRE(t.becomes("n1 n3", 15s));
    BOOST_CHECK_EQUAL(t.noticed("removed", "n2"), 1u);
    auto const epochs = t.config().at;
    BOOST_CHECK_LE(epochs, epoch{4});
    t.of("n2").hears = true;
    BOOST_CHECK(t.becomes("n1 n3 n2", 3s));
}

BOOST_AUTO_TEST_CASE(a_wiped_member_takes_no_part)
{
    settled_town t;
    power_loss(t);
    t.start_config();
    t.start("n1");
    t.start("n3");
    t.wipe("n2");
    t.run(9s);
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
    BOOST_REQUIRE(t.becomes("n1 n3", 1500ms));
    BOOST_CHECK(t.becomes("n1 n3 n2", 500ms));
}

BOOST_AUTO_TEST_CASE(who_left_the_chain_before_the_power_loss_never_starts_it)
{
    settled_town t;
    t.kill("n1");
    BOOST_REQUIRE(t.becomes("n2 n3", 100ms));
    t.write(seq{20});
    t.run(1500ms);
    power_loss(t);
    t.of("n1").end = seq{900};  // of another history
    t.start_config();
    t.start("n1");
    t.run(60s);
    BOOST_CHECK_EQUAL(t.config().at, epoch{2});
    t.start("n3");
    t.start("n2");
    t.of("n1").learns = false;
    BOOST_CHECK(t.becomes("n2 n3", 500ms));
}

BOOST_AUTO_TEST_CASE(a_disk_that_lost_what_it_had_committed_is_refused)
{
    settled_town t;
    BOOST_REQUIRE_EQUAL(t.registry.watermark, seq{10});
    power_loss(t);
    t.of("n1").end = t.of("n1").commit = seq{9};
    t.start_config();
    t.start("n1");
    t.run(20s);
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
    BOOST_CHECK_EQUAL(t.noticed("refused", "n1"), 1u);
    BOOST_CHECK_EQUAL(t.status_of("n1").back, held::lost_writes);
    BOOST_CHECK(t.status_of("n1").reason.find("its disk has lost acknowledged writes") != std::string::npos);
    t.start("n2");
    t.run(300ms);
    BOOST_CHECK_EQUAL(t.status_of("n2").back, held::no);
    BOOST_REQUIRE(t.becomes("n2", 11s));
    t.run(1s);
    BOOST_CHECK_EQUAL(t.status_of("n1").back, held::no);
}

// All are there: nobody else can come.
BOOST_AUTO_TEST_CASE(nobody_waits_for_members_that_are_there_and_refused)
{
    settled_town t;
    power_loss(t);
    t.of("n1").end = t.of("n1").commit = seq{9};
    t.of("n2").end = t.of("n2").commit = seq{8};
    power_returns(t);
    BOOST_REQUIRE(t.becomes("n3", 300ms));
    BOOST_CHECK_EQUAL(
        t.why("removed", "n1"),
        "its log ends below position 10, which is committed: its disk has lost acknowledged writes"
    );
    BOOST_CHECK(t.becomes("n3 n1 n2", 3s));
}

// What its disk has kept is not known yet, and what it says of its log may change.
BOOST_AUTO_TEST_CASE(a_refused_member_whose_disk_is_in_doubt_is_waited_for)
{
    settled_town t;
    power_loss(t);
    t.of("n1").end = t.of("n1").commit = seq{9};
    t.of("n1").in_doubt = true;
    power_returns(t);
    t.run(9s);
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
    t.of("n1").in_doubt = false;
    BOOST_CHECK(t.becomes("n2 n3", 300ms));
}

BOOST_AUTO_TEST_CASE(why_somebody_is_no_member_when_the_chain_begins_again)
{
    settled_town t({"n1", "n2", "n3", "n4"});
    power_loss(t);
    t.start_config();
    t.start("n1");
    t.wipe("n2");
    t.start("n3").hears = false;
    BOOST_REQUIRE(t.becomes("n1", 15s));
    BOOST_CHECK_EQUAL(t.why("removed", "n2"), "it is back with another database");
    BOOST_CHECK_EQUAL(t.why("removed", "n3"), "it does not hear the config service");
    BOOST_CHECK_EQUAL(t.why("removed", "n4"), "not back when the chain began again");
}

BOOST_AUTO_TEST_CASE(a_member_that_restarts_again_during_the_cold_start_is_named_anew)
{
    settled_town t;
    power_loss(t);
    power_returns(t);
    t.of("n2").hears = false;
    t.run(100ms);
    BOOST_REQUIRE_EQUAL(t.config().state, config_state::pending);
    t.start("n2").hears = true;
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 500ms));
    BOOST_CHECK(t.config().contains(t.of("n2").who));
}

// It has the log, and perhaps nobody else has; people are told, once for each run of it.
BOOST_AUTO_TEST_CASE(a_member_whose_rows_have_changed_starts_again_and_is_reported_once)
{
    settled_town t;
    power_loss(t);
    power_returns(t);
    t.of("n2").damaged = true;
    BOOST_REQUIRE(t.becomes("n1 n2 n3", 300ms));
    t.run(2s);
    BOOST_CHECK_EQUAL(t.noticed("damaged"), 1u);
    BOOST_CHECK_EQUAL(t.why("damaged", "n2"), "a row has changed");
    for (auto const& node : t.ctl->nodes())
        BOOST_CHECK_EQUAL(node.reason, node.name == name("n2") ? "a row has changed" : "");
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n1 n3", 500ms));
    t.start("n2");
    t.run(500ms);
    BOOST_CHECK_EQUAL(t.noticed("damaged"), 2u);
}

BOOST_AUTO_TEST_CASE(the_sole_member_starts_again_at_once)
{
    settled_town t({"n1"});
    t.kill("n1");
    t.start("n1");
    BOOST_REQUIRE(t.run_until([&] { return t.config().at == epoch{2}; }, 300ms));
    BOOST_CHECK(t.becomes("n1", 300ms));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
