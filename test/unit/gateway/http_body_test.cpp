// A body in chunks, cut anywhere: the parser's own checks hold, and what it says does not depend on the cuts.
#include "gateway/http_body.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

using chaind::gateway::http_body;
namespace asio = boost::asio;
namespace data = boost::unit_test::data;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace
{

constexpr std::string_view head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

struct outcome
{
    bool done = false;
    std::string body;
    error_code failed;
    std::size_t left = 0;  // behind it

    friend bool operator==(outcome const&, outcome const&) = default;
};

// It comes in two pieces, and then as many bytes at a time.
outcome read(std::string_view text, std::size_t cut, std::size_t at_a_time)
{
    http_body::parser parser;
    error_code failed;
    static_cast<void>(parser.put(asio::buffer(head.data(), head.size()), failed));
    BOOST_TEST_REQUIRE(parser.is_header_done());
    http_body body(parser);
    boost::beast::flat_buffer came;
    outcome out;
    while (!parser.is_done() && !out.failed)
    {
        if (body.take(came, out.failed) || out.failed || parser.is_done()) continue;
        if (text.empty()) break;
        auto const size = std::min(text.size(), std::exchange(cut, at_a_time));
        came.commit(asio::buffer_copy(came.prepare(size), asio::buffer(text.data(), size)));
        text.remove_prefix(size);
    }
    out.done = parser.is_done();
    out.body = parser.get().body();
    out.left = out.done ? came.size() + text.size() : 0;
    return out;
}

std::string_view const texts[] = {
    "0\r\n\r\n",
    "0\r\nX: y\r\n\r\n",
    "0;a=b\r\n\r\n",
    "000\r\n\r\nGET / HTTP/1.1\r\n",
    "3\r\nabc\r\n0\r\n\r\n",
    "1\r\na\r\n2;x\r\nbc\r\n0\r\nA: b\r\nC: d\r\n\r\nmore",
    "3\r\nabc\r\n0\r\n",
    "3\r\nabcd\r\n0\r\n\r\n",
    "g\r\n",
};

}  // namespace

BOOST_AUTO_TEST_SUITE(http_bodies)

BOOST_DATA_TEST_CASE(chunks_are_read_the_same_however_they_are_cut, data::make(texts), text)
{
    auto const whole = read(text, text.size(), text.size());
    for (std::size_t cut = 1; cut <= text.size(); ++cut)
        for (std::size_t at_a_time = 1; at_a_time <= text.size(); ++at_a_time)
            BOOST_TEST_REQUIRE(
                (read(text, cut, at_a_time) == whole), "cut at " << cut << ", then every " << at_a_time
            );
}

BOOST_AUTO_TEST_CASE(what_is_done_is_done_and_what_is_not_is_not)
{
    BOOST_TEST(read("3\r\nabc\r\n0\r\n\r\n", 100, 1).body == "abc");
    BOOST_TEST(read("3\r\nabc\r\n0\r\n\r\n", 100, 1).done);
    BOOST_TEST(!read("3\r\nabc\r\n0\r\n", 100, 1).done);
    BOOST_TEST((read("g\r\n", 100, 1).failed == http::error::bad_chunk));
}

BOOST_AUTO_TEST_SUITE_END()
