// Commands that only look: what they print and how they end, whoever answers.

#include "chainctl/exit_status.hpp"
#include "office.hpp"
#include "support/mentions.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>

using namespace chaind::chainctl;
using namespace chaind::chainctl::testing;
using chaind::test::mentions;
namespace asio = boost::asio;
namespace data = boost::unit_test::data;
namespace json = boost::json;

namespace
{

std::string verified(char const* equal, char const* second)
{
    return std::string(R"({"schema":"chainctl.verify.v1","equal":)") + equal +
           R"(,"pos":7,"replicas":[{"name":"n1","pos":7,"digest":"aa"},{"name":"n2","pos":7,"digest":")" +
           second + "\"}]}";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(question_commands, office)

BOOST_AUTO_TEST_CASE(replicas_that_differ_are_a_failure_in_every_format)
{
    for (auto const as : {format::table, format::json, format::jsonl})
    {
        {
            told_service same(socket, 200, verified("true", "aa"));
            BOOST_TEST(run(run_verify, as) == exit_done);
            BOOST_TEST(same.asked() == "POST /v1/verify");
        }
        ::unlink(socket.c_str());
        {
            told_service const different(socket, 200, verified("false", "bb"));
            BOOST_TEST(run(run_verify, as) == exit_failed);
            BOOST_TEST(printed.find("bb") != std::string::npos);
        }
        ::unlink(socket.c_str());
    }
}

BOOST_AUTO_TEST_CASE(who_did_not_answer_is_named_with_what_to_do)
{
    told_service const service(
        socket,
        200,
        R"({"equal":false,"pos":7,"replicas":[{"name":"n1","pos":7,"digest":"aa"}],)"
        R"("missing":[{"name":"n2","reason":"restart it"}]})"
    );
    BOOST_TEST(run(run_verify) == exit_failed);
    BOOST_TEST(printed.find("not all have answered") != std::string::npos);
    BOOST_TEST(printed.find("n2: restart it") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(deep_is_a_failure_where_the_rows_of_one_are_not_proven)
{
    for (auto const& [second, expected] : {std::pair("proven", exit_done), std::pair("changed", exit_failed)})
    {
        // One answer to both questions.
        auto const both = std::string(R"({"equal":true,"pos":7,"over":true,"missing":[],"replicas":[)") +
                          R"({"name":"n1","digest":"aa","state":"proven"},)" +
                          R"({"name":"n2","digest":"aa","reason":"odd","state":")" + second + "\"}]}";
        told_service const service(socket, 200, std::vector{both, both});
        BOOST_TEST(run(run_verify, format::table, {"--deep"}) == expected);
        BOOST_TEST(
            (printed.find("n2    changed: odd") != std::string::npos) == (expected != exit_done), printed
        );
        ::unlink(socket.c_str());
    }
}

BOOST_AUTO_TEST_CASE(an_answer_that_does_not_say_equal_is_a_failure)
{
    told_service const odd(socket, 200, R"({"replicas":[]})");
    BOOST_TEST(run(run_verify) == exit_failed);
}

BOOST_AUTO_TEST_CASE(json_is_what_the_service_said)
{
    told_service const service(socket, 200, status_of("degraded"));
    BOOST_TEST(run(run_status, format::json) == exit_done);
    BOOST_TEST((json::parse(printed) == json::parse(status_of("degraded"))));
}

BOOST_AUTO_TEST_CASE(all_pages_of_events_are_one_answer_in_json)
{
    told_service service(
        socket, 200, {R"({"events":[{"n":1}]})", R"({"events":[{"n":1},{"n":2}]})", R"({"events":[{"n":2}]})"}
    );
    BOOST_TEST(run(run_events, format::json) == exit_done);
    BOOST_TEST(printed == "{\"schema\":\"chainctl.events.v1\",\"events\":[{\"n\":1},{\"n\":2}]}\n");
    BOOST_TEST(service.asked() == "GET /v1/events?since=0, GET /v1/events?since=0, GET /v1/events?since=1");
}

BOOST_AUTO_TEST_CASE(check_ends_with_the_state_and_still_prints_it)
{
    for (auto const& [state, expected] :
         {std::pair("healthy", check_healthy),
          std::pair("degraded", check_degraded),
          std::pair("down", check_down)})
    {
        {
            told_service const service(socket, 200, status_of(state));
            BOOST_TEST(run(run_status, format::name, {"--check"}) == expected);
            BOOST_TEST(printed == "n1\n");
        }
        ::unlink(socket.c_str());
    }
}

BOOST_AUTO_TEST_CASE(a_silent_machine_is_not_shown_as_heard)
{
    told_service const service(
        socket, 200, R"({"schema":"chainctl.nodes.v1","nodes":[{"name":"n1","alive":false}]})"
    );
    BOOST_TEST(run(run_nodes) == exit_done);
    BOOST_TEST(printed.find("n1") != std::string::npos);
    BOOST_TEST(printed.find("yes") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(nobody_there_is_unavailable_and_for_a_check_unknown)
{
    BOOST_TEST(run(run_status) == exit_unavailable);
    BOOST_TEST(run(run_status, format::table, {"--check"}) == check_unknown);
    BOOST_TEST(run(run_nodes) == exit_unavailable);
    BOOST_TEST(printed.empty());
}

BOOST_AUTO_TEST_CASE(a_replica_that_was_known_answers_for_the_service_that_is_down)
{
    told_replica replica({asio::ip::address_v4::loopback(), 0}, 200, status_of("healthy"));
    std::ofstream(folder.path() + "/nodes.json")
        << R"({"nodes":[{"name":"n1","client_url":"http://127.0.0.1:)" << replica.at().port() << "\"}]}";
    BOOST_TEST(run(run_status, format::json, {"--check"}) == check_degraded);
    auto const seen = json::parse(printed).as_object();
    BOOST_TEST(seen.at("config_service").at("state").as_string() == "down");
    BOOST_TEST(seen.at("config_service").at("heard_ms").is_number());  // up, that replica says: just now
    BOOST_TEST(replica.asked() == "GET /api/v1/status");
    // On its machine, where it says more.
    told_replica near({asio::ip::address_v4::loopback(), 0}, 200, status_of("healthy"));
    std::ofstream(folder.path() + "/nodes.json")
        << R"({"nodes":[{"name":"n1","client_url":"http://127.0.0.1:1","admin_addr":"127.0.0.1:)"
        << near.at().port() << "\"}]}";
    BOOST_TEST(run(run_status, format::json, {"--check"}) == check_degraded);
    BOOST_TEST(near.asked() == "GET /status");
}

BOOST_AUTO_TEST_CASE(who_is_in_no_chain_does_not_answer_for_those_that_serve)
{
    auto const* outside = R"({"schema":"chainctl.status.v1","state":"degraded","epoch":9,"chain":[]})";
    two_at_once const both(folder.path(), outside, status_of("degraded"));
    BOOST_TEST(run(run_status) == exit_done);
    BOOST_TEST(mentions(printed, "n1"), printed);
    BOOST_TEST(!mentions(printed, "no chain"), printed);
}

BOOST_AUTO_TEST_CASE(what_one_in_no_chain_knows_is_said_to_be_no_more)
{
    auto const* outside = R"({"schema":"chainctl.status.v1","state":"degraded","epoch":9,"chain":[]})";
    two_at_once const both(folder.path(), outside, status_of("down"));
    BOOST_TEST(run(run_status) == exit_done);
    BOOST_TEST(
        mentions(printed, "degraded: other machines serve; the one that tells this is in no chain"), printed
    );
    BOOST_TEST(mentions(printed, "Epoch 9"), printed);
}

BOOST_AUTO_TEST_CASE(all_replicas_are_asked_at_the_same_time)
{
    two_at_once const both(folder.path(), status_of("read_only"), status_of("down"));
    BOOST_TEST(run(run_status, format::json) == exit_done);
    BOOST_TEST(mentions(printed, "read_only"), printed);
}

BOOST_AUTO_TEST_CASE(who_serves_is_enough_however_many_stand_still)
{
    auto const here = asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0);
    told_replica const still(here, 200, "");
    told_replica const serves(here, 200, status_of("healthy"));
    std::ofstream(folder.path() + "/nodes.json")
        << R"({"nodes":[{"client_url":"http://127.0.0.1:)" << still.at().port()
        << R"("},{"client_url":"http://127.0.0.1:)" << serves.at().port() << "\"}]}";
    BOOST_TEST(run(run_status, format::json) == exit_done);
    BOOST_TEST(mentions(printed, "degraded"), printed);
}

struct refused_row
{
    char const* code;
    int expected;
};
std::ostream& operator<<(std::ostream& out, refused_row const& row)
{
    return out << row.code;
}
refused_row const refusals[] = {
    {"not_found", exit_no_such_object},
    {"bad_request", exit_usage},
    {"forbidden", exit_not_permitted},
    {"unavailable", exit_unavailable},
    {"timeout", exit_unknown_outcome},
    {"conflict", exit_failed},
};

BOOST_DATA_TEST_CASE(each_refusal_has_its_exit_status, data::make(refusals), row)
{
    told_service const service(
        socket, 400, std::string(R"({"err":{"code":")") + row.code + R"(","msg":"so it is"}})"
    );
    BOOST_TEST(run(run_verify) == row.expected);
    BOOST_TEST(printed.empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_json_is_bad_data)
{
    told_service const service(socket, 200, "<html>");
    BOOST_TEST(run(run_nodes) == exit_bad_data);
}

BOOST_AUTO_TEST_CASE(a_question_without_an_answer_has_no_outcome_to_wonder_about)
{
    limit = std::chrono::milliseconds(200);
    told_service const service(socket, 200, "");
    BOOST_TEST(run(run_nodes) == exit_unavailable);
}

BOOST_AUTO_TEST_CASE(a_change_that_was_sent_has_an_outcome_that_nobody_knows)
{
    BOOST_TEST(run_with({"n1"}, {hangs_up}, run_undrain) == exit_unknown_outcome);
    BOOST_TEST(mentions(said, "it may have been done"));
    limit = std::chrono::milliseconds(200);
    BOOST_TEST(run_with({}, {""}, run_verify) == exit_unknown_outcome);
    // Not what nobody read, and no question.
    ::unlink(socket.c_str());
    words = {"n1"};
    BOOST_TEST(run(run_undrain) == exit_unavailable);
    BOOST_TEST(!mentions(said, "may have been done"));
    BOOST_TEST(run_with({}, {hangs_up}, run_nodes) == exit_unavailable);
}

// A process that stands still takes connections, and answers none.
BOOST_AUTO_TEST_CASE(each_command_keeps_its_time_limit_with_a_service_that_stands_still)
{
    struct one
    {
        int (*command)(invocation const&);
        std::vector<std::string> words;
        int ends;
        std::map<std::string, std::string, std::less<>> values = {};
    };
    std::vector<one> const all{
        {run_status, {}, exit_unavailable},
        {run_nodes, {}, exit_unavailable},
        {run_events, {}, exit_unavailable},
        {run_verify, {}, exit_unknown_outcome},
        {run_join_token, {}, exit_unknown_outcome},
        {run_add_node, {"n4", "127.0.0.1:7401"}, exit_unknown_outcome},
        {run_remove_node, {"n1"}, exit_unknown_outcome},
        {run_drain, {"n1"}, exit_unavailable},
        {run_undrain, {"n1"}, exit_unknown_outcome},
        {run_move, {"n1"}, exit_unavailable, {{"--to", "head"}}},
        {run_replace, {"n1"}, exit_unknown_outcome},
        {run_want, {"3"}, exit_unavailable},
        {run_force_epoch, {"n1"}, exit_unavailable, {{"--i-understand-data-may-be-lost", ""}}},
        {run_backup_create, {folder.path() + "/b"}, exit_unavailable},
    };
    limit = std::chrono::milliseconds(100);
    limit_given = yes = true;
    for (auto const& each : all)
        BOOST_TEST_CONTEXT("command " << &each - all.data())
        {
            values = each.values;
            auto const before = std::chrono::steady_clock::now();
            BOOST_TEST(run_with(each.words, {"", "", ""}, each.command) == each.ends);
            auto const took = std::chrono::steady_clock::now() - before;
            BOOST_TEST((took < std::chrono::seconds(10)));  // that is a chance of 1 to 100 for a busy machine
            BOOST_TEST(mentions(said, "does not answer"));
        }
}

// Nobody waits for it before the replicas are asked, unless that was wished for.
BOOST_AUTO_TEST_CASE(a_service_that_stands_still_is_soon_given_up_by_who_only_looks)
{
    told_replica const replica({asio::ip::address_v4::loopback(), 0}, 200, status_of("healthy"));
    std::ofstream(folder.path() + "/nodes.json")
        << R"({"nodes":[{"name":"n1","client_url":"http://127.0.0.1:)" << replica.at().port() << "\"}]}";
    auto const before = std::chrono::steady_clock::now();
    BOOST_TEST(run_with({}, {""}, run_status) == exit_done);
    BOOST_TEST(mentions(printed, "degraded"));
    BOOST_TEST(run_with({}, {""}, run_nodes) == exit_unavailable);
    // 20 s is what this test's commands allow for an answer.
    BOOST_TEST((std::chrono::steady_clock::now() - before < std::chrono::seconds(15)));
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_is_told_with_what_to_do_about_it)
{
    // No socket.
    BOOST_TEST(run(run_status) == exit_unavailable);
    BOOST_TEST(mentions(said, "No such file"));
    BOOST_TEST(mentions(said, "no configd listens there: start it, or name the one to ask with --endpoint"));
    BOOST_TEST(!mentions(said, "on each machine"));
    {
        // A socket that was left behind, and replicas that it knew.
        asio::io_context context;
        asio::local::stream_protocol::acceptor const left(context, socket);
    }
    std::ofstream(folder.path() + "/nodes.json")
        << R"({"nodes":[{"name":"n1","client_url":"http://127.0.0.1:1"}]})";
    BOOST_TEST(run(run_status) == exit_unavailable);
    BOOST_TEST(mentions(said, "nor does the replica that it knew"));
    BOOST_TEST(mentions(said, "the configd that listened there has ended: start it"));
    BOOST_TEST(mentions(said, "then chaind on each machine"));
    ::unlink((folder.path() + "/nodes.json").c_str());
    ::unlink(socket.c_str());
    {
        told_service const other(socket, 200, "<html>");
        BOOST_TEST(run(run_status) == exit_bad_data);
        BOOST_TEST(mentions(said, "does not speak as configd does; check --endpoint"));
    }
    ::unlink(socket.c_str());
    told_service const busy(socket, 503, R"({"err":{"code":"unavailable","msg":"it is starting"}})");
    BOOST_TEST(run(run_status) == exit_unavailable);
    BOOST_TEST(said == "chainctl: it is starting\n");
}

BOOST_AUTO_TEST_SUITE_END()
