// What HTTP may do to the listener, and what every response says (CLIENT_API 2; QUALITY 3: HTTP).
#include "chain_double.hpp"
#include "raw_client.hpp"

#include <boost/json/array.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

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
         {"default-src 'self'", "frame-ancestors 'none'", "ws://127.0.0.1:*", "http://127.0.0.1:*"})
        BOOST_TEST(policy.find(part) != std::string::npos, part);
    BOOST_TEST(policy.find("unsafe") == std::string::npos);
    BOOST_TEST(page.headers.at("x-content-type-options") == "nosniff");
    BOOST_TEST(page.headers.at("referrer-policy") == "no-referrer");

    auto const again = http(chain.port(), "GET", "/", {{}, {{"If-None-Match", page.headers.at("etag")}}});
    BOOST_TEST(again.status == 304U);
    BOOST_TEST(again.body.empty());
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
    return {
        {"not HTTP", "hello there\r\n\r\n", 400},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
        {"two Hosts", "GET / HTTP/1.1\r\n" + h + h + "\r\n", 400},
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

BOOST_AUTO_TEST_CASE(beyond_the_connection_limit_new_ones_are_refused_and_old_ones_served)
{
    auto with = quick_settings();
    with.connections_max = 2;
    chain_double chain(with);
    raw_socket first(chain.port());
    raw_socket second(chain.port());
    std::string const ask = std::string("GET /livez HTTP/1.1\r\n") + host + "\r\n";
    for (auto* one : {&first, &second})
    {
        one->send(ask);
        BOOST_TEST(read_answer(*one).status == 200U);
    }

    raw_socket third(chain.port());
    third.receive(1);

    BOOST_TEST(third.ended());
    first.send(ask);
    BOOST_TEST(read_answer(first).status == 200U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
