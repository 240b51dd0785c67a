// How the cluster is, as all that show it say.

#include "control/status.hpp"

#include "control/health.hpp"
#include "support/members.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <vector>

using namespace chaind;
using test::made_member;
using namespace chaind::control;
using namespace std::chrono_literals;

namespace
{

struct three_nodes
{
    control::record record;
    std::vector<control::node_status> nodes;
    std::optional<learner_assignment> learning;
    std::optional<control::join_status> joining;
    std::optional<node_id> draining;
    std::vector<node_id> strangers;
    std::map<node_id, node_facts> facts_said;
    mutable std::map<node_id, last_said> said;
    std::string registry_lacks;
    microseconds registry_busy_for{};
    bool registry_full = false;
    std::vector<node_id> foreign;
    std::map<node_id, control::second_process> second;
    microseconds unserved_for{};
    microseconds unread_for{};
    std::optional<forced_row> forced;

    three_nodes()
    {
        record.want = 3;
        record.watermark = seq(90);
        record.current.at = epoch(18);
        record.current.state = config_state::active;
        for (auto const* name : {"n1", "n2", "n3"})
        {
            record.current.members.push_back(made_member(name));
            control::node_status node;
            node.name = node_id{name};
            node.alive = true;
            node.last.emplace();
            node.last->from = made_member(name);
            node.last->commit = seq(100);
            node.last->end.at = seq(101);
            nodes.push_back(node);
            auto& its = facts(name);
            its.front.url = "http://127.0.0.1:8081";
            its.pid = 42;
            its.front.clients = 7;
        }
        record.last_active = record.current;
    }

    [[nodiscard]] status_input input() const
    {
        said.clear();
        for (auto const& [name, all] : facts_said)
            said[name].facts = all;
        return {
            .cluster = "chat",
            .lineage = "abc",
            .record = record,
            .nodes = nodes,
            .learning = learning,
            .joining = joining,
            .draining = draining,
            .strangers = strangers,
            .said = said,
            .now = 100s,
            .wall_ms = 1'000'000,
            .foreign = foreign,
            .registry_lacks = registry_lacks,
            .second = second,
            .forced = forced,
            .registry_busy_for = registry_busy_for,
            .registry_full = registry_full,
            .service =
                {.state = service_state::up,
                 .store = {},
                 .leader = {},
                 .version = {},
                 .heard_ms = {},
                 .refuses = {}},
            .unserved_for = unserved_for,
            .unread_for = unread_for,
        };
    }
    node_facts& facts(std::string const& name) { return facts_said[node_id{name}]; }
    [[nodiscard]] cluster_status status() const { return status_of(input()); }
    [[nodiscard]] health state() const { return health_of(input()); }

