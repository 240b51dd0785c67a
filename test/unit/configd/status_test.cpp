// The status document that chainctl and every replica show (docs/client_api.md 4.4), and the event pages.

#include "configd/status.hpp"

#include "configd/configd_settings.hpp"
#include "configd/event_log.hpp"
#include "support/members.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

using namespace chaind;
using test::made_member;
namespace json = boost::json;

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
    std::map<node_id, configd::last_said> said;
    std::string registry_lacks;
    microseconds registry_busy_for{};
    std::vector<node_id> foreign;
    std::map<node_id, configd::second_process> second;
    microseconds unserved_for{};
    std::optional<configd::event_row> forced;

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

    [[nodiscard]] configd::status_input input() const
    {
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
            .unserved_for = unserved_for,
        };
    }
    node_facts& facts(std::string const& name) { return said[node_id{name}].facts; }
    [[nodiscard]] json::object status() const { return configd::status_json(input()); }
    [[nodiscard]] std::string state() const { return status()["state"].as_string().c_str(); }

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

std::string role(json::object const& status, std::size_t position)
{
    return status.at("chain").at(position).at("role").as_string().c_str();
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(status_page, three_nodes)

BOOST_AUTO_TEST_CASE(a_whole_chain_is_healthy)
{
    auto const s = status();

    BOOST_TEST(s.at("schema").as_string() == "chainctl.status.v1");
    BOOST_TEST(s.at("state").as_string() == "healthy");
    BOOST_TEST(s.at("epoch").to_number<int>() == 18);
    BOOST_TEST(s.at("committed").to_number<int>() == 100);
    BOOST_TEST(s.at("replicas").at("have").to_number<int>() == 3);
    BOOST_TEST(role(s, 0) == "head");
    BOOST_TEST(role(s, 1) == "middle");
    BOOST_TEST(role(s, 2) == "tail");
    auto const& row = s.at("chain").at(0).as_object();
    BOOST_TEST(row.at("state").as_string() == "normal");
    BOOST_TEST(row.at("pid").to_number<int>() == 42);
    BOOST_TEST(row.at("log_end").to_number<int>() == 101);
    BOOST_TEST(row.at("lag").to_number<int>() == 0);
    BOOST_TEST(s.at("failed").as_array().empty());
    BOOST_TEST(s.at("damaged").as_array().empty());
    BOOST_TEST(s.at("joining").as_array().empty());
    BOOST_TEST(s.at("config_service").at("state").as_string() == "up");
}

BOOST_AUTO_TEST_CASE(when_rows_were_proven_and_how_far_a_reading_has_come)
{
    facts("n1").scrub.proven_ms = 1234;
    auto& reading = facts("n2").scrub;
    reading.running = true;
    reading.done = 1;
    reading.all = 3;
    said.erase(node_id{"n3"});
    auto const s = status();
    BOOST_TEST((s.at("chain").at(0).at("scrub") == json::value{{"proven_ms", 1234u}}));
    BOOST_TEST((s.at("chain").at(1).at("scrub") == json::value{{"proven_ms", 0u}, {"percent", 33u}}));
    BOOST_TEST(s.at("chain").at(2).at("scrub").is_null());
}

BOOST_AUTO_TEST_CASE(a_lost_replica_degrades_it_and_is_named_with_since_when_and_why)
{
    lose_n2();
    auto const s = status();

    BOOST_TEST(state() == "degraded");
    BOOST_TEST(role(s, 1) == "tail");
    auto const& failed = s.at("failed").at(0).as_object();
    BOOST_TEST(failed.at("name").as_string() == "n2");
    BOOST_TEST(failed.at("reason").as_string() == "no heartbeat");
    BOOST_TEST(failed.at("since").to_number<std::int64_t>() == 990'000);
}

BOOST_AUTO_TEST_CASE(what_is_served_is_what_members_say_once_it_is_no_matter_of_a_moment)
{
    record.current.state = config_state::pending;
    unserved_for = 900ms;
    BOOST_TEST(state() == "degraded");
    unserved_for = 1100ms;
    BOOST_TEST(state() == "down");
    facts("n3").can_read = true;
    BOOST_TEST(state() == "read_only");
}

BOOST_AUTO_TEST_CASE(a_member_that_reaches_the_others_no_more_is_named)
{
    BOOST_TEST(status().at("cut_off").as_array().empty());
    facts("n3").cut_off = "n1 cannot be reached";
    BOOST_TEST(state() == "degraded");
    BOOST_TEST(status().at("cut_off").at(0).at("name").as_string() == "n3");
    BOOST_TEST(status().at("cut_off").at(0).at("reason").as_string() == "n1 cannot be reached");
    facts("n3").cut_off.clear();
    BOOST_TEST(state() == "healthy");
}

BOOST_AUTO_TEST_CASE(a_second_process_of_a_member_is_named)
{
    second[node_id{"n2"}] = {"127.0.0.1:4711 (process 77)", true, 100s};
    BOOST_TEST(
        status().at("second_processes").at(0).at("reason").as_string() ==
        "another process with the same database (a copied folder?) wants in from 127.0.0.1:4711 (process 77)"
    );
    BOOST_TEST(state() == "healthy");
}

BOOST_AUTO_TEST_CASE(what_to_do_follows_from_what_is_so)
{
    lose_n2();
    auto const next = [this] { return std::string(status().at("failed").at(0).at("next").as_string()); };
    BOOST_TEST(status().at("failed").at(0).at("alive").as_bool() == false);
    BOOST_TEST(next().starts_with("start chaind on n2"));

    nodes[1].alive = true;  // it is being compared, say, or waits
    nodes[1].reason = "its rows are compared with what was written";
    BOOST_TEST(status().at("failed").at(0).at("alive").as_bool() == true);
    BOOST_TEST(next() == "nothing; it comes back by itself");

    nodes[1].last.emplace().trouble = "no space";
    BOOST_TEST(next().starts_with("look at the log of chaind on n2"));
}

BOOST_AUTO_TEST_CASE(a_registry_whose_disk_stands_still_is_named_before_it_is_needed)
{
    registry_busy_for = 1s;
    BOOST_TEST(state() == "healthy");
    registry_busy_for = 7s;
    BOOST_TEST(state() == "degraded");
    BOOST_TEST(
        status().at("registry").at("reason").as_string() ==
        "the disk of configd's data folder has not finished a write for 7 s"
    );
    lose_n2();
    BOOST_TEST(
        status().at("failed").at(0).at("next").as_string() ==
        "what is said of the registry: until then nothing is decided"
    );
}

BOOST_AUTO_TEST_CASE(an_older_registry_is_named_with_what_to_do_and_what_is_served_the_replicas_say)
{
    BOOST_TEST(status().at("registry").is_null());
    registry_lacks = "it knows epoch 1, n2 has promised 3";

    BOOST_TEST(state() == "down");
    facts("n1").can_read = true;
    BOOST_TEST(state() == "read_only");
    facts("n1").can_write = true;
    BOOST_TEST(state() == "degraded");
    BOOST_TEST(status().at("registry").at("reason").as_string().find("promised 3") != std::string::npos);
    BOOST_TEST(status().at("registry").at("next").as_string().find("force-epoch") != std::string::npos);
    nodes[0].alive = false;
    BOOST_TEST(state() == "down");
    // One that this registry was never told of.
    strangers = {node_id{"n4"}};
    facts("n4").can_read = facts("n4").can_write = true;
    BOOST_TEST(state() == "degraded");
    strangers.clear();
    lose_n2();
    BOOST_TEST(
        status().at("failed").at(0).at("next").as_string() ==
        "what is said of the registry: until then nothing is decided"
    );
}

BOOST_AUTO_TEST_CASE(machines_of_another_cluster_are_named_and_not_called_down)
{
    for (auto& node : nodes)
    {
        node.alive = false;
        foreign.push_back(node.name);
    }
    BOOST_TEST(state() == "unknown");
    BOOST_TEST(status().at("registry").at("reason").as_string().find("n1, n2, n3") != std::string::npos);
    BOOST_TEST(
        status().at("failed").at(0).at("next").as_string() ==
        "what is said of the registry: until then nothing is decided"
    );
    foreign.clear();
    BOOST_TEST(state() == "down");
    BOOST_TEST(status().at("registry").is_null());
}

BOOST_AUTO_TEST_CASE(a_new_registry_in_the_place_of_another_says_so_of_all_that_ask_it)
{
    record = {};
    nodes.resize(1);
    nodes[0].alive = false;
    nodes[0].last.reset();
    foreign = {node_id{"n1"}, node_id{"n7"}};  // which it was not told of, and which asks it all the same
    auto const shown = status();
    BOOST_TEST(shown.at("state").as_string() == "unknown");
    auto const reason = std::string(shown.at("registry").at("reason").as_string());
    BOOST_TEST(
        reason ==
        "this registry is new, and of another cluster than n1, n7: configd's data folder was lost or replaced"
    );
    BOOST_TEST(shown.at("failed").at(0).at("alive").as_bool());
    BOOST_TEST(
        shown.at("failed").at(0).at("reason").as_string() == "it runs, and says that it is of another cluster"
    );
}

BOOST_AUTO_TEST_CASE(who_was_removed_and_still_runs_is_named)
{
    record.removed = {node_id{"n2"}};
    lose_n2();
    BOOST_TEST(status().at("removed_running").as_array().empty());
    nodes[1].alive = true;
    BOOST_TEST(status().at("removed_running").at(0).as_string() == "n2");
}

BOOST_AUTO_TEST_CASE(a_forced_epoch_is_shown_until_the_chain_is_whole_again)
{
    forced = configd::event_row{
        .number = 9, .at_ms = 1234, .in = epoch(17), .what = "forced", .node = "n1", .why = ""
    };
    BOOST_TEST(status().at("forced").is_null());
    lose_n2();
    BOOST_TEST(status().at("forced").at("name").as_string() == "n1");
    BOOST_TEST(status().at("forced").at("epoch").to_number<int>() == 17);
}

BOOST_AUTO_TEST_CASE(a_database_that_was_set_aside_is_shown_until_its_machine_says_so_no_more)
{
    facts("n2").set_aside = {.folder = "/d/set-aside-1", .reason = "no common point"};
    BOOST_TEST(status().at("set_aside").at(0).at("name").as_string() == "n2");
    BOOST_TEST(status().at("set_aside").at(0).at("folder").as_string() == "/d/set-aside-1");
    facts("n2").set_aside.reset();
    BOOST_TEST(status().at("set_aside").as_array().empty());
}

BOOST_AUTO_TEST_CASE(when_the_last_member_returns_without_its_data_the_others_do_not_come_back_by_themselves)
{
    record.current.members = record.last_active.members = {made_member("n1")};
    for (auto const* name : {"n2", "n3"})
        nodes[name[1] - '1'].last->from = made_member(name, 1, 77);
    auto const next = [this](std::size_t which)
    { return std::string(status().at("failed").at(which).at("next").as_string()); };
    BOOST_TEST(next(0) == "nothing; it comes back by itself");
    nodes[0].last->from = made_member("n1", 99, 99);  // an empty disk
    BOOST_TEST(state() == "down");
    for (std::size_t i = 0; i < status().at("failed").as_array().size(); ++i)
    {
        BOOST_TEST(next(i).starts_with("bring n1 back with the data that it had"));
        BOOST_TEST(next(i).find("force-epoch") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_silent_member_shows_before_the_chain_has_changed)
{
    nodes[0].alive = false;

    BOOST_TEST(state() == "degraded");
    BOOST_TEST(status().at("chain").at(0).at("state").as_string() == "silent");
}

BOOST_AUTO_TEST_CASE(a_member_that_restarted_is_not_the_member)
{
    nodes[0].last->from = made_member("n1", 1, 99);

    BOOST_TEST(status().at("chain").at(0).at("state").as_string() == "silent");
}

BOOST_AUTO_TEST_CASE(a_member_with_changed_rows_is_named_and_degrades_a_chain_that_is_whole)
{
    nodes[1].last->damaged = true;
    nodes[1].reason = "a row has changed";
    auto const s = status();

    BOOST_TEST(state() == "degraded");
    BOOST_TEST(s.at("chain").at(1).at("state").as_string() == "damaged");
    BOOST_TEST_REQUIRE(s.at("damaged").as_array().size() == 1u);
    BOOST_TEST(s.at("damaged").at(0).at("name").as_string() == "n2");
    BOOST_TEST(s.at("damaged").at(0).at("reason").as_string() == "a row has changed");
    BOOST_TEST(s.at("failed").as_array().empty());
    BOOST_TEST(configd::nodes_json(input()).at("nodes").at(1).at("state").as_string() == "damaged");
}

// A run that was the member, or a spare: it takes a snapshot before it serves again.
BOOST_AUTO_TEST_CASE(changed_rows_of_who_is_no_member_are_no_damage_of_the_chain)
{
    nodes[1].last->from = made_member("n2", 1, 99);
    nodes[1].last->damaged = true;

    BOOST_TEST(status().at("damaged").as_array().empty());
    BOOST_TEST(status().at("chain").at(1).at("state").as_string() == "silent");
}

BOOST_AUTO_TEST_CASE(one_survivor_is_solo)
{
    record.current.members.resize(1);
    BOOST_TEST(role(status(), 0) == "solo");
}

BOOST_AUTO_TEST_CASE(too_few_for_min_replicas_is_read_only_and_nobody_is_down)
{
    lose_n2();
    facts("n1").min_replicas = 3;
    BOOST_TEST(state() == "read_only");

    for (auto& node : nodes)
        node.alive = false;
    BOOST_TEST(state() == "down");
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

    BOOST_TEST(s.at("joining").at(0).at("name").as_string() == "n2");
    BOOST_TEST(s.at("joining").at(0).at("phase").as_string() == "log");
    BOOST_TEST(s.at("joining").at(0).at("lag").to_number<int>() == 12);
    BOOST_TEST(s.at("joining").at(0).at("bytes_done").to_number<int>() == 5000);
    BOOST_TEST(s.at("joining").at(0).at("rate").to_number<int>() == 500);
    BOOST_TEST(s.at("joining").at(0).at("source").as_string() == "n3");
    BOOST_TEST(s.at("failed").as_array().empty());

    joining->needs_snapshot = true;
    joining->snapshot_bytes = 900;
    joining->snapshot_done = 300;
    auto const snapshot = status();
    auto const& row = snapshot.at("joining").at(0);
    BOOST_TEST(row.at("phase").as_string() == "snapshot");
    BOOST_TEST(row.at("bytes_done").to_number<int>() == 300);
    BOOST_TEST(row.at("bytes_total").to_number<int>() == 900);

    record.current.state = config_state::pending;
    auto const splice = status();
    BOOST_TEST(splice.at("joining").at(0).at("phase").as_string() == "splice");
}

BOOST_AUTO_TEST_CASE(who_is_out_on_purpose_is_not_failed)
{
    lose_n2();
    nodes[1].alive = true;
    auto state = [this]
    {
        auto const all = configd::nodes_json(input());
        return std::string(all.at("nodes").at(1).at("state").as_string());
    };
    BOOST_TEST(state() == "waiting");
    record.want = 2;
    BOOST_TEST(state() == "spare");
    auto const with_spare = status();
    BOOST_TEST(with_spare.at("spares").at(0).as_string() == "n2");
    BOOST_TEST(with_spare.at("failed").as_array().empty());
    BOOST_TEST(with_spare.at("state").as_string() == "healthy");
    record.drained = {node_id{"n2"}};
    BOOST_TEST(state() == "drained");
    BOOST_TEST(status().at("failed").as_array().empty());
    record.removed = {node_id{"n2"}};
    BOOST_TEST(state() == "removed");
    record.drained.clear();
    record.removed.clear();
    nodes[1].alive = false;
    BOOST_TEST(state() == "failed");
    BOOST_TEST(status().at("spares").as_array().empty());
}

// Each of these was an event alone, and the status said that all comes back by itself.
BOOST_AUTO_TEST_CASE(who_is_refused_for_good_is_named_with_what_ends_that)
{
    lose_n2();
    nodes[1].alive = true;
    auto row = [this] { return status().at("failed").at(0).as_object(); };
    auto next = [&] { return std::string(row().at("next").as_string()); };
    nodes[1].reason = "why it is refused";
    for (auto const back :
         {control::held::lost_writes,
          control::held::has_log,
          control::held::second_restored,
          control::held::contradicts})
    {
        nodes[1].back = back;
        BOOST_TEST(row().at("reason").as_string() == "why it is refused");
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
    auto const& row = all.at("failed").at(0).as_object();
    BOOST_TEST(row.at("reason").as_string() == "its disk has lost acknowledged writes");
    auto const next = std::string(row.at("next").as_string());
    BOOST_TEST(next.find("bring n1 or n2 or n3 back with the data that it had") == 0u);
    BOOST_TEST(next.find("force-epoch") != std::string::npos);

    nodes[1].alive = true;  // somebody has it all
    auto const then = status();
    BOOST_TEST(
        std::string(then.at("failed").at(0).at("next").as_string()).find("catches up") != std::string::npos
    );
}

BOOST_AUTO_TEST_CASE(of_a_chain_of_one_that_is_gone_the_one_is_started_first)
{
    record.current.members = {made_member("n3")};
    record.last_active = record.current;
    for (auto& node : nodes)
        node.alive = false;
    std::map<std::string, std::string> next;
    auto const all = status();
    for (auto const& row : all.at("failed").as_array())
        next[row.at("name").as_string().c_str()] = row.at("next").as_string().c_str();
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
        auto const& row = all.at("failed").at(0).as_object();
        auto const reason = std::string(row.at("reason").as_string());
        BOOST_TEST(reason.find("another process with the same database") == 0u);
        BOOST_TEST(reason.find("127.0.0.1:4711 (process 77)") != std::string::npos);
        BOOST_TEST(row.at("next").as_string() == "stop one of the two processes of n2");
        auto const nodes_now = configd::nodes_json(input());
        BOOST_TEST(nodes_now.at("nodes").at(1).at("reason").as_string() == reason);
    }
}

BOOST_AUTO_TEST_CASE(after_a_power_loss_it_is_said_for_whom_and_how_long_the_others_wait)
{
    for (auto& node : nodes)
        node.last->from.boot.bytes[0] ^= 1;
    nodes[2].alive = false;
    BOOST_TEST(state() == "down");
    auto const next = status().at("failed").at(0).at("next");
    BOOST_TEST(next.as_string().starts_with("start chaind on n3; who was in the last chain is waited for"));
    BOOST_TEST(next.as_string().find("cold-wait of configd") != std::string::npos);
}

// For who has to decide with which of them the chain goes on.
BOOST_AUTO_TEST_CASE(whoever_was_heard_is_shown_with_what_it_holds)
{
    lose_n2();
    nodes[1].last->end.at = seq(77);
    auto const away = status().at("failed").at(0).as_object();
    BOOST_TEST((away.at("log_end") == 77 && away.at("committed") == 100));
    BOOST_TEST((configd::nodes_json(input()).at("nodes").at(1).at("log_end") == 77));
    nodes[0].last.reset();
    auto const never = status().at("chain").at(0).as_object();
    for (auto const* key : {"log_end", "committed", "lag"})
        BOOST_TEST(!never.contains(key), key);
    BOOST_TEST(!configd::nodes_json(input()).at("nodes").at(0).as_object().contains("log_end"));
}

BOOST_AUTO_TEST_CASE(nodes_lists_all_that_are_known)
{
    lose_n2();
    auto const listed = configd::nodes_json(input());

    BOOST_TEST(listed.at("nodes").as_array().size() == 3u);
    BOOST_TEST(listed.at("nodes").at(1).at("role").as_string() == "none");
    BOOST_TEST(listed.at("nodes").at(1).at("alive").as_bool() == false);
}

BOOST_AUTO_TEST_CASE(events_come_in_pages)
{
    configd::event_log log({{7, 1, epoch(1), "active", "", ""}});
    for (int i = 0; i < 300; ++i)
        log.add({0, 1, epoch(2), "removed", "n1", "why"});
    log.written(307);

    auto const first = log.page(0);
    auto const rest = log.page(first.at("events").as_array().back().at("n").to_number<std::uint64_t>());

    BOOST_TEST(first.at("events").as_array().size() == 256u);
    BOOST_TEST(first.at("events").at(0).at("n").to_number<int>() == 7);
    BOOST_TEST(rest.at("events").as_array().size() == 45u);
    BOOST_TEST(log.page(307).at("events").as_array().empty());
}

BOOST_AUTO_TEST_CASE(an_event_is_shown_once_a_crash_cannot_take_it_back)
{
    configd::event_log log({{7, 1, epoch(1), "active", "", ""}});
    BOOST_TEST(log.all_written());
    log.add({0, 1, epoch(2), "removed", "n1", "why"});
    BOOST_TEST(!log.all_written());
    BOOST_TEST(log.page(0).at("events").as_array().size() == 1u);
    log.written(8);
    BOOST_TEST(log.page(0).at("events").as_array().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(configd_configuration)

BOOST_AUTO_TEST_CASE(the_example_in_etc_is_what_the_program_says)
{
    configd::configd_settings settings;
    std::ifstream in(CHAIND_ETC "/configd.conf");
    std::string const text(std::istreambuf_iterator<char>(in), {});

    BOOST_TEST(text.ends_with(configd::configd_options(settings).print_example()));
}

BOOST_AUTO_TEST_CASE(what_cannot_work_is_refused)
{
    auto const refused = [](auto change)
    {
        configd::configd_settings settings;
        settings.bootstrap = {"n1"};
        configd::check(settings);
        change(settings);
        BOOST_CHECK_THROW(configd::check(settings), runtime::config_error);
    };
    refused([](auto& s) { s.listen = "0.0.0.0:7400"; });
    refused([](auto& s) { s.listen = "7400"; });
    refused([](auto& s) { s.bootstrap = {"n1", "n1"}; });
    refused([](auto& s) { s.bootstrap = {"N1"}; });
    refused([](auto& s) { s.data_dir = std::string(120, 'x'); });
    refused([](auto& s) { s.core.silence = s.core.silence_max + 1us; });
}

BOOST_AUTO_TEST_SUITE_END()
