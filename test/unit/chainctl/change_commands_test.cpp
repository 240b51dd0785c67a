// Commands that change something: what they ask before, what they wait for, and what they say at the end.

#include "chainctl/exit_status.hpp"
#include "office.hpp"
#include "support/mentions.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>

using namespace chaind::chainctl;
using namespace chaind::chainctl::testing;
using chaind::test::mentions;
namespace json = boost::json;

BOOST_FIXTURE_TEST_SUITE(change_commands, office)

BOOST_AUTO_TEST_CASE(whoever_may_still_take_writes_is_asked_at_the_same_time)
{
    auto const serves = R"({"state":"degraded","lineage":"aa"})";
    two_at_once const both(folder.path(), serves, serves);
    values = {{"--i-understand-data-may-be-lost", ""}};
    limit = std::chrono::milliseconds(2000);
    limit_given = true;
    BOOST_TEST(run_with({"n3"}, {R"({"nodes":[]})", ""}, run_force_epoch) == exit_failed);
    BOOST_TEST(mentions(said, "n1 at http"), said);
    BOOST_TEST(mentions(said, "n2 at http"), said);
}

BOOST_AUTO_TEST_CASE(a_chain_longer_than_the_machines_that_are_known_is_asked_about)
{
    auto const wanted = [&](char const* number)
    { return run_with({number}, {three, R"({"epoch":7})"}, run_want); };
    BOOST_TEST(wanted("3") == exit_done);
    BOOST_TEST(printed == "the chain wants 3 machines\n");
    // Not a terminal: nothing was asked of the config service but what it knows.
    words = {"4"};
    ::unlink(socket.c_str());
    {
        told_service service(socket, 200, three);
        BOOST_TEST(run(run_want) == exit_usage);
        BOOST_TEST(service.asked() == "GET /v1/nodes");
    }
    BOOST_TEST(mentions(said, "3 machines are known"));
    BOOST_TEST(mentions(said, "--yes"));
    yes = true;
    BOOST_TEST(wanted("4") == exit_done);
    BOOST_TEST(printed == "the chain wants 4 machines\n");
}

// The end of a chain of two, with n3 beside it as a spare.
char const* const two = R"({"epoch":32,"replicas":{"have":2,"want":2},"chain":[{"name":"n1","role":"head",)"
                        R"("state":"normal"},{"name":"n2","role":"tail","state":"normal"}],"spares":["n3"]})";
char const* const done_in_32 = R"({"epoch":32})";
char const* const already_in_32 = R"({"epoch":32,"already":true})";
char const* const no_events = R"({"events":[]})";

std::string chain_row(std::string const& name, char const* role, char const* more = R"("alive":true)")
{
    return R"({"name":")" + name + R"(","state":"member","role":")" + role + "\"," + more + "}";
}
std::string nodes_of(std::string const& rows)
{
    return R"({"nodes":[)" + rows + "]}";
}
std::string const all_three =
    nodes_of(chain_row("n1", "head") + "," + chain_row("n2", "middle") + "," + chain_row("n3", "tail"));

BOOST_AUTO_TEST_CASE(what_was_waited_for_is_said_as_it_is)
{
    BOOST_TEST(run_with({"n3"}, {all_three, done_in_32, no_events, two, all_three}, run_drain) == exit_done);
    BOOST_TEST(printed == "n3 is drained; `chainctl undrain n3` brings it back\n");
    BOOST_TEST(
        said ==
        "n3: its clients go to the others, then it leaves the chain\nn3: out of the chain at epoch 32\n"
    );
    auto const silent = nodes_of(chain_row("n1", "head") + "," + chain_row("n3", "none", R"("alive":false)"));
    BOOST_TEST(run_with({"n3"}, {all_three, done_in_32, no_events, two, silent}, run_drain) == exit_done);
    BOOST_TEST(mentions(printed, "n3 is drained, and does not answer: start chaind there"), printed);

    BOOST_TEST(run_with({"n2"}, {done_in_32, no_events, two}, run_undrain) == exit_done);
    BOOST_TEST(printed == "n2 is back in the chain\n");
    BOOST_TEST(run_with({"n3"}, {done_in_32, no_events, two}, run_undrain) == exit_done);
    BOOST_TEST(printed == "n3 stands by, since the chain has as many machines as it wants\n");
    // Somebody has asked for a shorter chain meanwhile.
    std::string now = two;
    now.insert(1, R"("config_service":{"state":"up"},)");
    BOOST_TEST(run_with({"n3", "127.0.0.1:1"}, {done_in_32, no_events, now}, run_add_node) == exit_failed);
    BOOST_TEST(mentions(said, "n3 stands by, since the chain has as many machines as it wants"), said);
}

