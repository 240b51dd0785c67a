// Commands against a config service that answers as it is told: what they print and how they end.

#include "chainctl/command.hpp"
#include "chainctl/exit_status.hpp"
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

#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

using namespace chaind::chainctl;
namespace asio = boost::asio;
namespace data = boost::unit_test::data;
namespace json = boost::json;

namespace
{

// Answers one request, on its own thread; an empty answer leaves the client waiting until it goes.
template <class Protocol>
class told
{
public:
    told(typename Protocol::endpoint const& at, unsigned status, std::string body)
        : acceptor_(context_, at), thread_([this, status, body = std::move(body)] { serve(status, body); })
    {
    }
    ~told()
    {
        // Nobody may have asked: then this ends the wait for somebody.
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
        asked_ = request.substr(0, request.find(" HTTP/"));
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
    std::string asked_;
    std::thread thread_;
};

using told_service = told<asio::local::stream_protocol>;
using told_replica = told<asio::ip::tcp>;

struct office
{
    chaind::test::temp_folder folder;
    std::string socket = folder.path() + "/configd.sock";
    std::string printed;

    int run(int (*command)(invocation const&), format as = format::table, std::vector<std::string> flags = {})
    {
        invocation call;
        call.at.text = "unix:" + socket;
        call.as = as;
        call.limit = limit;
        for (auto& flag : flags)
            call.flags.emplace(std::move(flag), "");
        std::ostringstream out;
        auto* const before = std::cout.rdbuf(out.rdbuf());
        int const status = command(call);
        std::cout.rdbuf(before);
        printed = out.str();
        return status;
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
    BOOST_TEST((seen.at("config_service") == json::parse(R"({"state":"down"})")));
    BOOST_TEST(replica.asked() == "GET /api/v1/status");
    // On its machine, where it says more.
    told_replica near({asio::ip::address_v4::loopback(), 0}, 200, status_of("healthy"));
    std::ofstream(folder.path() + "/nodes.json")
        << R"({"nodes":[{"name":"n1","client_url":"http://127.0.0.1:1","admin_addr":"127.0.0.1:)"
        << near.at().port() << "\"}]}";
    BOOST_TEST(run(run_status, format::json, {"--check"}) == check_degraded);
    BOOST_TEST(near.asked() == "GET /status");
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

BOOST_AUTO_TEST_SUITE_END()
