// Commands against a config service that answers as it is told: what they print and how they end.

#include "chainctl/backup_part.hpp"
#include "chainctl/command.hpp"
#include "chainctl/exit_status.hpp"
#include "runtime/this_process.hpp"
#include "support/mentions.hpp"
#include "support/temp_folder.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <semaphore>
#include <sstream>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using namespace chaind::chainctl;
using chaind::test::mentions;
namespace asio = boost::asio;
namespace data = boost::unit_test::data;
namespace json = boost::json;

namespace
{

constexpr char const* hangs_up = "ends with the request in its hands";

// Answers requests, one after the other, on its own thread; an empty answer leaves the client waiting until
// it goes.
template <class Protocol>
class told
{
public:
    told(typename Protocol::endpoint const& at, unsigned status, std::string body)
        : told(at, status, std::vector<std::string>{std::move(body)})
    {
    }
    // `when_asked`: what happens before each answer.
    told(
        typename Protocol::endpoint const& at,
        unsigned status,
        std::vector<std::string> bodies,
        std::function<void()> when_asked = [] {}
    )
        : acceptor_(context_, at),
          when_asked_(std::move(when_asked)),
          thread_(
              [this, status, bodies = std::move(bodies)]
              {
                  for (auto const& body : bodies)
                      if (!ending_) serve(status, body);
              }
          )
    {
    }
    ~told()
    {
        // Nobody may have asked: then this ends the wait for somebody.
        ending_ = true;
        typename Protocol::socket last(context_);
        boost::system::error_code gone;
        last.connect(at(), gone);
        last.close(gone);
        thread_.join();
    }
    told(told const&) = delete;
    told& operator=(told const&) = delete;

    [[nodiscard]] typename Protocol::endpoint at() const { return acceptor_.local_endpoint(); }
    [[nodiscard]] std::string asked()
    {
        thread_.join();
        thread_ = std::thread([] {});
        return asked_;
    }

private:
    void serve(unsigned status, std::string const& body)
    {
        typename Protocol::socket socket(context_);
        acceptor_.accept(socket);
        std::string request;
        boost::system::error_code gone;
        asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", gone);
        asked_ += (asked_.empty() ? "" : ", ") + request.substr(0, request.find(" HTTP/"));
        when_asked_();
        if (body == hangs_up) return;
        if (body.empty())
        {
            char none = 0;
            socket.read_some(asio::buffer(&none, 1), gone);
            return;
        }
        auto const answer = "HTTP/1.1 " + std::to_string(status) +
                            " x\r\nContent-Length: " + std::to_string(body.size()) +
                            "\r\nConnection: close\r\n\r\n" + body;
        asio::write(socket, asio::buffer(answer), gone);
    }

    asio::io_context context_;
    typename Protocol::acceptor acceptor_;
    std::function<void()> when_asked_;
    std::string asked_;
    std::atomic<bool> ending_ = false;
    std::thread thread_;
};

using told_service = told<asio::local::stream_protocol>;
using told_replica = told<asio::ip::tcp>;

struct office
{
    chaind::test::temp_folder folder;
    std::string socket = folder.path() + "/configd.sock";
    std::string printed;
    std::string said;
    std::vector<std::string> words;
    bool yes = false;
    bool dry_run = false;
    bool limit_given = false;
    std::string request_id;

    std::map<std::string, std::string, std::less<>> values;