BOOST_AUTO_TEST_CASE(all_changes_answer_to_programs_in_one_shape)
{
    struct one
    {
        std::vector<std::string> words;
        std::string command;
        std::vector<std::string> answers;
    };
    std::string const asked = R"({"epoch":31,"node":"nX"})";
    for (auto const& [typed, command, answers] : std::vector<one>{
             {{"drain", "n3"}, "drain", {all_three, asked, no_events, two, all_three}},
             {{"undrain", "n2"}, "undrain", {asked, no_events, two}},
             {{"move", "n2", "--to", "tail"}, "move", {two, asked, no_events, two}},
             {{"replace", "n3", "--with", "n1", "--yes"}, "replace", {asked, no_events, two}},
             {{"add-node", "n2", "127.0.0.1:7401"}, "add-node", {asked, no_events, two}},
             {{"drain", "n3", "--no-wait"}, "drain", {all_three, done_in_32}},
             {{"remove-node", "n3", "--yes"}, "remove-node", {done_in_32}},
             {{"replicas", "want", "2"}, "replicas want", {three, done_in_32}},
             {{"force-epoch", "n1", "--i-understand-data-may-be-lost"},
              "force-epoch",
              {R"({"nodes":[]})", R"({"state":"down"})", done_in_32}},
             {{"drain", "n3", "--dry-run"}, "drain", {all_three, R"({"epoch":32,"dry_run":true})"}},
             {{"remove-node", "n3", "--yes"}, "remove-node", {already_in_32}},
         })
        BOOST_TEST_CONTEXT(command)
        {
            ::unlink(socket.c_str());
            told_service const service(socket, 200, answers);
            auto line = typed;
            line.insert(line.end(), {"-o", "json", "--endpoint", "unix:" + socket});
            auto const p = parse(line);
            BOOST_TEST_REQUIRE(p.mistake == "");
            BOOST_TEST(captured(p.what->run, p.call) == exit_done);
            auto const said_so = json::parse(printed).as_object();
            BOOST_TEST(said_so.at("schema").as_string() == "chainctl.change.v1");
            BOOST_TEST(said_so.at("command").as_string() == command);
            BOOST_TEST(said_so.at("epoch").to_number<int>() == 32);
            BOOST_TEST(said_so.at("changed").as_bool() == (answers.front() != already_in_32));
            BOOST_TEST(said_so.at("dry_run").as_bool() == (typed.back() == "--dry-run"));
            BOOST_TEST(!said_so.contains("already"));
            if (answers.size() < 2 || command == "force-epoch") continue;  // which explains itself
            std::istringstream progress(said);
            for (std::string step; std::getline(progress, step);)
                BOOST_TEST(json::parse(step).at("schema").as_string() == "chainctl.progress.v1");
        }
}

BOOST_AUTO_TEST_CASE(who_was_removed_is_not_chosen_to_go_on_alone)
{
    values = {{"--i-understand-data-may-be-lost", ""}};
    auto const* nodes = R"({"nodes":[{"name":"n1","state":"removed","alive":true},
        {"name":"n2","state":"waiting","alive":true},{"name":"n3","state":"failed","alive":false}]})";
    auto const* forced = R"({"epoch":9,"lineage":"new"})";
    BOOST_TEST(run_with({}, {nodes, R"({"state":"down"})", forced}, run_force_epoch) == exit_done);
    BOOST_TEST(mentions(printed, "n2 goes on alone since epoch 9"));
    // Nobody needs it: that is said before anybody is frightened.
    BOOST_TEST(run_with({}, {nodes, R"({"state":"degraded"})", forced}, run_force_epoch) == exit_failed);
    BOOST_TEST(mentions(said, "the chain goes on by itself"));
    BOOST_TEST(!mentions(said, "lost"));
    auto const* older = R"({"state":"degraded","registry":{"reason":"older"}})";
    BOOST_TEST(run_with({}, {nodes, older, forced}, run_force_epoch) == exit_done);
    auto const* several = R"({"nodes":[{"name":"n1","state":"waiting","alive":true,"log_end":1234},
        {"name":"n2","state":"waiting","alive":true}]})";
    BOOST_TEST(run_with({}, {several}, run_force_epoch) == exit_usage);
    BOOST_TEST(mentions(said, "n1, its log ends at 1,234"));
    BOOST_TEST(mentions(said, "n2, its log ends at -"));
    auto const* none = R"({"nodes":[{"name":"n1","state":"removed","alive":true}]})";
    BOOST_TEST(run_with({}, {none}, run_force_epoch) == exit_unavailable);
}

