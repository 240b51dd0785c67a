// What is judged of a request before anybody looks at what it wants.
#include "gateway/http_rules.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace chaind::test
{

namespace data = boost::unit_test::data;
using headers = std::vector<std::pair<std::string, std::string>>;

namespace
{

struct framing
{
    headers given;
    unsigned status;
    bool http_1_0 = false;
    friend std::ostream& operator<<(std::ostream& to, framing const& f)
    {
        for (auto const& [name, value] : f.given)
            to << name << ": " << value << "; ";
        return to;
    }
};
std::vector<framing> const framings{
    {{}, 0},
    {{{"transfer-encoding", "chunked"}}, 0},
    {{{"transfer-encoding", " Chunked "}}, 0},
    {{{"content-length", "0"}}, 0},
    {{{"transfer-encoding", "chunked"}}, 400, true},
    {{{"transfer-encoding", "xchunked"}}, 501},
    {{{"transfer-encoding", "identity"}}, 501},
    {{{"transfer-encoding", "gzip, chunked"}}, 501},
    {{{"transfer-encoding", "chunked, identity"}}, 501},
    {{{"transfer-encoding", "chunked, chunked"}}, 501},
    {{{"transfer-encoding", "chunked;x=y"}}, 501},
    {{{"transfer-encoding", "\"chunked\""}}, 501},
    {{{"transfer-encoding",
       "\x0b"
       "chunked"}},
     501},
    {{{"transfer-encoding", ""}}, 501},
    {{{"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}}, 400},
    {{{"transfer-encoding", "chunked"}, {"transfer-encoding", "identity"}}, 501},
    {{{"transfer-encoding", "chunked"}, {"content-length", "5"}}, 400},
    {{{"content-length", "5"}, {"transfer-encoding", "chunked"}}, 400},
    {{{"content-length", "5"}, {"content-length", "5"}}, 400},
    {{{"content-length", "5, 5"}}, 400},
    {{{"content-length", "+5"}}, 400},
    {{{"content-length", "-5"}}, 400},
    {{{"content-length", "0x5"}}, 400},
    {{{"content-length", ""}}, 400},
};

struct tag_case
{
    headers given;
    bool matches;
    friend std::ostream& operator<<(std::ostream& to, tag_case const& f)
    {
        for (auto const& [name, value] : f.given)
            to << name << ": " << value << "; ";
        return to;
    }
};
std::vector<tag_case> const tags{
    {{}, false},
    {{{"if-none-match", "\"a,b\""}}, true},
    {{{"if-none-match", "W/\"a,b\""}}, true},
    {{{"if-none-match", "*"}}, true},
    {{{"if-none-match", "\"x\",W/\"a,b\""}}, true},
    {{{"if-none-match", "\"x\" ,\t\"a,b\" , \"y\""}}, true},
    {{{"if-none-match", "\"x\""}, {"if-none-match", "\"a,b\""}}, true},
    {{{"if-none-match", "\"a\", \"b\""}}, false},
    {{{"if-none-match", "\"a,b"}}, false},
    {{{"if-none-match", "a,b"}}, false},
    {{{"if-none-match", "w/\"a,b\""}}, false},
    {{{"if-match", "\"a,b\""}}, false},
};

struct host_case
{
    char const* host;
    bool ours;
    friend std::ostream& operator<<(std::ostream& to, host_case const& h) { return to << h.host; }
};
std::vector<host_case> const hosts{
    {"127.0.0.1", true},
    {"127.0.0.1:8080", true},
    {"127.8.9.1", true},
    {"localhost:1", true},
    {"LOCALHOST.", true},
    {"[::1]:8080", true},
    {"[0:0:0:0:0:0:0:1]", true},
    {"10.0.0.5:80", true},  // our side of the connection
    {"chat.example", true},
    {"Chat.Example.:443", true},
    {"10.0.0.6", false},
    {"127.1", false},
    {"evil.example", false},
    {"localhost.evil.example", false},
    {"chat.example.evil", false},
    {"xchat.example", false},
    {"chat.example@evil.example", false},
    {"evil.example#chat.example", false},
    {"chat.example:80:80", false},
    {"chat.example:x", false},
    {"[::2]", false},
    {"[::1", false},
    {"[::1]x", false},
    {"[::1%25lo]", false},
    {"::1", false},
    {"a b", false},
    {"", false},
    {":8080", false},
    {".", false},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_rules)

BOOST_DATA_TEST_CASE(the_end_of_a_body_is_beyond_doubt, data::make(framings), f)
{
    gateway::http_request head;
    head.headers = f.given;
    BOOST_TEST(gateway::framing_objection(head, f.http_1_0).status == f.status);
}

BOOST_DATA_TEST_CASE(entity_tags_are_compared_weakly, data::make(tags), one)
{
    gateway::http_request request;
    request.headers = one.given;
    BOOST_TEST(gateway::matches_tag(request, "\"a,b\"") == one.matches);
}

BOOST_DATA_TEST_CASE(a_host_is_ours_by_address_or_by_a_listed_name, data::make(hosts), h)
{
    BOOST_TEST(gateway::is_own_name(h.host, "10.0.0.5", {"chat.example"}) == h.ours);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