    int run(int (*command)(invocation const&), format as = format::table, std::vector<std::string> flags = {})
    {
        invocation call;
        call.at.text = "unix:" + socket;
        call.as = as;
        call.limit = limit;
        call.limit_given = limit_given;
        call.dry_run = dry_run;
        call.words = words;
        call.yes = yes;
        call.request_id = request_id;
        call.flags = values;
        for (auto& flag : flags)
            call.flags.emplace(std::move(flag), "");
        return captured(command, call);
    }
    int captured(int (*command)(invocation const&), invocation const& call)
    {
        std::ostringstream out;
        std::ostringstream talk;
        auto* const before = std::cout.rdbuf(out.rdbuf());
        auto* const talk_before = std::cerr.rdbuf(talk.rdbuf());
        int const status = command(call);
        std::cout.rdbuf(before);
        std::cerr.rdbuf(talk_before);
        printed = out.str();
        said = talk.str();
        return status;
    }
    // Against a service that gives these answers, one a question.
    int run_with(
        std::vector<std::string> of, std::vector<std::string> answers, int (*command)(invocation const&)
    )
    {
        words = std::move(of);
        ::unlink(socket.c_str());
        told_service const service(socket, 200, std::move(answers));
        return run(command);
    }
    std::chrono::milliseconds limit{20'000};
};

std::string verified(char const* equal, char const* second)
{
    return std::string(R"({"schema":"chainctl.verify.v1","equal":)") + equal +
           R"(,"pos":7,"replicas":[{"name":"n1","pos":7,"digest":"aa"},{"name":"n2","pos":7,"digest":")" +
           second + "\"}]}";
}

std::string status_of(char const* state)
{
    return std::string(R"({"schema":"chainctl.status.v1","state":")") + state +
           R"(","config_service":{"state":"up"},"chain":[{"name":"n1"}]})";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(commands, office)

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

// Two replicas of which the first one answers when the second one has been asked, too.
struct two_at_once
{
    std::binary_semaphore second_was_asked{0};
    told_replica first;
    told_replica second;

    two_at_once(std::string const& folder, std::string first_says, std::string second_says)
        : first(
              {asio::ip::address_v4::loopback(), 0},
              200,
              {std::move(first_says)},
              [this] { static_cast<void>(second_was_asked.try_acquire_for(std::chrono::seconds(30))); }
          ),
          second(
              {asio::ip::address_v4::loopback(), 0},
              200,
              {std::move(second_says)},
              [this] { second_was_asked.release(); }
          )
    {
        auto const row = [](char const* name, told_replica const& at)
        {
            return std::string(R"({"name":")") + name + R"(","client_url":"http://127.0.0.1:)" +
                   std::to_string(at.at().port()) + "\"}";
        };
        std::ofstream(folder + "/nodes.json")
            << R"({"nodes":[)" << row("n1", first) << "," << row("n2", second) << "]}";
    }
};

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

// A timer that is too short ends it in the middle, each night under another name.
BOOST_AUTO_TEST_CASE(what_a_backup_that_was_killed_has_left_goes_with_the_next_one)
{
    auto const ended = ::fork();
    if (ended == 0) ::_exit(0);
    BOOST_REQUIRE(::waitpid(ended, nullptr, 0) == ended);
    auto const part = [](std::string const& name, ::pid_t of)
    { return part_of(name, chaind::runtime::this_process().kernel, of); };
    auto const of_monday = folder.path() + "/monday.backup";
    std::vector<std::string> const dead{
        part(of_monday, ended), part(of_monday, ended) + "-journal", part(folder.path() + "/b", ended)
    };
    std::vector<std::string> const others{
        part(of_monday, ::getppid()),
        part_of(of_monday, "another kernel", ended),
        of_monday,
        of_monday + ".part-" + std::to_string(ended),
        part(of_monday, ended) + ".gz",
        part(of_monday, ended) + "1x",
    };
    auto make = [](std::string const& name) { std::ofstream(name) << "some"; };
    std::for_each(dead.begin(), dead.end(), make);
    std::for_each(others.begin(), others.end(), make);
    std::filesystem::create_directory(part(folder.path() + "/folder", ended));

    values["--data-dir"] = folder.path();
    make(folder.path() + "/chain.db");
    dry_run = true;
    run_with({folder.path() + "/b"}, {}, run_backup_create);
    for (auto const& name : dead)
        BOOST_TEST(std::filesystem::exists(name), name);
    dry_run = false;
    run_with({folder.path() + "/b"}, {}, run_backup_create);
    for (auto const& name : dead)
        BOOST_TEST(!std::filesystem::exists(name), name);
    for (auto const& name : others)
        BOOST_TEST(std::filesystem::exists(name), name);
    BOOST_TEST(std::filesystem::exists(part(folder.path() + "/folder", ended)));
    BOOST_TEST(mentions(said, "monday.backup.part-"), said);
}

// Where the tail keeps it, the service wrote down when it last spoke.
BOOST_AUTO_TEST_CASE(a_backup_needs_no_service_that_answers)
{
    limit = std::chrono::milliseconds(100);
    dry_run = true;
    auto const database = folder.path() + "/chain.db";
    std::ofstream(database) << "some";
    told_replica const replica(
        {asio::ip::address_v4::loopback(), 0}, 200, std::vector<std::string>(2, status_of("healthy"))
    );
    auto known = [&](std::string const& more)
    {
        std::ofstream(folder.path() + "/nodes.json")
            << R"({"nodes":[{"name":"n1","client_url":"http://127.0.0.1:)" << replica.at().port() << '"'
            << more << "}]}";
    };
    known(R"(,"database":")" + database + '"');
    BOOST_TEST(run_with({folder.path() + "/b"}, {"", ""}, run_backup_create) == exit_done);
    BOOST_TEST(mentions(said, "would write all of " + database));
    known("");
    BOOST_TEST(run_with({folder.path() + "/b"}, {"", ""}, run_backup_create) == exit_no_such_object);
    BOOST_TEST(mentions(said, "where n1 keeps its database is not known without it"));
    BOOST_TEST(mentions(said, "--data-dir"));
}

char const* const three = R"({"nodes":[{"name":"n1","state":"member"},{"name":"n2","state":"failed"},)"
                          R"({"name":"n3","state":"spare"},{"name":"n4","state":"removed"}]})";

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
              {R"({"nodes":[]})", done_in_32}},
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
    BOOST_TEST(run_with({}, {nodes, forced}, run_force_epoch) == exit_done);
    BOOST_TEST(mentions(printed, "n2 goes on alone since epoch 9"));
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