BOOST_AUTO_TEST_CASE(who_forces_an_epoch_reads_first_what_is_lost)
{
    auto const nodes = [](std::string const& end, std::string const& alive)
    {
        return R"({"committed":1500,"nodes":[{"name":"n1","state":"waiting","alive":)" + alive + end +
               R"(},{"name":"n2","state":"failed","alive":false,"log_end":1500}]})";
    };
    BOOST_TEST(run_with({"n1"}, {nodes(R"(,"log_end":1234)", "true")}, run_force_epoch) == exit_usage);
    BOOST_TEST(mentions(said, "ends at 1,234, and 1,500 was committed: 266 entries are lost"), said);
    BOOST_TEST(run_with({"n1"}, {nodes(R"(,"log_end":1500)", "true")}, run_force_epoch) == exit_usage);
    BOOST_TEST(mentions(said, "has all that is known to be committed, up to 1,500"), said);
    BOOST_TEST(run_with({"n1"}, {nodes("", "true")}, run_force_epoch) == exit_usage);
    BOOST_TEST(mentions(said, "not known here"), said);
    // A registry that was put back knows of no commit, and others have more.
    auto const* longer = R"({"committed":0,"nodes":[{"name":"n1","state":"member","alive":true,"log_end":3},
        {"name":"n2","state":"member","alive":true,"log_end":4},{"name":"n3","state":"member","log_end":5}]})";
    BOOST_TEST(run_with({"n1"}, {longer}, run_force_epoch) == exit_usage);
    BOOST_TEST(mentions(said, "longer ones are there: n2 (4). What they have beyond that is lost"), said);
    BOOST_TEST(!mentions(said, "n3 (5)"), said);
    // Its last word, and it may have gone on since.
    BOOST_TEST(run_with({"n2"}, {nodes("", "true")}, run_force_epoch) == exit_usage);
    BOOST_TEST(mentions(said, "not known here"), said);
}

