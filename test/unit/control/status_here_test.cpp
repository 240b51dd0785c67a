// What a replica shows of the cluster where the config service does not answer.

#include "control/status_here.hpp"

#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

using namespace chaind;
using control::seen_here;
using control::status_here;

namespace
{

struct three_members
{
    three_members()
    {
        told.state = health::healthy;
        told.epoch = epoch(6);
        told.committed = seq(30);
        told.replicas = {.want = 3, .have = 3};
        for (auto const* name : {"n1", "n2", "n3"})
            told.chain.emplace_back().name = node_id{name};
        now.node = node_id{"n2"};
        now.at = epoch(6);
        now.member = now.can_read = now.can_write = true;
        now.replicas = 3;
        now.committed = seq(40);
    }

    // What is said of a machine that is away.
    failed_row const& of(cluster_status const& in, char const* name)
    {
        for (auto const& row : in.failed)
            if (row.name == node_id{name}) return row;
        throw std::out_of_range(name);
    }

    cluster_status told;
    seen_here now;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(status_here_suite, three_members)

BOOST_AUTO_TEST_CASE(a_config_service_that_answers_knows_better)
{
    told.config_service.state = service_state::up;
    now.can_write = now.can_read = false;
    now.unreached = {node_id{"n1"}};
    BOOST_TEST((status_here(told, now) == told));
}

BOOST_AUTO_TEST_CASE(without_it_a_whole_chain_is_degraded_since_no_further_failure_is_repaired)
{
    BOOST_TEST(status_here(told, now).state == health::degraded);
    BOOST_TEST(status_here(told, now).failed.empty());
    BOOST_TEST(status_here(told, now).committed == seq(40));
}

BOOST_AUTO_TEST_CASE(what_is_served_is_what_this_replica_can_serve_and_who_is_missed_is_named_with_what_to_do)
{
    now.can_write = false;
    now.unreached = {node_id{"n1"}};
    BOOST_TEST(status_here(told, now).state == health::read_only);
    now.can_read = false;
    auto const seen = status_here(told, now);
    BOOST_TEST(seen.state == health::down);
    BOOST_TEST(seen.chain.at(0).state == member_state::silent);
    BOOST_TEST(seen.chain.at(2).state == member_state::normal);
    BOOST_TEST_REQUIRE(seen.failed.size() == 1u);
    BOOST_TEST(of(seen, "n1").reason.starts_with("n2 has no link to it"));
    BOOST_TEST(of(seen, "n1").next.starts_with("start configd"));
}

// The config service took them for silent, and they only wait.
BOOST_AUTO_TEST_CASE(members_that_are_all_there_and_wait_for_a_disk_wait_for_no_chain)
{
    for (auto& row : told.chain)
        row.state = member_state::silent;
    now.others = {
        {node_id{"n1"}, epoch(6), false, false, false}, {node_id{"n3"}, epoch(6), false, false, false}
    };
    now.can_read = now.can_write = false;
    now.why_not = "its disk has not finished a write for 9 s";
    now.what_helps = "mend that disk";
    auto const seen = status_here(told, now);
    BOOST_TEST(seen.state == health::down);
    for (auto const& row : seen.chain)
        BOOST_TEST(row.state == member_state::normal);
    BOOST_TEST(of(seen, "n2").reason == "its disk has not finished a write for 9 s");
    BOOST_TEST(of(seen, "n2").next == "mend that disk");
}

BOOST_AUTO_TEST_CASE(a_machine_in_no_chain_names_itself_once_and_not_its_own_earlier_run)
{
    now.member = now.can_read = now.can_write = false;
    now.unreached = {node_id{"n2"}};
    auto const seen = status_here(told, now);
    BOOST_TEST_REQUIRE(seen.failed.size() == 1u);
    BOOST_TEST(of(seen, "n2").alive);
    BOOST_TEST(of(seen, "n2").next == "start configd, or restart it if it hangs");
    BOOST_TEST(seen.epoch == epoch(6));
    BOOST_TEST(seen.committed == seq(30));
}

BOOST_AUTO_TEST_CASE(a_machine_in_no_chain_knows_that_there_is_a_newer_one_and_not_who_is_in_it)
{
    now.member = now.can_read = now.can_write = false;
    now.others = {{node_id{"n3"}, epoch(9), false, true, true}};
    auto const seen = status_here(told, now);
    BOOST_TEST(seen.state == health::degraded);
    BOOST_TEST(seen.epoch == epoch(9));
    BOOST_TEST(seen.chain.empty());
    BOOST_TEST(seen.replicas.have == 0u);
    // Of the chain that it was told of it knows as much as they.
    now.others.front().at = told.epoch;
    BOOST_TEST(status_here(told, now).chain.size() == 3u);
}

// It had begun, and heard nobody yet.
BOOST_AUTO_TEST_CASE(what_a_config_service_said_of_machines_that_are_there_is_forgotten)
{
    for (auto& row : told.chain)
    {
        row.state = member_state::silent;
        told.failed.emplace_back().name = row.name;
    }
    told.failed.emplace_back().name = node_id{"n4"};
    now.others = {{node_id{"n1"}, epoch(6), false, true, true}, {node_id{"n3"}, epoch(6), false, true, true}};
    auto const seen = status_here(told, now);
    for (auto const& row : seen.chain)
        BOOST_TEST(row.state == member_state::normal);
    BOOST_TEST_REQUIRE(seen.failed.size() == 1u);
    BOOST_TEST(of(seen, "n4").next.starts_with("start configd"));

    // One of them has gone meanwhile: that is said once.
    now.others.pop_back();
    now.unreached = {node_id{"n3"}};
    now.can_write = now.can_read = false;
    auto const later = status_here(told, now);
    BOOST_TEST(later.chain.at(2).state == member_state::silent);
    BOOST_TEST(later.chain.at(0).state == member_state::normal);
    BOOST_TEST(later.failed.size() == 2u);
    BOOST_TEST(of(later, "n3").reason.starts_with("n2 has no link to it"));
    // It reaches this machine, and not the other way round.
    now.others.push_back({node_id{"n3"}, epoch(6), false, false, false});
    BOOST_TEST(status_here(told, now).failed.size() == 1u);
}

BOOST_AUTO_TEST_CASE(
    a_machine_that_the_config_service_alone_does_not_answer_does_not_call_down_what_others_serve
)
{
    now.can_read = now.can_write = false;
    now.why_not = "taking its place";
    now.unreached = {node_id{"n3"}};
    told.failed.emplace_back().next = "start chaind on n4";
    now.others = {{node_id{"n1"}, epoch(7), true, true, true}};
    auto const seen = status_here(told, now);
    BOOST_TEST(seen.state == health::degraded);
    BOOST_TEST(seen.config_service.answers.value() == "n1");
    BOOST_TEST(
        of(seen, "n2").reason == "the config service answers n1, and not n2: the others go on without it"
    );
    BOOST_TEST(of(seen, "n2").next.starts_with("mend the way between n2 and the config service"));
    BOOST_TEST(of(seen, "n3").next.starts_with("see `chainctl status` where configd runs, which answers n1"));
    BOOST_TEST(seen.failed.at(0).next == "start chaind on n4");

    now.others = {
        {node_id{"n1"}, epoch(7), true, true, false}, {node_id{"n4"}, epoch(7), true, false, false}
    };
    auto const reads = status_here(told, now);
    BOOST_TEST(reads.state == health::read_only);
    BOOST_TEST(of(reads, "n2").reason == "the config service answers n1 and n4, and not n2");
    now.others = {{node_id{"n1"}, epoch(7), false, false, false}};
    BOOST_TEST(status_here(told, now).state == health::down);
    BOOST_TEST(!status_here(told, now).config_service.answers.has_value());
    // A word of the chain that this machine is in is no newer than what it knows itself.
    // Of writes; what it reads is its own matter.
    now.others = {{node_id{"n1"}, epoch(6), true, false, true}};
    BOOST_TEST(status_here(told, now).state == health::down);
    now.others = {{node_id{"n1"}, epoch(6), true, true, true}};
    BOOST_TEST(status_here(told, now).state == health::read_only);
    now.unreached = {node_id{"n1"}};  // its word is older than that
    BOOST_TEST(status_here(told, now).state == health::down);
    now.unreached = {node_id{"n3"}};
    now.member = false;
    BOOST_TEST(status_here(told, now).state == health::degraded);
}

BOOST_AUTO_TEST_CASE(a_machine_that_is_not_let_in_says_why_and_that_no_start_helps)
{
    now.member = now.can_read = now.can_write = false;
    now.refused = "was the folder copied?";
    told.failed.emplace_back().next = "start chaind on n3";
    auto const seen = status_here(told, now);
    BOOST_TEST(seen.config_service.refuses.value() == "was the folder copied?");
    BOOST_TEST(of(seen, "n2").reason == "the config service does not let it in: was the folder copied?");
    BOOST_TEST(of(seen, "n2").next.starts_with("put that right"));
    BOOST_TEST(seen.failed.at(0).next == "start chaind on n3");
}

BOOST_AUTO_TEST_CASE(who_was_away_comes_back_by_the_config_service_alone_and_who_was_joining_joins_no_more)
{
    told.failed.emplace_back().next = "start chaind on n3";
    told.joining.emplace_back().name = node_id{"n3"};
    told.changing.draining = node_id{"n2"};
    auto const seen = status_here(told, now);
    BOOST_TEST(!seen.changing.draining.has_value());
    BOOST_TEST(
        seen.failed.at(0).next ==
        "start configd, or restart it if it hangs, without which no machine comes back; then start chaind on "
        "n3"
    );
    BOOST_TEST(seen.joining.empty());
}

BOOST_AUTO_TEST_CASE(a_chain_that_was_being_made_when_it_was_told_is_made_once_writes_are_taken)
{
    told.chain.at(1).state = member_state::reconfiguring;
    now.at = epoch(7);
    BOOST_TEST(status_here(told, now).chain.at(1).state == member_state::normal);
    BOOST_TEST(status_here(told, now).epoch == epoch(7));
    now.can_write = false;
    BOOST_TEST(status_here(told, now).chain.at(1).state == member_state::reconfiguring);
}

BOOST_AUTO_TEST_CASE(before_anything_was_told_it_knows_what_it_sees_itself)
{
    now.lineage = "ln_1";
    auto const seen = status_here({}, now);
    BOOST_TEST(seen.lineage == "ln_1");
    BOOST_TEST(seen.replicas.want == 3u);
    BOOST_TEST(seen.epoch == epoch(6));
    BOOST_TEST(seen.state == health::degraded);
}

// Of replicas that are asked, the one with the newest epoch is believed.
BOOST_AUTO_TEST_CASE(a_machine_that_has_just_started_claims_no_epoch_of_a_chain_that_it_is_not_in)
{
    now.member = now.can_read = now.can_write = false;
    now.replicas = 0;
    BOOST_TEST(status_here({}, now).epoch == epoch{});
    BOOST_TEST(status_here({}, now).committed == seq{});
}

BOOST_AUTO_TEST_SUITE_END()