BOOST_AUTO_TEST_CASE(a_backup_of_a_machine_that_is_not_known_is_refused_by_that)
{
    values["--node"] = "n99";
    BOOST_TEST(
        run_with({folder.path() + "/b"}, {status_of("healthy"), three}, run_backup_create) ==
        exit_no_such_object
    );
    BOOST_TEST(said == "chainctl: no node n99 is known; `chainctl nodes` lists them\n");
}

BOOST_AUTO_TEST_CASE(a_restore_that_fails_leaves_no_folder_that_it_made)
{
    namespace fs = std::filesystem;
    auto const file = folder.path() + "/letter.txt";
    std::ofstream(file) << std::string(5000, 'x');
    words = {file};
    auto const restored_to = [&](std::string const& where)
    {
        values["--data-dir"] = where;
        return run(run_backup_restore);
    };
    BOOST_TEST(restored_to(folder.path() + "/new/n1/") == exit_bad_data);
    BOOST_TEST(!fs::exists(folder.path() + "/new"));
    fs::create_directory(folder.path() + "/own");
    BOOST_TEST(restored_to(folder.path() + "/own") == exit_bad_data);
    BOOST_TEST(fs::is_empty(folder.path() + "/own"));
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

BOOST_AUTO_TEST_CASE(a_file_that_is_no_backup_is_told_as_one_and_named_once)
{
    auto const file = folder.path() + "/letter.txt";
    std::ofstream(file) << std::string(5000, 'x');
    words = {file};
    BOOST_TEST(run(run_backup_verify) == exit_bad_data);
    constexpr auto* next = "          next: take another backup, or make one now: `chainctl backup create`\n";
    BOOST_TEST(said == "chainctl: " + file + ": it is no backup, or its first bytes are damaged\n" + next);
    words = {folder.path() + "/none"};
    BOOST_TEST(run(run_backup_verify) == exit_no_such_object);
    BOOST_TEST(said == "chainctl: there is no file " + folder.path() + "/none\n");
    for (auto const& other : {folder.path(), std::string("/dev/null")})
    {
        words = {other};
        BOOST_TEST(run(run_backup_verify) == exit_bad_data);
        BOOST_TEST(said == "chainctl: " + other + " is no file: a folder or a device\n");
    }
}

BOOST_AUTO_TEST_SUITE_END()