BOOST_AUTO_TEST_CASE(what_was_so_before_is_not_told_as_done)
{
    BOOST_TEST(run_with({"n2"}, {already_in_32, two, no_events, two}, run_undrain) == exit_done);
    BOOST_TEST(printed == "n2 is in the chain; it was not drained\n");
    // Nothing that could be waited for has been asked.
    auto const away = [](char const* state, char const* alive)
    {
        return std::string(R"({"state":")") + state + R"(","chain":[],"failed":[{"name":"n2","alive":)" +
               alive + R"(,"reason":"not heard any more","next":"start chaind on n2"}]})";
    };
    for (auto const& status : {away("degraded", "false"), away("down", "true")})
    {
        BOOST_TEST(run_with({"n2"}, {already_in_32, status}, run_undrain) == exit_failed);
        BOOST_TEST(mentions(said, "n2 is not drained: not heard any more"), said);
        BOOST_TEST(mentions(said, "next: start chaind on n2"), said);
    }
    BOOST_TEST(
        run_with({"n2"}, {already_in_32, away("degraded", "true"), no_events, two}, run_undrain) == exit_done
    );
    BOOST_TEST(
        run_with({"n3"}, {all_three, already_in_32, no_events, two, all_three}, run_drain) == exit_done
    );
    BOOST_TEST(printed == "n3 is drained already; `chainctl undrain n3` brings it back\n");
    yes = true;
    BOOST_TEST(run_with({"n3"}, {already_in_32}, run_remove_node) == exit_done);
    BOOST_TEST(printed == "n3 was out of the chain already; nothing was changed in epoch 32\n");
}

// What the config service itself says of this chain, of what changes in it, and of the rest.
std::string chain_of(
    std::vector<std::string> const& names, std::string const& changing, std::string const& more
)
{
    std::string rows;
    for (std::size_t i = 0; i < names.size(); ++i)
    {
        auto const* const role = i == 0 ? "head" : i + 1 == names.size() ? "tail" : "middle";
        rows += (i == 0 ? "" : ",") + (R"({"state":"normal","name":")" + names[i]) + R"(","role":")" + role +
                "\"}";
    }
    return R"({"epoch":32,"replicas":{"have":2,"want":2},"config_service":{"state":"up"},"chain":[)" + rows +
           R"(],"changing":{)" + changing + "}" + more + "}";
}

BOOST_AUTO_TEST_CASE(what_does_not_come_true_any_more_is_not_waited_for)
{
    auto const moving = chain_of({"n2", "n3", "n1"}, R"("moving":["n2"])", "");
    auto const crashed = chain_of(
        {"n2", "n1"}, "", R"(,"failed":[{"name":"n3","reason":"its process is gone","alive":false}])"
    );
    values["--to"] = "head";
    auto const all = chain_of({"n1", "n2", "n3"}, "", "");
    BOOST_TEST(
        run_with({"n3"}, {all, done_in_32, no_events, moving, no_events, crashed}, run_move) == exit_failed
    );
    BOOST_TEST(mentions(said, "n3 is away (its process is gone)"));
    BOOST_TEST(mentions(said, "chainctl events"));
    // Somebody leaves for another one.
    auto const of_another = chain_of({"n2", "n3", "n1"}, R"("moving":["n2"],"moving_for":"n1")", "");
    BOOST_TEST(run_with({"n3"}, {all, done_in_32, no_events, of_another}, run_move) == exit_failed);
    BOOST_TEST(mentions(said, "nothing works on it any more: n3 is in the chain"), said);
    // Back, at the other end.
    BOOST_TEST(
        run_with({"n3"}, {all, done_in_32, no_events, chain_of({"n2", "n1", "n3"}, "", "")}, run_move) ==
        exit_failed
    );
    BOOST_TEST(mentions(said, "n3 is the tail"));
    // It is there, and the last one that it passed is not back yet; then all is as it was asked for.
    auto const nearly = chain_of({"n3", "n1"}, R"("moving":["n2"])", "");
    auto const there = chain_of({"n3", "n1", "n2"}, "", "");
    BOOST_TEST(
        run_with({"n3"}, {all, done_in_32, no_events, nearly, no_events, there}, run_move) == exit_done
    );
    values.clear();

    // Somebody else undoes it.
    BOOST_TEST(run_with({"n3"}, {all_three, done_in_32, no_events, all}, run_drain) == exit_failed);
    BOOST_TEST(mentions(said, "n3 is the tail"));
    auto const leaving = chain_of({"n1", "n2", "n3"}, R"("draining":"n3")", "");
    auto const left = chain_of({"n1", "n2"}, "", R"(,"drained":["n3"])");
    BOOST_TEST(
        run_with(
            {"n3"}, {all_three, done_in_32, no_events, leaving, no_events, left, all_three}, run_drain
        ) == exit_done
    );
    auto const drained = chain_of({"n1"}, "", R"(,"drained":["n3"])");
    BOOST_TEST(run_with({"n3"}, {done_in_32, no_events, drained}, run_undrain) == exit_failed);
    BOOST_TEST(mentions(said, "n3 is drained"));
    auto const removed = chain_of({"n1"}, "", R"(,"removed":["n3"])");
    BOOST_TEST(
        run_with({"n3", "127.0.0.1:1"}, {done_in_32, no_events, removed}, run_add_node) == exit_failed
    );
    BOOST_TEST(mentions(said, "n3 was taken out of the chain for good"));

    // The new one crashes when the old one has gone.
    yes = true;
    values["--with"] = "n3";
    auto const joining = chain_of({"n1", "n2"}, R"("replacing":{"old":"n2","with":"n3"})", "");
    auto const both = chain_of({"n1", "n2", "n3"}, "", R"(,"removed":["n2"])");
    auto const alone = chain_of(
        {"n1"},
        "",
        R"(,"removed":["n2"],"failed":[{"name":"n3","reason":"its process is gone","alive":false}])"
    );
    BOOST_TEST(
        run_with({"n2"}, {done_in_32, no_events, joining, no_events, both, no_events, alone}, run_replace) ==
        exit_failed
    );
    BOOST_TEST(mentions(said, "n3 is away (its process is gone), n2 was taken out of the chain for good"));
    auto const exchanged = chain_of({"n1", "n3"}, "", R"(,"removed":["n2"])");
    BOOST_TEST(
        run_with({"n2"}, {done_in_32, no_events, both, no_events, exchanged}, run_replace) == exit_done
    );
}

BOOST_AUTO_TEST_CASE(one_machine_alone_holds_every_message_during_a_move_by_who_says_so)
{
    auto const both = chain_of({"n1", "n2"}, "", "");
    for (auto const& [who, to] : {std::pair{"n2", "head"}, {"n1", "tail"}})
    {
        yes = false;
        values["--to"] = to;
        BOOST_TEST(run_with({who}, {both}, run_move) == exit_usage);
        BOOST_TEST(mentions(said, "only n2 would hold every message; one failure then loses service"), said);
        BOOST_TEST(mentions(said, "--yes"), said);
        yes = true;
        auto const there = chain_of({"n2", "n1"}, "", "");
        BOOST_TEST(run_with({who}, {both, done_in_32, no_events, there}, run_move) == exit_done);
    }
    // Nobody leaves.
    yes = false;
    values["--to"] = "head";
    BOOST_TEST(run_with({"n1"}, {both, already_in_32, no_events, both}, run_move) == exit_done);
    values["--to"] = "tail";
    BOOST_TEST(run_with({"n2"}, {both, already_in_32, no_events, both}, run_move) == exit_done);
    values.clear();
}

BOOST_AUTO_TEST_CASE(one_machine_alone_is_left_with_every_message_by_who_says_so)
{
    auto const n1 = chain_row("n1", "head");
    auto const n3 = chain_row("n3", "tail");
    for (auto const& beside :
         {std::string(), "," + chain_row("n2", "learner"), "," + chain_row("n2", "none", R"("alive":false)")})
    {
        auto const nodes = nodes_of(n1 + "," + n3 + beside);
        yes = false;
        words = {"n3"};
        ::unlink(socket.c_str());
        {
            told_service service(socket, 200, nodes);
            BOOST_TEST(run(run_drain) == exit_usage);
            BOOST_TEST(service.asked() == "GET /v1/nodes");
        }
        BOOST_TEST(mentions(said, "only n1 would hold every message; one failure then loses service"), said);
        BOOST_TEST(mentions(said, "--yes"), said);
        yes = true;
        BOOST_TEST(run_with({"n3"}, {nodes, done_in_32, no_events, two, nodes}, run_drain) == exit_done);
    }
    // Who is in no chain takes nothing from it, and of the last one the config service says what it is.
    yes = false;
    auto const not_heard_yet = nodes_of(n1 + "," + chain_row("n2", "middle", R"("alive":false)") + "," + n3);
    BOOST_TEST(
        run_with({"n3"}, {not_heard_yet, done_in_32, no_events, two, all_three}, run_drain) == exit_done
    );
    auto const beside = nodes_of(n1 + "," + chain_row("n3", "none"));
    BOOST_TEST(run_with({"n3"}, {beside, done_in_32, no_events, two, beside}, run_drain) == exit_done);
    BOOST_TEST(run_with({"n3"}, {nodes_of(n3), done_in_32, no_events, two, beside}, run_drain) == exit_done);
}

BOOST_AUTO_TEST_CASE(who_is_waited_for_no_longer_is_said_to_be_away_with_what_to_do)
{
    auto const away = chain_of(
        {"n2"}, "", R"(,"failed":[{"name":"n1","reason":"it is gone","next":"start it","alive":false}])"
    );
    std::vector<std::string> answers{done_in_32, no_events};
    for (int look = 0; look < 20; ++look)
        answers.insert(answers.end(), {away, no_events});
    values["--wait-at-most"] = "1";
    BOOST_TEST(run_with({"n1"}, answers, run_undrain) == exit_unknown_outcome);
    BOOST_TEST(mentions(said, "not done after 1 s; it goes on"), said);
    BOOST_TEST(mentions(said, "n1 is away (it is gone); next: start it"), said);
}

BOOST_AUTO_TEST_CASE(an_answer_to_an_earlier_request_of_the_same_id_is_told_as_one)
{
    request_id = "abc";
    auto const now = R"({"epoch":40})";
    auto const back = chain_of({"n1", "n3"}, "", "");
    BOOST_TEST(run_with({"n3"}, {all_three, now, done_in_32, no_events, back}, run_drain) == exit_failed);
    BOOST_TEST(mentions(said, "this request id was used before, in epoch 32"), said);
    BOOST_TEST(mentions(said, "is not so any more, or never came true: n3 is the tail"), said);
    BOOST_TEST(
        run_with({"n3"}, {all_three, now, R"({"epoch":40})", no_events, back}, run_drain) == exit_failed
    );
    BOOST_TEST(!mentions(said, "used before"), said);
}

BOOST_AUTO_TEST_SUITE_END()
