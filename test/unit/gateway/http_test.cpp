// What HTTP may do to the listener, and what every response says (docs/client_api.md 2; docs/testing.md,
// "Abuse and bad input").
#include "chain_double.hpp"
#include "raw_client.hpp"
#include "wire/status_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <unistd.h>

namespace chaind::test
{

namespace data = boost::unit_test::data;

namespace
{

constexpr auto host = "Host: chat.test\r\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(http_surface)

BOOST_AUTO_TEST_CASE(the_web_client_is_served_with_its_headers)
{
    chain_double chain;
    auto const page = http(chain.port(), "GET", "/");
    BOOST_TEST(page.status == 200U);
    BOOST_TEST(page.headers.at("content-type") == "text/html; charset=utf-8");
    BOOST_TEST(page.headers.at("cache-control") == "no-cache");
    auto const policy = page.headers.at("content-security-policy");
    for (auto const* part :
         {"default-src 'self'",
          "frame-ancestors 'none'",
          "require-trusted-types-for 'script'",
          "ws://127.0.0.1:*",
          "http://127.0.0.1:*"})
        BOOST_TEST(policy.find(part) != std::string::npos, part);
    BOOST_TEST(policy.find("unsafe") == std::string::npos);
    BOOST_TEST(page.headers.at("x-content-type-options") == "nosniff");
    BOOST_TEST(page.headers.at("referrer-policy") == "no-referrer");

    auto const again = http(chain.port(), "GET", "/", {{}, {{"If-None-Match", page.headers.at("etag")}}});
    BOOST_TEST(again.status == 304U);
    BOOST_TEST(again.body.empty());
    // As it comes back through a proxy that compresses.
    auto const weak = "\"other\", W/" + page.headers.at("etag");
    BOOST_TEST(http(chain.port(), "GET", "/", {{}, {{"If-None-Match", weak}}}).status == 304U);
    BOOST_TEST(http(chain.port(), "GET", "/", {{}, {{"If-None-Match", "\"other\""}}}).status == 200U);
    auto const head = http(chain.port(), "HEAD", "/");
    BOOST_TEST(head.status == 200U);
    BOOST_TEST(head.headers.at("content-length") == page.headers.at("content-length"));
}

BOOST_AUTO_TEST_CASE(health_status_and_version_answer)
{
    chain_double chain(quick_settings(), 2);
    BOOST_TEST(http(chain.port(), "GET", "/livez").status == 200U);
    BOOST_TEST(http(chain.port(), "GET", "/readyz").status == 200U);
    BOOST_TEST(http(chain.port(), "GET", "/readyz?role=read").status == 200U);
    BOOST_TEST(http(chain.port(), "GET", "/readyz?role=king").status == 400U);
    BOOST_TEST(text_at(http(chain.port(), "GET", "/version").json(), {"name"}) == "chaind");
    auto const status = http(chain.port(), "GET", "/api/v1/status");
    BOOST_TEST(status.json().at("chain").as_array().size() == 2U);

    chain.change_view(
        0,
        [](gateway::chain_view& view)
        {
            view.can_write = false;
            view.why_not = "the chain is reconfiguring";
        }
    );
    auto const unready = http(chain.port(), "GET", "/readyz?role=write");
    BOOST_TEST(unready.status == 503U);
    BOOST_TEST(text_at(unready.json(), {"err", "msg"}) == "the chain is reconfiguring");
    BOOST_TEST(http(chain.port(), "GET", "/readyz?role=read").status == 200U);
    BOOST_TEST(http(chain.port(), "GET", "/livez").status == 200U);
}

BOOST_AUTO_TEST_CASE(strangers_hear_how_the_chain_is_and_not_what_it_runs_on)
{
    chain_double chain;
    cluster_status full;
    full.cluster = "secret";
    full.state = health::healthy;
    full.config_service = {
        .state = service_state::up,
        .store = "sqlite",
        .leader = {},
        .version = {},
        .heard_ms = {},
        .refuses = {}
    };
    auto& inner = full.chain.emplace_back();
    inner.name = node_id{"n1"};
    inner.role = chain_role::solo;
    inner.client_url = "http://n1";
    inner.pid = 4711;
    inner.version = "0.1.0";
    inner.replica_addr = "10.0.0.1:1";
    inner.admin_addr = "127.0.0.1:2";
    inner.db_bytes = 99;
    auto& coming = full.joining.emplace_back();
    coming.name = node_id{"n2"};
    coming.bytes_done = 7;
    chain.change_view(0, [&](gateway::chain_view& view) { view.status = full; });
    auto const token = chain.register_user("ana").token;
    auto const ask = [&](std::string const& with)
    {
        http_options how;
        if (!with.empty()) how.headers = {{"Authorization", "Bearer " + with}};
        return http(chain.port(), "GET", "/api/v1/status", how).json();
    };

    for (auto const& nobody : {std::string(), std::string("wrong")})
    {
        auto const seen = boost::json::serialize(ask(nobody));
        for (auto const* word : {"healthy", "n1", "solo", "http://n1", "n2", "log", "up"})
            BOOST_TEST(seen.find(word) != std::string::npos, word);
        for (auto const* word :
             {"4711", "0.1.0", "10.0.0.1", "127.0.0.1:2", "99", "secret", "bytes_done", "sqlite"})
            BOOST_TEST(seen.find(word) == std::string::npos, word);
    }
    auto const shown = boost::json::parse(boost::json::serialize(wire::status_json(full)));
    BOOST_TEST((ask(token) == shown));
    auto there = http(chain.admin_port(), "GET", "/status").json();
    BOOST_TEST((there.at("here") == boost::json::object{{"name", "n1"}, {"pid", ::getpid()}}));
    there.erase("here");
    BOOST_TEST((there == shown));
}

BOOST_AUTO_TEST_CASE(metrics_are_shown_on_the_admin_port_alone)
{
    chain_double chain;
    BOOST_TEST(http(chain.port(), "GET", "/metrics").status == 404U);
    http(chain.port(), "GET", "/livez");
    auto const page = http(chain.admin_port(), "GET", "/metrics");
    BOOST_TEST(page.status == 200U);
    BOOST_TEST(
        page.body.find("chaind_http_responses_total{status=\"200\"} 1") != std::string::npos, page.body
    );
    for (auto const* of_the_chain : {"chaind_can_read 1", "chaind_can_write 1", "chaind_member 1"})
        BOOST_TEST(page.body.find(of_the_chain) != std::string::npos, page.body);
    BOOST_TEST(http(chain.admin_port(), "GET", "/api/v1/status").status == 404U);
}

BOOST_AUTO_TEST_CASE(pages_of_members_may_call_and_others_may_not)
{
    chain_double chain(quick_settings(), 2);
    auto const other = "http://127.0.0.1:" + std::to_string(chain.port(1));
    auto const preflight = http(
        chain.port(),
        "OPTIONS",
        "/api/v1/session",
        {{}, {{"Origin", other}, {"Access-Control-Request-Method", "POST"}}}
    );
    BOOST_TEST(preflight.status == 204U);
    BOOST_TEST(preflight.headers.at("access-control-allow-origin") == other);
    BOOST_TEST(
        preflight.headers.at("access-control-allow-headers").find("Authorization") != std::string::npos
    );
    auto const status = http(chain.port(), "GET", "/api/v1/status", {{}, {{"Origin", other}}});
    BOOST_TEST(status.status == 200U);
    BOOST_TEST(status.headers.at("access-control-allow-origin") == other);

    auto const foreign =
        http(chain.port(), "POST", "/api/v1/session", {"{}", {{"Origin", "http://evil.example"}}});
    BOOST_TEST(foreign.status == 403U);
    BOOST_TEST(!foreign.headers.contains("access-control-allow-origin"));
}

char const* const strange_paths[] = {
    "/../etc/passwd",
    "/..%2f..%2fetc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "//etc/passwd",
    "/assets/../../etc/passwd",
    "/index.html%00.js",
    "/index.html/",
    "/.git/config",
    "/assets",
    "/api",
    "/api/v2/status",
    "/api/v1/",
    "/api/v1/conversations//messages",
    "/debug",
    "/health",
};
BOOST_DATA_TEST_CASE(only_paths_of_the_fixed_map_exist, data::make(strange_paths), path)
{
    chain_double chain;
    auto const answer = http(chain.port(), "GET", path);
    BOOST_TEST((answer.status == 404U || answer.status == 401U), answer.status);
    BOOST_TEST(answer.body.find("root:") == std::string::npos);
    BOOST_TEST(!answer.error_code().empty());
}

struct method_case
{
    char const* method;
    char const* path;
    friend std::ostream& operator<<(std::ostream& to, method_case const& c)
    {
        return to << c.method << ' ' << c.path;
    }
};
method_case const wrong_methods[] = {
    {"TRACE", "/"},
    {"POST", "/"},
    {"PUT", "/livez"},
    {"DELETE", "/api/v1/accounts"},
    {"GET", "/api/v1/accounts"},
    {"POST", "/api/v1/status"},
    {"GET", "/api/v1/messages"},
    {"TRACE", "/api/v1/session"},
    {"BREW", "/"},
};
BOOST_DATA_TEST_CASE(methods_that_a_path_does_not_know_are_refused, data::make(wrong_methods), one)
{
    chain_double chain;
    auto const answer = http(chain.port(), one.method, one.path);
    BOOST_TEST(answer.status == 405U);
    BOOST_TEST(answer.headers.contains("allow"));
}

struct bad_request_case
{
    char const* name;
    std::string text;
    unsigned status;
    friend std::ostream& operator<<(std::ostream& to, bad_request_case const& c) { return to << c.name; }
};
std::vector<bad_request_case> bad_requests()
{
    std::string const h = host;
    std::string const hidden = "GET /livez HTTP/1.1\r\n" + h + "\r\n";
    std::string short_fields;
    for (int i = 0; i < 4000; ++i)
        short_fields += "A: b\r\n";
    return {
        {"not HTTP", "hello there\r\n\r\n", 400},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", "GET / HTTP/1.1\r\n" + h + h + "\r\n", 400},
        {"two Origins", "GET / HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nOrigin: http://y\r\n\r\n", 400},
        {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"a Host that is none", "GET / HTTP/1.1\r\nHost: chat.test@evil.example\r\n\r\n", 400},
        {"an absolute target", "GET http://evil.example/ HTTP/1.1\r\n" + h + "\r\n", 400},
        {"HTTP/2 in HTTP/1 clothes", "GET / HTTP/2.0\r\n" + h + "\r\n", 400},
        {"length and chunked",
         "POST /api/v1/session HTTP/1.1\r\n" + h +
             "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"chunked and length",
         "POST /api/v1/session HTTP/1.1\r\n" + h +
             "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
         400},
        {"two lengths",
         "POST /api/v1/session HTTP/1.1\r\n" + h + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
         400},
        {"a negative length", "POST /api/v1/session HTTP/1.1\r\n" + h + "Content-Length: -1\r\n\r\n", 400},
        {"an overflowing chunk",
         "POST /api/v1/session HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
         400},
        {"a header with a bare newline", "GET / HTTP/1.1\nHost: x\n\n", 400},
        {"a space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        {"a coding that is not known",
         "POST /api/v1/session HTTP/1.1\r\n" + h + "Transfer-Encoding: xchunked\r\n\r\n" + hidden,
         501},
        {"a coding around chunks",
         "POST /api/v1/session HTTP/1.1\r\n" + h + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" +
             hidden,
         501},
        {"chunks in a coding",
         "POST /api/v1/session HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" +
             hidden,
         501},
        {"no coding", "POST /api/v1/session HTTP/1.1\r\n" + h + "Transfer-Encoding:\r\n\r\n" + hidden, 501},
        {"the same coding twice",
         "POST /api/v1/session HTTP/1.1\r\n" + h +
             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"chunks in HTTP/1.0",
         "POST /api/v1/session HTTP/1.0\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"the same length twice",
         "POST /api/v1/session HTTP/1.1\r\n" + h + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
         400},
        {"a length in a list", "POST /api/v1/session HTTP/1.1\r\n" + h + "Content-Length: 2, 2\r\n\r\n{}", 400
        },
        {"an expectation that is not known",
         "POST /api/v1/session HTTP/1.1\r\n" + h + "Expect: 200-ok\r\nContent-Length: 2\r\n\r\n",
         417},
        {"many short fields", "GET / HTTP/1.1\r\n" + h + short_fields + "\r\n", 431},
        {"a huge header", "GET / HTTP/1.1\r\n" + h + "X: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
        {"a huge target", "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n" + h + "\r\n", 431},
        {"a huge body", "POST /api/v1/session HTTP/1.1\r\n" + h + "Content-Length: 100000\r\n\r\n", 413},
        {"a body beyond all bounds",
         "POST /api/v1/session HTTP/1.1\r\n" + h + "Content-Length: 18446744073709551615\r\n\r\n",
         413},
    };
}
BOOST_DATA_TEST_CASE(ambiguous_or_huge_requests_get_one_answer_and_the_end, data::make(bad_requests()), bad)
{
    chain_double chain;
    raw_socket to(chain.port());
    to.send(bad.text);

    auto answer = read_answer(to);

    BOOST_TEST(answer.status == bad.status);
    BOOST_TEST(answer.headers["connection"] == "close");
    BOOST_TEST(!answer.error_code().empty());
    to.receive(1);
    BOOST_TEST(to.ended());
    BOOST_TEST(http(chain.port(), "GET", "/livez").status == 200U);
}

BOOST_AUTO_TEST_CASE(fields_behind_a_body_have_an_end)
{
    chain_double chain;
    raw_socket to(chain.port());
    to.send(
        std::string("POST /api/v1/session HTTP/1.1\r\n") + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n"
    );
    for (int i = 0; i < 200'000 && to.send("A: b\r\n"); ++i)
    {
    }
    auto const answer = read_answer(to);
    BOOST_TEST((answer.status == 413U || answer.status == 431U), answer.status);
}

char const* const bad_bodies[] = {
    "",
    "not json",
    "[]",
    "null",
    "{\"name\":1,\"password\":2}",
    "{\"name\":\"ana\"}",
    "{\"name\":\"ana\",\"name\":\"bob\",\"password\":\"correct horse\"}"
};
BOOST_DATA_TEST_CASE(bodies_that_are_no_credentials_are_bad_requests, data::make(bad_bodies), body)
{
    chain_double chain;
    for (auto const* path : {"/api/v1/accounts", "/api/v1/session"})
    {
        auto const answer = http(chain.port(), "POST", path, {body, {}});
        BOOST_TEST(answer.status == 400U);
        BOOST_TEST(answer.error_code() == "bad_request");
    }
    BOOST_TEST(chain.committed() == 0U);
}

BOOST_AUTO_TEST_CASE(requests_on_one_connection_are_answered_in_order)
{
    chain_double chain;
    raw_socket to(chain.port());
    std::string const one = std::string("GET /livez HTTP/1.1\r\n") + host + "\r\n";
    std::string const two = std::string("GET /nowhere HTTP/1.1\r\n") + host + "\r\n";
    to.send(one);
    BOOST_TEST(read_answer(to).status == 200U);
    to.send(two);
    BOOST_TEST(read_answer(to).status == 404U);
}

BOOST_AUTO_TEST_CASE(a_slow_header_and_a_slow_body_are_given_up)
{
    auto with = quick_settings();
    with.header_within = std::chrono::milliseconds(200);
    with.body_within = std::chrono::milliseconds(200);
    chain_double chain(with);
    raw_socket header(chain.port());
    header.send("GET / HTTP/1.1\r\nHost: ");
    raw_socket body(chain.port());
    body.send(std::string("POST /api/v1/session HTTP/1.1\r\n") + host + "Content-Length: 10\r\n\r\n{");

    header.receive(1);
    body.receive(1);

    BOOST_TEST(header.ended());
    BOOST_TEST(body.ended());
}

BOOST_AUTO_TEST_CASE(an_idle_connection_is_closed)
{
    auto with = quick_settings();
    with.keep_alive = std::chrono::milliseconds(200);
    chain_double chain(with);
    raw_socket idle(chain.port());
    idle.receive(1);
    BOOST_TEST(idle.ended());
}

BOOST_AUTO_TEST_CASE(a_stranger_gives_its_place_to_a_newcomer_and_who_signed_in_keeps_it)
{
    auto with = quick_settings();
    with.connections_max = 4;
    with.connections_kept_percent = 50;
    chain_double chain(with);
    auto const ana = chain.register_user("ana");
    chat_client known(chain.port());
    BOOST_TEST(known.hello(ana.token).at("ok").as_bool());
    std::string const ask = std::string("GET /livez HTTP/1.1\r\n") + host + "\r\n";
    std::vector<raw_socket> half;
    for (int i = 0; i < 20; ++i)
    {
        half.emplace_back(chain.port());
        half.back().send("GET / HTTP/1.1\r\nHost: ");
    }
    // Each newcomer gets in, and who waited longest goes.
    chat_client other(chain.port());
    BOOST_TEST(other.hello(ana.token).at("ok").as_bool());
    half.front().receive(1);
    BOOST_TEST(half.front().ended());
    raw_socket late(chain.port());
    late.send(ask);
    BOOST_TEST(read_answer(late).status == 200U);
    BOOST_TEST(known.request("ping", {}).at("ok").as_bool());
    BOOST_TEST(other.request("ping", {}).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(who_waits_for_leave_to_send_a_body_gets_it)
{
    chain_double chain;
    raw_socket to(chain.port());
    std::string const body = R"({"name":"ana","password":"correct horse battery"})";
    to.send(
        std::string("POST /api/v1/accounts HTTP/1.1\r\n") + host +
        "Expect: 100-Continue\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n"
    );
    BOOST_TEST(to.receive(100) == "HTTP/1.1 100 Continue\r\n\r\n");
    to.send(body);
    BOOST_TEST(read_answer(to).status == 201U);
    // Nothing to wait for, or nobody who knows the word.
    to.send(std::string("GET /livez HTTP/1.1\r\n") + host + "Expect: 100-continue\r\n\r\n");
    BOOST_TEST(read_answer(to).status == 200U);
    raw_socket old(chain.port());
    old.send("POST /api/v1/accounts HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}");
    BOOST_TEST(read_answer(old).status == 400U);
}

BOOST_AUTO_TEST_CASE(a_refusal_of_head_has_no_body)
{
    chain_double chain;
    raw_socket to(chain.port());
    std::string const next = std::string("GET /livez HTTP/1.1\r\n") + host + "\r\n";
    to.send(std::string("HEAD /nowhere HTTP/1.1\r\n") + host + "\r\n" + next);
    std::string said;
    while (said.find("ok\n") == std::string::npos)
    {
        auto const more = to.receive(65536);
        if (more.empty()) break;
        said += more;
    }
    auto const head = said.find("\r\n\r\n");
    BOOST_TEST(said.starts_with("HTTP/1.1 404 "));
    BOOST_TEST(said.substr(head + 4).starts_with("HTTP/1.1 200 "), said);

    raw_socket wrong(chain.port());
    wrong.send("HEAD / HTTP/1.1\r\n\r\n");
    std::string all;
    while (!wrong.ended())
        all += wrong.receive(65536);
    BOOST_TEST(all.starts_with("HTTP/1.1 400 "));
    BOOST_TEST(all.ends_with("\r\n\r\n"), all);
}

// RFC 9112, 2.3: with the version that is spoken here, also where the other side speaks an earlier one.
BOOST_AUTO_TEST_CASE(http_1_0_is_answered_by_http_1_1_and_ended)
{
    chain_double chain;
    for (auto const& [question, status] : std::initializer_list<std::pair<std::string, std::string>>{
             {"GET /livez HTTP/1.0\r\n\r\n", "200"},
             {"GET /nowhere HTTP/1.0\r\n\r\n", "404"},
             {"POST /api/v1/session HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"}
         })
    {
        raw_socket to(chain.port());
        to.send(question);
        std::string all;
        while (!to.ended())
            all += to.receive(65536);
        BOOST_TEST(all.starts_with("HTTP/1.1 " + status + " "), all);
        BOOST_TEST(all.find("Connection: close\r\n") != std::string::npos, all);
    }
    // One that asks for more on the same connection must be told that it may.
    raw_socket more(chain.port());
    for (int i = 0; i < 2; ++i)
    {
        more.send("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        auto answer = read_answer(more);
        BOOST_TEST(answer.status == 200U);
        BOOST_TEST(answer.headers["connection"] == "keep-alive");
    }
}

// DNS rebinding: a page of a stranger's name, which answers with our address.
BOOST_AUTO_TEST_CASE(who_asks_by_another_name_is_refused_on_every_port)
{
    chain_double chain;
    auto const ask =
        [](std::uint16_t port, std::string const& what, std::string const& name, std::string const& more)
    {
        raw_socket to(port);
        to.send(what + " HTTP/1.1\r\nHost: " + name + "\r\n" + more + "Connection: close\r\n\r\n");
        return read_answer(to);
    };
    auto const own = std::to_string(chain.port());
    for (auto const& good : {"127.0.0.1", "localhost", "chat.test", "CHAT.test", "127.0.0.1:"})
        BOOST_TEST(
            ask(chain.port(), "GET /livez", good + (std::string(good).ends_with(':') ? own : ""), "")
                .status == 200U
        );
    for (auto const* bad : {"evil.example", "10.0.0.1", "chat.test.evil.example", "[::2]"})
        for (auto const* what :
             {"GET /livez", "GET /", "GET /api/v1/status", "DELETE /api/v1/session", "OPTIONS /api/v1/status"
             })
        {
            auto const answer = ask(chain.port(), what, bad, "Origin: http://" + std::string(bad) + "\r\n");
            BOOST_TEST(answer.status == 421U, what << " as " << bad);
            BOOST_TEST(!answer.headers.contains("access-control-allow-origin"));
        }
    BOOST_TEST(ask(chain.admin_port(), "GET /metrics", "evil.example", "").status == 421U);
    BOOST_TEST(ask(chain.admin_port(), "POST /probe", "evil.example", "").status == 421U);
    BOOST_TEST(
        ask(chain.admin_port(), "POST /probe", "127.0.0.1", "Origin: https://evil.example\r\n").status == 403U
    );
    BOOST_TEST(ask(chain.admin_port(), "GET /metrics", "localhost:1", "").status == 200U);
    BOOST_TEST(ask(chain.admin_port(), "POST /probe", "127.0.0.1", "").status == 200U);
    raw_socket socket(chain.port());
    socket.send(
        "GET /ws HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: chat.v1\r\n\r\n"
    );
    BOOST_TEST(read_answer(socket).status == 403U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
