#include "chainctl/status_view.hpp"

#include "chainctl/command.hpp"
#include "chainctl/exit_status.hpp"
#include "support/mentions.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace chaind::chainctl;
using chaind::test::mentions;
namespace json = boost::json;

namespace
{

json::object status(std::string_view state, int have, std::string_view service = "up")
{
    json::object out =
        json::parse(R"({"cluster":"office","epoch":18,"committed":1046221,"joining":[],"failed":[],
        "chain":[{"name":"n1","role":"head","state":"normal","committed":1046221,"lag":0,"clients":41,
        "db_bytes":84934656,"client_url":"http://127.0.0.1:8081"}]})")
            .as_object();
    out["state"] = state;
    out["replicas"] = {{"want", 3}, {"have", have}};
    out["config_service"] = {{"state", service}, {"store", "sqlite"}};
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(status_view)

BOOST_AUTO_TEST_CASE(a_healthy_cluster_says_where_every_message_is)
{
    auto const text = status_text(status("healthy", 3), false);

    BOOST_TEST(mentions(text, "healthy: 3 of 3 machines serve; every message is on each of them"));
    BOOST_TEST(mentions(text, "1,046,221"));
    BOOST_TEST(mentions(text, "81 MiB"));
    BOOST_TEST(!mentions(text, "next:"));
}

BOOST_AUTO_TEST_CASE(what_replicas_say_of_each_other_is_as_old_as_the_last_word_of_the_config_service)
{
    auto const up = status_text(status("degraded", 3), false);
    BOOST_TEST(!mentions(up, "said last"));
    auto old = status("degraded", 3, "down");
    BOOST_TEST(mentions(status_text(old, false), "Below is what the config service said last:\n  ROLE"));
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    old["config_service"].as_object()["heard_ms"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count() - 190'000;
    BOOST_TEST(mentions(status_text(old, false), "the config service said last, 3 min 1"));
    // Without a row nothing is old.
    old["chain"] = json::array();
    BOOST_TEST(!mentions(status_text(old, false), "said last"));
}

BOOST_AUTO_TEST_CASE(more_machines_than_are_wanted_are_no_share_of_them)
{
    auto const text =
        status_text(json::parse(R"({"state":"healthy","replicas":{"have":4,"want":2}})").as_object(), false);
    BOOST_TEST(mentions(text, "healthy: 4 machines (2 are wanted) serve"), text);
}

BOOST_AUTO_TEST_CASE(what_needs_somebody_comes_first)
{
    auto const text = status_text(
        json::parse(R"({"state":"degraded","spares":["n4"],"drained":["n5"],"removed_running":["n6"],
            "joining":[{"name":"n7","phase":"log"}],"damaged":[{"name":"n2","reason":"x"}],
            "failed":[{"name":"n3","alive":false}]})")
            .as_object(),
        false
    );
    std::size_t before = 0;
    for (auto const* word :
         {"away     n3", "damaged  n2", "joining  n7", "removed  n6", "drained  n5", "spare    n4"})
    {
        auto const at = text.find(word);
        BOOST_TEST((at != std::string::npos && at > before), word << " in " << text);
        before = at;
    }
}

BOOST_AUTO_TEST_CASE(the_last_machine_is_told_from_the_last_but_one)
{
    BOOST_TEST(mentions(status_text(status("degraded", 2), false), "the chain goes on"));
    BOOST_TEST(mentions(status_text(status("degraded", 1), false), "one more failure stops service"));
}

BOOST_AUTO_TEST_CASE(while_a_chain_is_being_made_nothing_is_said_to_go_on)
{
    auto making = status("degraded", 2);
    for (auto& row : making["chain"].as_array())
        row.as_object()["state"] = "reconfiguring";
    auto const moment = status_text(making, false);
    BOOST_TEST(mentions(moment, "the next chain is being made; nothing is lost, and it goes on in a moment"));
    making["state"] = "down";
    auto const long_ago = status_text(making, false);
    BOOST_TEST(mentions(long_ago, "down: nothing is served until the next chain is made"));
    BOOST_TEST(!mentions(long_ago, "no machine serves"));
}

BOOST_AUTO_TEST_CASE(read_only_is_said_with_its_reason)
{
    auto const headline = [](json::object const& of)
    {
        auto const text = status_text(of, false);
        return text.substr(0, text.find('\n'));
    };
    auto what = status("read_only", 3);
    what["replicas"].as_object()["min"] = 2;
    auto const moment = headline(what);
    BOOST_TEST(mentions(moment, "read only: 3 of 3 machines; writes are not taken at this moment"), moment);
    BOOST_TEST(mentions(moment, ": `chainctl events` tells what is under way"), moment);
    // Who answers without the config service does not say how many there have to be.
    what["replicas"].as_object().erase("min");
    BOOST_TEST(mentions(headline(what), "writes are not taken at this moment"));

    auto few = status("read_only", 1);
    few["replicas"].as_object()["min"] = 2;
    constexpr auto fewer = "read only: 1 of 3 machines; writes are refused until 2 are there (min-replicas)";
    BOOST_TEST(mentions(headline(few), fewer), headline(few));

    auto full = what;
    full["chain"].as_array().front().as_object()["state"] = "full";
    BOOST_TEST(mentions(headline(full), "a disk is full, so only reading and deleting go on"));
    full["replicas"].as_object()["min"] = 4;
    BOOST_TEST(mentions(headline(full), "writes are refused until 4 are there"));

    few["registry"] = {{"reason", "older"}};
    BOOST_TEST(mentions(headline(few), "nothing is decided"));
}

BOOST_AUTO_TEST_CASE(a_machine_that_takes_no_writes_is_named_with_what_to_mend)
{
    auto off = status("degraded", 3);
    off["cut_off"] = {{{"name", "n3"}, {"reason", "n1 cannot be reached"}}};
    auto const text = status_text(off, false);
    BOOST_TEST(mentions(text, "not every one can take writes (n3)"));
    BOOST_TEST(mentions(text, "cut off  n3: n1 cannot be reached"));
    BOOST_TEST(mentions(text, "next: mend what that names"));
}

BOOST_AUTO_TEST_CASE(a_machine_that_hears_nothing_and_one_that_is_not_heard_from_say_whose_way_to_mend)
{
    auto deaf = status("degraded", 3);
    deaf["unanswered"] = {{{"name", "n3"}, {"reason", "it hears nothing"}}};
    auto const text = status_text(deaf, false);
    BOOST_TEST(mentions(text, "not every one hears the config service (n3)"));
    BOOST_TEST(mentions(text, "deaf     n3: it hears nothing"));
    BOOST_TEST(mentions(text, "next: mend the way from the config service to it"));

    auto alone = status("degraded", 3);
    alone["config_service"] = {{"state", "down"}, {"answers", "n1 and n3"}};
    auto const here = status_text(alone, false);
    BOOST_TEST(mentions(here, "this machine does not hear the config service, which answers n1 and n3"));
    BOOST_TEST(mentions(here, "config service not heard here: it answers n1 and n3; ask there"));
    BOOST_TEST(!mentions(here, "start it"));
}

BOOST_AUTO_TEST_CASE(a_slow_disk_is_named_in_a_healthy_chain)
{
    auto slow = status("healthy", 3);
    slow["slow_disks"] = {{{"name", "n3"}, {"reason", "its disk took 0.7 s for a write lately"}}};
    auto const text = status_text(slow, false);
    BOOST_TEST(mentions(
        text, "slow     n3: its disk took 0.7 s for a write lately; every message waits for every disk"
    ));
    BOOST_TEST(mentions(text, "next: see what else uses that disk"));
}

BOOST_AUTO_TEST_CASE(what_administrators_have_asked_for_and_is_not_so_yet_is_shown)
{
    auto what = status("degraded", 2);
    what["changing"] = {
        {"draining", "n1"},
        {"moving", {"n2", "n3"}},
        {"moving_for", "n4"},
        {"replacing", {{"old", "n5"}, {"with", "n6"}}}
    };
    what["drained"] = {"n7"};
    auto const text = status_text(what, false);
    BOOST_TEST(mentions(text, "changing n1 is being drained"));
    BOOST_TEST(mentions(text, "changing n4 changes its place; still to leave for that: n2, n3\n"));
    BOOST_TEST(mentions(text, "changing n5 is being replaced by n6"));
    BOOST_TEST(mentions(text, "n7  `chainctl undrain n7` brings it back"));
}

BOOST_AUTO_TEST_CASE(a_machine_that_is_away_has_a_reason_and_a_next_step)
{
    auto degraded = status("degraded", 2);
    degraded["failed"] = {{{"name", "n2"}, {"since", 1795424405123}, {"reason", "no heartbeat for 250 ms"}}};

    auto const text = status_text(degraded, false);

    BOOST_TEST(mentions(text, "n2  since 2026-11-23 09:00:05Z: no heartbeat for 250 ms"));
    BOOST_TEST(mentions(text, "next: start chaind on n2"));
}

BOOST_AUTO_TEST_CASE(a_machine_that_runs_and_waits_is_not_to_be_started)
{
    auto degraded = status("degraded", 2);
    degraded["failed"] = {
        {{"name", "n2"},
         {"since", nullptr},
         {"reason", "its rows are compared with what was written"},
         {"alive", true},
         {"next", "nothing; it comes back by itself"}}
    };

    auto const text = status_text(degraded, false);

    BOOST_TEST(mentions(text, "n2: its rows are compared with what was written"));
    BOOST_TEST(mentions(text, "next: nothing; it comes back by itself"));
    BOOST_TEST(!mentions(text, "start chaind"));
    BOOST_TEST(!mentions(text, "away"));
}

BOOST_AUTO_TEST_CASE(of_a_chain_that_is_down_each_machine_shows_what_it_holds)
{
    auto down = status("down", 1);
    auto& row = down["chain"].as_array().at(0).as_object();
    row.erase("committed");
    row.erase("lag");
    row["state"] = "silent";
    down["failed"] =
        json::parse(R"([{"name":"n2","alive":true,"reason":"waits","next":"wait","log_end":1234}])");
    auto const text = status_text(down, false);
    BOOST_TEST(mentions(text, "silent  -          -       41"));
    BOOST_TEST(mentions(text, "n2: waits; its log ends at 1,234\n"));
    down["state"] = "degraded";
    BOOST_TEST(mentions(status_text(down, false), "n2: waits\n"));
}

BOOST_AUTO_TEST_CASE(wide_says_when_the_rows_were_proven)
{
    auto some = status("healthy", 3);
    some["chain"].as_array() = {
        {{"name", "n1"}, {"scrub", {{"proven_ms", 1'796'000'000'000}}}},
        {{"name", "n2"}, {"scrub", {{"proven_ms", 0}, {"percent", 33}}}}
    };
    auto const text = status_text(some, true);
    BOOST_TEST(mentions(text, "ROWS PROVEN"));
    BOOST_TEST(mentions(text, "2026-11-"));
    BOOST_TEST(mentions(text, "never, now 33 %"));
    BOOST_TEST(!mentions(status_text(some, false), "ROWS PROVEN"));
}

BOOST_AUTO_TEST_CASE(a_damaged_machine_has_a_reason_and_a_next_step)
{
    auto damaged = status("degraded", 3);
    damaged["damaged"] = {{{"name", "n1"}, {"reason", "a row has changed"}}};

    auto const alone = status_text(damaged, false);
    damaged["chain"].as_array().push_back({{"name", "n2"}, {"role", "tail"}, {"state", "normal"}});
    auto const with_others = status_text(damaged, false);

    BOOST_TEST(mentions(alone, "n1: a row has changed"));
    BOOST_TEST(mentions(alone, "not every one has sound data"));
    BOOST_TEST(mentions(alone, "restore the newest backup"));
    BOOST_TEST(!mentions(alone, "restart"));
    BOOST_TEST(mentions(with_others, "restart chaind on n1"));
    BOOST_TEST(!mentions(with_others, "backup"));
    auto coming = damaged;
    coming["chain"].as_array().pop_back();
    coming["joining"] = {{{"name", "n4"}, {"phase", "log"}}};
    BOOST_TEST(mentions(
        status_text(coming, false), "n4 is on its way into the chain: when it is there, restart chaind on n1"
    ));
    BOOST_TEST(!mentions(status_text(coming, false), "backup"));
    damaged["chain"].as_array().pop_back();
    damaged["drained"] = {"n2"};
    damaged["failed"] = {{{"name", "n3"}, {"reason", "no heartbeat"}}};
    BOOST_TEST(mentions(status_text(damaged, false), "bring n2 or n3 into it"));
    BOOST_TEST(mentions(status_text(damaged, false), "then restart chaind on n1"));
}

BOOST_AUTO_TEST_CASE(a_config_service_that_is_down_is_no_healthy_cluster)
{
    BOOST_TEST(check_of(status("healthy", 3)) == check_healthy);
    BOOST_TEST(check_of(status("healthy", 3, "down")) == check_degraded);
    BOOST_TEST(check_of(status("degraded", 2)) == check_degraded);
    BOOST_TEST(check_of(status("read_only", 1)) == check_degraded);
    BOOST_TEST(check_of(status("down", 0)) == check_down);
    BOOST_TEST(check_of(json::object()) == check_unknown);
    BOOST_TEST(mentions(status_text(status("healthy", 3, "down"), false), "a crash now is not repaired"));
}

BOOST_AUTO_TEST_CASE(the_headline_of_a_degraded_chain_names_each_reason)
{
    auto what = status("degraded", 3, "down");
    BOOST_TEST(
        mentions(status_text(what, false), "degraded: 3 of 3 machines serve; the config service is down")
    );
    what = status("degraded", 3);
    what["clocks"] = {{{"name", "n2"}, {"reason", "set the clock of n2: it is 7 min ahead"}}};
    BOOST_TEST(mentions(status_text(what, false), "machines serve; a clock is wrong (n2); nothing is lost"));
    what["clocks"] = {{{"name", ""}, {"reason", "set the clock of the config service's machine"}}};
    BOOST_TEST(mentions(status_text(what, false), "a clock is wrong (the config service's machine)"));
    what["damaged"] = {{{"name", "n1"}, {"reason", "a row has changed"}}};
    what["chain"] = {{{"name", "n1"}, {"state", "damaged"}}, {{"name", "n3"}, {"state", "silent"}}};
    auto const text = status_text(what, false);
    for (auto const* reason : {"not every one has sound data (n1)", "a clock is wrong", "not heard: n3"})
        BOOST_TEST(mentions(text, reason), reason);
    what = status("degraded", 3);
    what["chain"] = {{{"name", "n1"}, {"state", "reconfiguring"}}};
    BOOST_TEST(mentions(status_text(what, false), "the next chain is being made"));
}

BOOST_AUTO_TEST_CASE(after_a_forced_epoch_nobody_is_told_that_nothing_is_lost)
{
    auto what = status("degraded", 1);
    BOOST_TEST(mentions(status_text(what, false), "nothing is lost"));
    what["forced"] = {{"name", "n3"}, {"epoch", 12}};
    auto const text = status_text(what, false);
    BOOST_TEST(!mentions(text, "nothing is lost"));
    BOOST_TEST(mentions(text, "what n3 did not hold was given up by force-epoch (epoch 12)"), text);
}

BOOST_AUTO_TEST_CASE(a_database_that_was_set_aside_has_a_line)
{
    auto what = status("degraded", 2);
    what["set_aside"] = {{{"name", "n2"}, {"folder", "/d/set-aside-1"}, {"reason", "no common point"}}};
    auto const text = status_text(what, false);
    BOOST_TEST(mentions(text, "refills  n2: its database was set aside (no common point)"));
    BOOST_TEST(mentions(text, "an empty one is being filled"));
    what["spares"] = {"n2"};
    BOOST_TEST(
        mentions(status_text(what, false), "it is a spare, and an empty one is filled when it is needed")
    );
    BOOST_TEST(mentions(text, "/d/set-aside-1"));
}

BOOST_AUTO_TEST_CASE(a_chain_that_nobody_repairs_is_not_said_to_go_on)
{
    auto const text = status_text(status("down", 3, "down"), false);
    BOOST_TEST(mentions(text, "no machine serves"));
    BOOST_TEST(mentions(text, "no chain is made without the machines that are away"));
    BOOST_TEST(!mentions(text, "goes on"));
}

BOOST_AUTO_TEST_CASE(an_older_registry_has_a_reason_and_a_next_step)
{
    auto older = status("degraded", 3);
    older["registry"] = {{"reason", "the registry is older"}, {"next", "put it back"}};
    auto const text = status_text(older, false);
    BOOST_TEST(mentions(text, "nothing is decided: the next failure stops service"));
    BOOST_TEST(mentions(text, "blocked  the registry is older\n           next: put it back"));
    // Nobody is taken in by it, and the advice says so.
    older["not_admitted"] = {"n4"};
    BOOST_TEST(mentions(status_text(older, false), "waits    n4"));
    BOOST_TEST(!mentions(status_text(older, false), "add-node"));
    older["registry"] = nullptr;
    BOOST_TEST(!mentions(status_text(older, false), "registry"));
    BOOST_TEST(mentions(status_text(older, false), "add-node"));
}

BOOST_AUTO_TEST_CASE(a_status_of_another_shape_is_still_printed)
{
    auto odd =
        json::parse(R"({"chain":[5,{"name":7}],"failed":"x","joining":[null],"replicas":[]})").as_object();

    BOOST_TEST(mentions(status_text(odd, true), "7"));
}

BOOST_AUTO_TEST_CASE(machines_that_are_out_on_purpose_are_told_from_those_that_failed)
{
    auto what = status("healthy", 3);
    what["spares"] = {"n4"};
    what["drained"] = {"n2"};
    what["not_admitted"] = {"n9"};
    what["removed_running"] = {"n5"};

    auto const text = status_text(what, false);

    BOOST_TEST(mentions(text, "spare    n4"));
    BOOST_TEST(mentions(text, "drained  n2"));
    BOOST_TEST(mentions(text, "waits    n9"));
    BOOST_TEST(mentions(text, "removed  n5  its chaind still runs: stop it there"));
    BOOST_TEST(!mentions(text, "away"));
}

BOOST_AUTO_TEST_SUITE_END()
