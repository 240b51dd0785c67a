// RFC 6455 without sockets: each rule, and that it does not matter how the bytes are cut.
#include "gateway/ws_frames.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace chaind::test
{

namespace data = boost::unit_test::data;
using namespace std::string_literals;

namespace
{

constexpr std::size_t message_max = 65536;

struct how
{
    bool last = true;
    bool masked = true;
    unsigned reserved = 0;
    unsigned length_bytes = 99;  // 0, 2 or 8 instead of the shortest
};

std::string frame(unsigned opcode, std::string_view payload, how const& with = {})
{
    std::string out(1, static_cast<char>((with.last ? 0x80U : 0U) | with.reserved << 4U | opcode));
    auto const size = static_cast<std::uint64_t>(payload.size());
    unsigned const shortest = size < 126 ? 0 : size < 65536 ? 2 : 8;
    auto const bytes = with.length_bytes == 99 ? shortest : with.length_bytes;
    unsigned const mask = with.masked ? 0x80U : 0U;
    out += static_cast<char>(mask | (bytes == 0 ? static_cast<unsigned>(size) : bytes == 2 ? 126U : 127U));
    for (auto at = bytes; at-- > 0;)
        out += static_cast<char>((size >> (8 * at)) & 255U);
    static constexpr std::string_view key = "\x9d\x01\x7f\x80";
    if (with.masked) out += key;
    for (std::size_t i = 0; i < payload.size(); ++i)
        out += with.masked ? static_cast<char>(payload[i] ^ key[i % 4]) : payload[i];
    return out;
}

std::string said(gateway::ws_frames::event const& what)
{
    if (auto const* m = std::get_if<gateway::ws_message>(&what)) return "message " + m->text;
    if (auto const* p = std::get_if<gateway::ws_ping>(&what)) return "ping " + p->payload;
    if (auto const* c = std::get_if<gateway::ws_close>(&what)) return "close " + std::to_string(c->code);
    return "fail " + std::to_string(std::get<gateway::ws_failure>(what).code);
}

// All that comes of these bytes, given in pieces of at most `most`.
std::vector<std::string> all(std::string_view bytes, std::size_t most = 1 << 20, bool* unfinished = nullptr)
{
    gateway::ws_frames in(message_max);
    std::vector<std::string> out;
    while (!bytes.empty())
    {
        auto const space = in.space();
        auto const size = std::min({space.size(), bytes.size(), most});
        BOOST_TEST_REQUIRE(size > 0U);
        std::copy_n(bytes.begin(), size, space.begin());
        in.filled(size);
        bytes.remove_prefix(size);
        while (auto what = in.next())
        {
            out.push_back(said(*what));
            if (out.back().starts_with("fail") || out.back().starts_with("close")) return out;
        }
    }
    if (unfinished != nullptr) *unfinished = in.unfinished();
    return out;
}

std::string code(unsigned of)
{
    return {static_cast<char>(of >> 8U), static_cast<char>(of & 255U)};
}

struct one
{
    char const* name;
    std::string bytes;
    std::vector<std::string> want;
    friend std::ostream& operator<<(std::ostream& to, one const& c) { return to << c.name; }
};

how const part{.last = false};
how const bare{.masked = false};

std::vector<one> const cases{
    {"a message", frame(1, "hello"), {"message hello"}},
    {"an empty message", frame(1, ""), {"message "}},
    {"the largest message", frame(1, std::string(65536, 'x')), {"message " + std::string(65536, 'x')}},
    {"one byte more", frame(1, std::string(65537, 'x')), {"fail 1009"}},
    {"one byte more in fragments",
     frame(1, std::string(65536, 'x'), part) + frame(0, "", part) + frame(0, "y"),
     {"fail 1009"}},
    {"fragments, some empty",
     frame(1, "", part) + frame(0, "a", part) + frame(0, "", part) + frame(0, "b") + frame(1, "c"),
     {"message ab", "message c"}},
    {"control frames between fragments",
     frame(1, "a", part) + frame(9, "p") + frame(10, "q") + frame(0, "b"),
     {"ping p", "message ab"}},
    {"a close between fragments", frame(1, "a", part) + frame(8, code(1000)), {"close 1000"}},
    {"a ping of 125 bytes", frame(9, std::string(125, 'x')), {"ping " + std::string(125, 'x')}},
    {"a ping of 126 bytes", frame(9, std::string(126, 'x')), {"fail 1002"}},
    {"a ping in fragments", frame(9, "x", part), {"fail 1002"}},
    {"a message in a message", frame(1, "a", part) + frame(1, "b"), {"fail 1002"}},
    {"a fragment of nothing", frame(0, "a"), {"fail 1002"}},
    {"a fragment of what has ended", frame(1, "a") + frame(0, "b"), {"message a", "fail 1002"}},
    {"binary", frame(2, "a"), {"fail 1003"}},
    {"binary in a message", frame(1, "a", part) + frame(2, "b"), {"fail 1002"}},
    {"a reserved bit", frame(1, "a", {.reserved = 4}), {"fail 1002"}},
    {"a reserved bit on a ping", frame(9, "", {.reserved = 1}), {"fail 1002"}},
    {"a reserved bit on a fragment", frame(1, "a", part) + frame(0, "b", {.reserved = 2}), {"fail 1002"}},
    {"no mask", frame(1, "a", bare), {"fail 1002"}},
    {"no mask on a ping", frame(9, "", bare), {"fail 1002"}},
    {"no mask on a close", frame(8, code(1000), bare), {"fail 1002"}},
    {"a length in 2 bytes that needs none", frame(1, "a", {.length_bytes = 2}), {"fail 1002"}},
    {"a length in 8 bytes that needs 2", frame(1, std::string(300, 'x'), {.length_bytes = 8}), {"fail 1002"}},
    {"a length above 2^63", "\x81\xff\x80\0\0\0\0\0\0\1abcd"s, {"fail 1009"}},
    {"a length of 2^63-1",
     "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
     "abcd"s,
     {"fail 1009"}},
    {"100 MB announced behind a fragment",
     frame(1, "a", part) + "\x80\xff\0\0\0\0\x05\xf5\xe1\0abcd"s,
     {"fail 1009"}},
    {"a close without a code", frame(8, ""), {"close 1005"}},
    {"half a code", frame(8, "\x03"), {"fail 1002"}},
    {"a reason of 123 bytes", frame(8, code(1000) + std::string(123, 'x')), {"close 1000"}},
    {"a reason of 124 bytes", frame(8, code(1000) + std::string(124, 'x')), {"fail 1002"}},
    {"a reason that is no UTF-8", frame(8, code(1000) + "\xce\xba\xed\xa0\x80"), {"fail 1007"}},
    {"a reason cut in a character", frame(8, code(1000) + "\xe2\x82"), {"fail 1007"}},
    {"a wrong code", frame(8, code(1005)), {"fail 1002"}},
    {"UTF-8 in two fragments", frame(1, "\xe2\x82", part) + frame(0, "\xac"), {"message \xe2\x82\xac"}},
    {"half a character at the end", frame(1, "a\xce"), {"fail 1007"}},
    {"half a character and an empty last fragment", frame(1, "\xe2\x82", part) + frame(0, ""), {"fail 1007"}},
    {"half a character in a fragment, the rest in no fragment",
     frame(1, "\xe2\x82", part) + frame(0, "x"),
     {"fail 1007"}},
    {"a character in more bytes than it needs", frame(1, "\xc0\xaf"), {"fail 1007"}},
    {"a half pair", frame(1, "\xed\xa0\x80"), {"fail 1007"}},
    {"above the last character", frame(1, "\xf4\x90\x80\x80"), {"fail 1007"}},
    {"not UTF-8 in a message that never ends", frame(1, "\xff", part), {"fail 1007"}},
    {"not UTF-8 in a frame that never ends",
     frame(1, "\xff" + std::string(100, 'x')).substr(0, 20),
     {"fail 1007"}},
    {"the last character and the highest of each length",
     frame(1, "\x7f\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf"),
     {"message \x7f\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf"}},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ws_frames)

BOOST_DATA_TEST_CASE(a_rule_holds_however_the_bytes_are_cut, data::make(cases), c)
{
    for (std::size_t const most : {1U << 20U, 1U, 2U, 3U, 7U, 4095U})
    {
        if (c.bytes.size() > 10'000 && most < 4095) continue;
        BOOST_TEST_CONTEXT("in pieces of " << most)
        BOOST_TEST(all(c.bytes, most) == c.want, boost::test_tools::per_element());
    }
}

BOOST_DATA_TEST_CASE(
    a_reserved_kind_of_frame_is_refused, data::make({3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}), kind
)
{
    BOOST_TEST(
        all(frame(kind, "x")) == std::vector<std::string>{"fail 1002"}, boost::test_tools::per_element()
    );
}

BOOST_AUTO_TEST_CASE(close_codes_are_those_that_may_be_sent)
{
    for (unsigned c = 0; c <= 65535; ++c)
    {
        bool const good = (c >= 1000 && c <= 1003) || (c >= 1007 && c <= 1013) || (c >= 3000 && c <= 4999);
        auto const want = good ? "close " + std::to_string(c) : "fail 1002"s;
        auto const got = all(frame(8, code(c)));
        if (got.size() != 1 || got[0] != want) BOOST_ERROR(c << " gives " << got.at(0));
    }
}

BOOST_AUTO_TEST_CASE(what_has_begun_and_not_ended_is_unfinished)
{
    auto const after = [](std::string const& bytes)
    {
        bool unfinished = false;
        all(bytes, 1 << 20, &unfinished);
        return unfinished;
    };
    BOOST_TEST(!after(frame(1, "a")));
    BOOST_TEST(!after(frame(1, "a") + frame(9, "p")));
    BOOST_TEST(after(frame(1, "a") + "\x81"));
    BOOST_TEST(after(frame(1, "", part)));
    BOOST_TEST(after(frame(1, "", part) + frame(0, "", part)));
    BOOST_TEST(after(frame(1, "a", part) + frame(9, "p")));
    BOOST_TEST(after(frame(9, "ping").substr(0, 7)));
    BOOST_TEST(after(frame(1, "four").substr(0, 8)));
}

BOOST_AUTO_TEST_CASE(any_bytes_cut_anywhere_say_the_same)
{
    auto const seed = std::random_device{}();
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    auto const below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    for (int run = 0; run < 3000; ++run)
    {
        std::string bytes;
        for (auto frames = 1 + below(8); frames-- > 0;)
        {
            static constexpr unsigned kinds[] = {0, 0, 0, 1, 1, 1, 1, 2, 8, 9, 9, 10, 3};
            std::string payload(below(8) == 0 ? below(70'000) : below(200), '\0');
            for (auto& c : payload)
                c = static_cast<char>(below(40) == 0 ? below(256) : 32 + below(90));
            how with{.last = below(3) != 0};
            if (below(30) == 0) with.masked = false;
            if (below(30) == 0) with.reserved = below(8);
            if (below(30) == 0) with.length_bytes = 8;
            bytes += frame(kinds[below(std::size(kinds))], payload, with);
        }
        if (below(4) == 0) bytes.resize(bytes.size() - below(static_cast<unsigned>(bytes.size())));
        auto const whole = all(bytes);
        auto const cut = all(bytes, 1 + below(below(2) == 0 ? 16 : 5000));
        BOOST_TEST_CONTEXT("seed " << seed << ", run " << run)
        BOOST_TEST((whole == cut));
        if (whole != cut) break;
    }
}

BOOST_AUTO_TEST_CASE(what_the_server_sends_has_the_shortest_header_and_whole_characters)
{
    BOOST_TEST(gateway::ws_text_header(0) == "\x81\0"s);
    BOOST_TEST(gateway::ws_text_header(125) == "\x81\x7d");
    BOOST_TEST(gateway::ws_text_header(126) == "\x81\x7e\0\x7e"s);
    BOOST_TEST(gateway::ws_text_header(65535) == "\x81\x7e\xff\xff");
    BOOST_TEST(gateway::ws_text_header(65536) == "\x81\x7f\0\0\0\0\0\1\0\0"s);
    BOOST_TEST(gateway::ws_pong_frame("p") == "\x8a\1p"s);
    BOOST_TEST(gateway::ws_close_frame(1005, "x") == "\x88\0"s);
    BOOST_TEST(
        gateway::ws_close_frame(4001, "bye") ==
        "\x88\5\x0f\xa1"
        "bye"s
    );
    std::string euros;
    for (int i = 0; i < 60; ++i)
        euros += "\xe2\x82\xac";
    BOOST_TEST(
        gateway::ws_close_frame(1000, "a" + euros) ==
        "\x88\x7b\x03\xe8"
        "a"s +
            euros.substr(0, 120)
    );
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