    // n2 is not heard any more, and the chain does without it.
    void lose_n2()
    {
        nodes[1].alive = false;
        nodes[1].failed_since = 90s;
        nodes[1].reason = "no heartbeat";
        record.current.members.erase(record.current.members.begin() + 1);
        record.last_active = record.current;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(status_suite, three_nodes)

BOOST_AUTO_TEST_CASE(a_whole_chain_is_healthy)
{
    auto const s = status();

    BOOST_TEST(s.state == health::healthy);
    BOOST_TEST(s.epoch == epoch(18));
    BOOST_TEST(s.committed == seq(100));
    BOOST_TEST(s.replicas.have == 3);
    BOOST_TEST(s.chain.at(0).role == chain_role::head);
    BOOST_TEST(s.chain.at(1).role == chain_role::middle);
    BOOST_TEST(s.chain.at(2).role == chain_role::tail);
    auto const& row = s.chain.at(0);
    BOOST_TEST(row.state == member_state::normal);
    BOOST_TEST(row.pid.value() == 42u);
    BOOST_TEST(row.log_end.value() == seq(101));
    BOOST_TEST(row.lag.value() == 0u);
    BOOST_TEST(s.failed.empty());
    BOOST_TEST(s.damaged.empty());
    BOOST_TEST(s.joining.empty());
    BOOST_TEST(s.config_service.state == service_state::up);
}

BOOST_AUTO_TEST_CASE(when_rows_were_proven_and_how_far_a_reading_has_come)
{
    facts("n1").scrub.proven_ms = 1234;
    auto& reading = facts("n2").scrub;
    reading.running = true;
    reading.done = 1;
    reading.all = 3;
    facts_said.erase(node_id{"n3"});
    auto const s = status();
    BOOST_TEST(s.chain.at(0).scrub.value().proven_ms == 1234);
    BOOST_TEST(!s.chain.at(0).scrub.value().percent.has_value());
    BOOST_TEST(s.chain.at(1).scrub.value().percent.value() == 33u);
    BOOST_TEST(!s.chain.at(2).scrub.has_value());
}

BOOST_AUTO_TEST_CASE(a_lost_replica_degrades_it_and_is_named_with_since_when_and_why)
{
    lose_n2();
    auto const s = status();

    BOOST_TEST(state() == health::degraded);
    BOOST_TEST(s.chain.at(1).role == chain_role::tail);
    auto const& failed = s.failed.at(0);
    BOOST_TEST(failed.name == node_id{"n2"});
    BOOST_TEST(failed.reason == "no heartbeat");
    BOOST_TEST(failed.since.value() == 990'000);
}

BOOST_AUTO_TEST_CASE(what_is_served_is_what_members_say_once_it_is_no_matter_of_a_moment)
{
    record.current.state = config_state::pending;
    unserved_for = unread_for = 900ms;
    BOOST_TEST(state() == health::degraded);
    unserved_for = unread_for = 1100ms;
    BOOST_TEST(state() == health::down);
    unread_for = 900ms;
    BOOST_TEST(state() == health::read_only);
}

BOOST_AUTO_TEST_CASE(a_member_that_reaches_the_others_no_more_is_named)
{
    BOOST_TEST(status().cut_off.empty());
    facts("n3").cut_off = "n1 cannot be reached";
    BOOST_TEST(status().cut_off.empty());  // nobody takes writes: it is not this machine's matter
    facts("n1").can_write = true;
    BOOST_TEST(state() == health::degraded);
    BOOST_TEST(status().cut_off.at(0).name == node_id{"n3"});
    BOOST_TEST(status().cut_off.at(0).reason == "n1 cannot be reached");
    facts("n3").cut_off.clear();
    BOOST_TEST(state() == health::healthy);
    // Nobody does, and that lasts: people are to hear what the machines say.
    facts("n1").can_write = false;
    facts("n1").cut_off = "nothing has been committed";
    unserved_for = 900ms;
    BOOST_TEST(status().cut_off.empty());
    unserved_for = 1100ms;
    BOOST_TEST(status().cut_off.at(0).reason == "nothing has been committed");
}

// By members alone: nobody waits for the others.
BOOST_AUTO_TEST_CASE(a_member_whose_writes_take_long_is_named_and_the_chain_is_healthy)
{
    nodes.at(1).last->fsync = 499ms;
    BOOST_TEST(status().slow_disks.empty());
    nodes.at(1).last->fsync = 1230ms;
    BOOST_TEST_REQUIRE(status().slow_disks.size() == 1u);
    BOOST_TEST(status().slow_disks.at(0).name == node_id{"n2"});
    BOOST_TEST(status().slow_disks.at(0).reason == "its disk took 1.2 s for a write lately");
    BOOST_TEST(state() == health::healthy);
    lose_n2();
    BOOST_TEST(status().slow_disks.empty());
}

BOOST_AUTO_TEST_CASE(a_member_that_hears_nothing_of_what_it_is_told_is_named)
{
    BOOST_TEST(status().unanswered.empty());
    facts("n2").unanswered = true;
    BOOST_TEST(state() == health::degraded);
    BOOST_TEST(status().unanswered.at(0).name == node_id{"n2"});
    // Who is not heard itself is named for that.
    lose_n2();
    BOOST_TEST(status().unanswered.empty());
    // Outside the chain it would never come in.
    nodes[1].alive = true;
    BOOST_TEST(status().unanswered.at(0).name == node_id{"n2"});
    BOOST_TEST(status().failed.at(0).next.starts_with("mend the way from the config service to n2"));
}

// A restart would take a machine out that serves.
BOOST_AUTO_TEST_CASE(whom_an_older_registry_tells_nothing_is_neither_deaf_nor_cut_off)
{
    facts("n1").can_write = true;
    facts("n2").unanswered = true;
    facts("n3").cut_off = "n2 has gone on to a newer chain";
    BOOST_TEST(status().unanswered.size() == 1u);
    BOOST_TEST(status().cut_off.size() == 1u);
    registry_lacks = "it knows epoch 3, n1 has promised 7";
    BOOST_TEST(status().unanswered.empty());
    BOOST_TEST(status().cut_off.empty());
    BOOST_TEST(status().registry->next.ends_with("restart no chaind that serves"));
}

BOOST_AUTO_TEST_CASE(a_second_process_of_a_member_is_named)
{
    second[node_id{"n2"}] = {"127.0.0.1:4711 (process 77)", true, 100s};
    BOOST_TEST(
        status().second_processes.at(0).reason ==
        "another process with the same database (a copied folder?) wants in from 127.0.0.1:4711 (process 77)"
    );
    BOOST_TEST(state() == health::healthy);
}

BOOST_AUTO_TEST_CASE(what_to_do_follows_from_what_is_so)
{
    lose_n2();
    auto const next = [this] { return status().failed.at(0).next; };
    BOOST_TEST(status().failed.at(0).alive == false);
    BOOST_TEST(next().starts_with("start chaind on n2"));

    nodes[1].alive = true;  // it is being compared, say, or waits
    nodes[1].reason = "its rows are compared with what was written";
    BOOST_TEST(status().failed.at(0).alive == true);
    BOOST_TEST(next() == "nothing; it comes back by itself");

    nodes[1].last.emplace().trouble = "no space";
    BOOST_TEST(next().starts_with("look at the log of chaind on n2"));
}

BOOST_AUTO_TEST_CASE(whom_others_hear_or_whom_its_source_does_not_has_a_way_that_is_to_be_mended)
{
    lose_n2();
    auto const next = [&] { return status().failed.at(0).next; };
    facts("n1").linked = {node_id{"n2"}, node_id{"n3"}};
    BOOST_TEST(
        next() ==
        "mend the way between n2 and the config service, since it is heard by n1; it comes back by itself, "
        "and a restart does not help"
    );
    facts("n3").linked = {node_id{"n2"}};
    BOOST_TEST(next().find("heard by n1 and n3;") != std::string::npos);
    nodes[2].alive = false;  // what it said is old
    BOOST_TEST(next().find("heard by n1;") != std::string::npos);

    nodes[1].alive = nodes[2].alive = true;
    nodes[1].unheard_by = node_id{"n3"};
    BOOST_TEST(
        next() == "mend the way between n2 and n3, from which it is to catch up; it is tried again by itself"
    );
}

BOOST_AUTO_TEST_CASE(a_registry_whose_disk_stands_still_is_named_before_it_is_needed)
{
    registry_busy_for = 1s;
    BOOST_TEST(state() == health::healthy);
    registry_busy_for = 7s;
    BOOST_TEST(state() == health::degraded);
    BOOST_TEST(
        status().registry->reason == "the disk of configd's data folder has not finished a write for 7 s"
    );
    registry_busy_for = 10ms;
    BOOST_TEST(state() == health::healthy);
    registry_full = true;
    BOOST_TEST(state() == health::degraded);
    BOOST_TEST(status().registry->reason == "the disk of configd's data folder is full");
    lose_n2();
    BOOST_TEST(status().failed.at(0).next == "first what `blocked` says: until then nothing is decided");
}

BOOST_AUTO_TEST_CASE(an_older_registry_is_named_with_what_to_do_and_what_is_served_the_replicas_say)
{
    BOOST_TEST(status().registry.has_value() == false);
    registry_lacks = "it knows epoch 1, n2 has promised 3";

    BOOST_TEST(state() == health::down);
    facts("n1").can_read = true;
    BOOST_TEST(state() == health::read_only);
    facts("n1").can_write = true;
    BOOST_TEST(state() == health::degraded);
    BOOST_TEST(status().registry->reason.find("promised 3") != std::string::npos);
    BOOST_TEST(status().registry->next.find("force-epoch") != std::string::npos);
    nodes[0].alive = false;
    BOOST_TEST(state() == health::down);
    // One that this registry was never told of.
    strangers = {node_id{"n4"}};
    facts("n4").can_read = facts("n4").can_write = true;
    BOOST_TEST(state() == health::degraded);
    strangers.clear();
    lose_n2();
    BOOST_TEST(status().failed.at(0).next == "first what `blocked` says: until then nothing is decided");
}

BOOST_AUTO_TEST_CASE(machines_of_another_cluster_are_named_and_not_called_down)
{
    for (auto& node : nodes)
    {
        node.alive = false;
        node.last.reset();
        foreign.push_back(node.name);
    }
    BOOST_TEST(state() == health::unknown);
    BOOST_TEST(status().registry->reason.find("n1, n2, n3") != std::string::npos);
    BOOST_TEST(status().failed.at(0).next == "first what `blocked` says: until then nothing is decided");
    foreign.clear();
    BOOST_TEST(state() == health::down);
    BOOST_TEST(status().registry.has_value() == false);
}

// A practice cluster has an n2, too; or a machine was filled while another registry was in this one's place.
BOOST_AUTO_TEST_CASE(one_process_of_another_cluster_is_no_matter_of_the_registry)
{
    foreign = {node_id{"n2"}};
    BOOST_TEST(status().state == health::healthy);
    BOOST_TEST(!status().registry.has_value());
    lose_n2();
    BOOST_TEST(status().state == health::degraded);
    BOOST_TEST(!status().registry.has_value());
    auto const row = status().failed.at(0);
    BOOST_TEST(row.reason == "it runs, and says that it is of another cluster");
    BOOST_TEST(
        row.next ==
        "if that is n2 itself, stop chaind there, move its data folder aside and start it: it is "
        "filled from the others; if it is a machine of another cluster, stop it, and start chaind "
        "on n2"
    );
    // Whose members have spoken, and none is there any more, is down.
    for (auto& node : nodes)
        node.alive = false;
    BOOST_TEST(status().state == health::down);
    BOOST_TEST(!status().registry.has_value());
}

BOOST_AUTO_TEST_CASE(a_new_registry_in_the_place_of_another_says_so_of_all_that_ask_it)
{
    record = {};
    nodes.resize(1);
    nodes[0].alive = false;
    nodes[0].last.reset();
    foreign = {node_id{"n1"}, node_id{"n7"}};  // which it was not told of, and which asks it all the same
    auto const shown = status();
    BOOST_TEST(shown.state == health::unknown);
    auto const reason = shown.registry->reason;
    BOOST_TEST(
        reason ==
        "this registry is new, and of another cluster than n1, n7: configd's data folder was lost or replaced"
    );
    BOOST_TEST(shown.failed.at(0).alive);
    BOOST_TEST(shown.failed.at(0).reason == "it runs, and says that it is of another cluster");
}

BOOST_AUTO_TEST_CASE(who_was_removed_and_still_runs_is_named)
{
    record.removed = {node_id{"n2"}};
    lose_n2();
    BOOST_TEST(status().removed_running.empty());
    nodes[1].alive = true;
    BOOST_TEST(status().removed_running.at(0) == node_id{"n2"});
}

BOOST_AUTO_TEST_CASE(a_forced_epoch_is_shown_until_the_chain_is_whole_again)
{
    forced = forced_row{.name = node_id{"n1"}, .epoch = epoch(17), .at_ms = 1234};
    BOOST_TEST(status().forced.has_value() == false);
    lose_n2();
    BOOST_TEST(status().forced->name == node_id{"n1"});
    BOOST_TEST(status().forced->epoch == epoch(17));
}

BOOST_AUTO_TEST_CASE(a_database_that_was_set_aside_is_shown_until_its_machine_says_so_no_more)
{
    facts("n2").set_aside = {.folder = "/d/set-aside-1", .reason = "no common point"};
    BOOST_TEST(status().set_aside.at(0).name == node_id{"n2"});
    BOOST_TEST(status().set_aside.at(0).folder == "/d/set-aside-1");
    facts("n2").set_aside.reset();
    BOOST_TEST(status().set_aside.empty());
}

BOOST_AUTO_TEST_CASE(when_the_last_member_returns_without_its_data_the_others_do_not_come_back_by_themselves)
{
    record.current.members = record.last_active.members = {made_member("n1")};
    for (auto const* name : {"n2", "n3"})
        nodes[name[1] - '1'].last->from = made_member(name, 1, 77);
    auto const next = [this](std::size_t which) { return status().failed.at(which).next; };
    BOOST_TEST(next(0) == "nothing; it comes back by itself");
    nodes[0].last->from = made_member("n1", 99, 99);  // an empty disk
    BOOST_TEST(state() == health::down);
    for (std::size_t i = 0; i < status().failed.size(); ++i)
    {
        BOOST_TEST(next(i).starts_with("bring n1 back with the data that it had"));
        BOOST_TEST(next(i).find("force-epoch") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_silent_member_shows_before_the_chain_has_changed)
{
    nodes[0].alive = false;

    BOOST_TEST(state() == health::degraded);
    BOOST_TEST(status().chain.at(0).state == member_state::silent);
}

BOOST_AUTO_TEST_CASE(a_member_that_restarted_is_not_the_member)
{
    nodes[0].last->from = made_member("n1", 1, 99);

    BOOST_TEST(status().chain.at(0).state == member_state::silent);
}

BOOST_AUTO_TEST_CASE(a_member_with_changed_rows_is_named_and_degrades_a_chain_that_is_whole)
{
    nodes[1].last->damaged = true;
    nodes[1].reason = "a row has changed";
    auto const s = status();

    BOOST_TEST(state() == health::degraded);
    BOOST_TEST(s.chain.at(1).state == member_state::damaged);
    BOOST_TEST_REQUIRE(s.damaged.size() == 1u);
    BOOST_TEST(s.damaged.at(0).name == node_id{"n2"});
    BOOST_TEST(s.damaged.at(0).reason == "a row has changed");
    BOOST_TEST(s.failed.empty());
    BOOST_TEST(nodes_of(input()).nodes.at(1).state == node_state::damaged);
}

// A run that was the member, or a spare: it takes a snapshot before it serves again.
BOOST_AUTO_TEST_CASE(changed_rows_of_who_is_no_member_are_no_damage_of_the_chain)
{
    nodes[1].last->from = made_member("n2", 1, 99);
    nodes[1].last->damaged = true;

    BOOST_TEST(status().damaged.empty());
    BOOST_TEST(status().chain.at(1).state == member_state::silent);
}

BOOST_AUTO_TEST_CASE(one_survivor_is_solo)
{
    record.current.members.resize(1);
    BOOST_TEST(status().chain.at(0).role == chain_role::solo);
}

BOOST_AUTO_TEST_CASE(too_few_for_min_replicas_is_read_only_and_nobody_is_down)
{
    lose_n2();
    facts("n1").min_replicas = 3;
    BOOST_TEST(state() == health::read_only);
    // Also where no member reads any more.
    unserved_for = unread_for = 1100ms;
    BOOST_TEST(state() == health::down);
    unread_for = {};
    BOOST_TEST(state() == health::read_only);

    for (auto& node : nodes)
        node.alive = false;
    BOOST_TEST(state() == health::down);
}

BOOST_AUTO_TEST_CASE(a_learner_is_joining_and_not_failed)
{
    lose_n2();
    nodes[1].alive = true;
    nodes[1].learner = true;
    learning = learner_assignment{made_member("n2"), made_member("n3")};
    joining = control::join_status{.who = node_id{"n2"}, .since = 90s};
    joining->lag_entries = 12;
    joining->moved_bytes = 5000;

    auto const s = status();

    BOOST_TEST(s.joining.at(0).name == node_id{"n2"});
    BOOST_TEST(s.joining.at(0).phase == join_phase::log);
    BOOST_TEST(s.joining.at(0).lag == 12);
    BOOST_TEST(s.joining.at(0).bytes_done == 5000);
    BOOST_TEST(s.joining.at(0).rate.value() == 500u);
    BOOST_TEST(s.joining.at(0).source.value() == node_id{"n3"});
    BOOST_TEST(s.failed.empty());

    joining->needs_snapshot = true;
    joining->snapshot_bytes = 900;
    joining->snapshot_done = 300;
    auto const snapshot = status();
    auto const& row = snapshot.joining.at(0);
    BOOST_TEST(row.phase == join_phase::snapshot);
    BOOST_TEST(row.bytes_done == 300);
    BOOST_TEST(row.bytes_total == 900);

    record.current.state = config_state::pending;
    auto const splice = status();
    BOOST_TEST(splice.joining.at(0).phase == join_phase::splice);
}

BOOST_AUTO_TEST_CASE(who_is_out_on_purpose_is_not_failed)
{
    lose_n2();
    nodes[1].alive = true;
    auto state = [this]
    {
        auto const all = nodes_of(input());
        return all.nodes.at(1).state;
    };
    BOOST_TEST(state() == node_state::waiting);
    record.want = 2;
    BOOST_TEST(state() == node_state::spare);
    auto const with_spare = status();
    BOOST_TEST(with_spare.spares.at(0) == node_id{"n2"});
    BOOST_TEST(with_spare.failed.empty());
    BOOST_TEST(with_spare.state == health::healthy);
    record.drained = {node_id{"n2"}};
    BOOST_TEST(state() == node_state::drained);
    BOOST_TEST(status().failed.empty());
    record.removed = {node_id{"n2"}};
    BOOST_TEST(state() == node_state::removed);
    record.drained.clear();
    record.removed.clear();
    nodes[1].alive = false;
    BOOST_TEST(state() == node_state::failed);
    BOOST_TEST(status().spares.empty());
}

// Each of these was an event alone, and the status said that all comes back by itself.
BOOST_AUTO_TEST_CASE(who_is_refused_for_good_is_named_with_what_ends_that)
{
    lose_n2();
    nodes[1].alive = true;
    auto row = [this] { return status().failed.at(0); };
    auto next = [&] { return row().next; };
    nodes[1].reason = "why it is refused";
    for (auto const back :
         {control::held::lost_writes,
          control::held::has_log,
          control::held::second_restored,
          control::held::contradicts})
    {
        nodes[1].back = back;
        BOOST_TEST(row().reason == "why it is refused");
        BOOST_TEST(next() != "nothing; it comes back by itself");
    }
    BOOST_TEST(next().find("restart it") != std::string::npos);
    nodes[1].back = control::held::no;
    BOOST_TEST(next() == "nothing; it comes back by itself");
}

// Its folder was put back to an older copy, and it alone is there.
BOOST_AUTO_TEST_CASE(a_disk_that_has_lost_acknowledged_writes_waits_for_the_others)
{
    nodes[1].alive = nodes[2].alive = false;
    nodes[0].last->from = made_member("n1", 1, 99);
    nodes[0].back = control::held::lost_writes;
    nodes[0].reason = "its disk has lost acknowledged writes";
    auto const all = status();
    auto const& row = all.failed.at(0);
    BOOST_TEST(row.reason == "its disk has lost acknowledged writes");
    auto const next = row.next;
    BOOST_TEST(next.find("bring n1 or n2 or n3 back with the data that it had") == 0u);
    BOOST_TEST(next.find("force-epoch") != std::string::npos);

    nodes[1].alive = true;  // somebody has it all
    auto const then = status();
    BOOST_TEST(then.failed.at(0).next.find("catches up") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_a_chain_of_one_that_is_gone_the_one_is_started_first)
{
    record.current.members = {made_member("n3")};
    record.last_active = record.current;
    for (auto& node : nodes)
        node.alive = false;
    std::map<std::string, std::string> next;
    auto const all = status();
    for (auto const& row : all.failed)
        next[row.name.name.str()] = row.next;
    BOOST_TEST(
        next["n1"] == "start chaind on n3 first, which has everything that was acknowledged; then on n1"
    );
    BOOST_TEST(next["n3"].starts_with("start chaind on n3, or restart it"));
}

BOOST_AUTO_TEST_CASE(two_processes_with_one_database_are_both_named)
{
    lose_n2();
    nodes[1].alive = true;
    second[node_id{"n2"}] = {"127.0.0.1:4711 (process 77)", true, 100s};
    for (bool const learns : {false, true})
    {
        nodes[1].learner = learns;
        auto const all = status();
        auto const& row = all.failed.at(0);
        auto const reason = row.reason;
        BOOST_TEST(reason.find("another process with the same database") == 0u);
        BOOST_TEST(reason.find("127.0.0.1:4711 (process 77)") != std::string::npos);
        BOOST_TEST(row.next == "stop one of the two processes of n2");
        auto const nodes_now = nodes_of(input());
        BOOST_TEST(nodes_now.nodes.at(1).reason == reason);
    }
}

BOOST_AUTO_TEST_CASE(after_a_power_loss_it_is_said_for_whom_and_how_long_the_others_wait)
{
    for (auto& node : nodes)
        node.last->from.boot.bytes[0] ^= 1;
    nodes[2].alive = false;
    BOOST_TEST(state() == health::down);
    auto const next = status().failed.at(0).next;
    BOOST_TEST(next.starts_with("start chaind on n3; who was in the last chain is waited for"));
    BOOST_TEST(next.find("cold-wait of configd") != std::string::npos);
}

// For who has to decide with which of them the chain goes on.
BOOST_AUTO_TEST_CASE(whoever_was_heard_is_shown_with_what_it_holds)
{
    lose_n2();
    nodes[1].last->end.at = seq(77);
    auto const away = status().failed.at(0);
    BOOST_TEST(away.log_end.value() == seq(77));
    BOOST_TEST(away.committed.value() == seq(100));
    BOOST_TEST(nodes_of(input()).nodes.at(1).log_end.value() == seq(77));
    nodes[0].last.reset();
    auto const never = status().chain.at(0);
    BOOST_TEST(!never.log_end.has_value());
    BOOST_TEST(!never.committed.has_value());
    BOOST_TEST(!never.lag.has_value());
    BOOST_TEST(!nodes_of(input()).nodes.at(0).log_end.has_value());
}

BOOST_AUTO_TEST_CASE(nodes_lists_all_that_are_known)
{
    lose_n2();
    auto const listed = nodes_of(input());

    BOOST_TEST(listed.nodes.size() == 3u);
    BOOST_TEST(listed.nodes.at(1).role == chain_role::none);
    BOOST_TEST(listed.nodes.at(1).alive == false);
}

BOOST_AUTO_TEST_SUITE_END()
