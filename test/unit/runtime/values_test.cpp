// Quantities, addresses, ids and the form of log lines.

#include "runtime/address.hpp"
#include "runtime/error_words.hpp"
#include "runtime/log_line.hpp"
#include "runtime/printable.hpp"
#include "runtime/quantity.hpp"
#include "runtime/random_id.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

#include <set>
#include <stdexcept>

namespace runtime = chaind::runtime;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(quantities_need_their_unit)
{
    BOOST_TEST((runtime::parse_duration("250ms") == 250ms));
    BOOST_TEST((runtime::parse_duration("0") == 0ms));
    BOOST_TEST(*runtime::parse_size("16MiB") == 16u << 20);
    for (auto const* wrong : {"", "12", "ms", "1 s", "-1s", "1.5s", "9999999999999999h", "1MB"})
    {
        BOOST_TEST(!runtime::parse_duration(wrong).has_value(), wrong);
        BOOST_TEST(!runtime::parse_size(wrong).has_value(), wrong);
    }
    BOOST_TEST(runtime::show_duration(90s) == "90s");
    BOOST_TEST(runtime::show_duration(120s) == "2min");
    BOOST_TEST(runtime::show_size(1536) == "1536B");
}

BOOST_AUTO_TEST_CASE(addresses_are_numeric_and_whole)
{
    BOOST_TEST(runtime::to_string(*runtime::parse_address("localhost:80")) == "127.0.0.1:80");
    BOOST_TEST(runtime::to_string(*runtime::parse_address("[::1]:7")) == "[::1]:7");
    for (auto const* wrong :
         {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:8x", "::1:7", "example:80"})
        BOOST_TEST(!runtime::parse_address(wrong).has_value(), wrong);
    BOOST_TEST(runtime::is_loopback(*runtime::parse_address("127.9.9.9:0")));
    BOOST_TEST(!runtime::is_loopback(*runtime::parse_address("0.0.0.0:0")));
    BOOST_TEST(!runtime::is_loopback(*runtime::parse_address("192.168.1.1:0")));
}

BOOST_AUTO_TEST_CASE(a_subscriber_is_an_address_or_a_slash_64)
{
    BOOST_TEST(runtime::address_group("192.0.2.7") == "192.0.2.7");
    BOOST_TEST(runtime::address_group("192.0.2.7") != runtime::address_group("192.0.2.8"));
    BOOST_TEST(runtime::address_group("::ffff:192.0.2.7") == "192.0.2.7");
    BOOST_TEST(
        runtime::address_group("2001:db8:1:2::1") == runtime::address_group("2001:db8:1:2:ffff:1:2:3")
    );
    BOOST_TEST(runtime::address_group("2001:db8:1:2::1") != runtime::address_group("2001:db8:1:3::1"));
    BOOST_TEST(runtime::address_group("::1") == "::1");
    BOOST_TEST(runtime::address_group("::1") != runtime::address_group("::2"));
    BOOST_TEST(runtime::address_group("no address") == "no address");
}

BOOST_AUTO_TEST_CASE(request_ids_do_not_repeat)
{
    runtime::start_random();
    runtime::request_ids ids;
    std::set<chaind::request_id> seen;
    for (int i = 0; i < 1000; ++i)
        seen.insert(ids.next());
    BOOST_TEST(seen.size() == 1000u);
}

BOOST_AUTO_TEST_CASE(a_value_cannot_forge_a_log_line)
{
    chaind::log::line const line{
        1'700'000'000'123'000,
        chaind::log::level::warning,
        "net",
        "refused a link",
        {{"Peer", "x\n2026 error fake: \x1b[31m\""}, {"Count", 3}},
    };

    auto const text = chaind::log::as_text(line);

    BOOST_TEST(
        text ==
        "2023-11-14T22:13:20.123Z warning net: refused a link Peer=\"x\\x0a2026 error fake: \\x1b[31m\\\"\" "
        "Count=3\n"
    );
    for (auto const& field : chaind::log::as_journal_fields(line))
        if (field.starts_with("MESSAGE=")) BOOST_TEST(field.find('\n') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_exception_says_what_went_wrong_and_not_where_in_the_library)
{
    boost::asio::io_context loop;
    auto const nowhere = boost::asio::ip::make_address("192.0.2.1");
    std::string text;
    std::string whole;
    try
    {
        boost::asio::ip::tcp::acceptor const taken(loop, {nowhere, 1});
    }
    catch (std::exception const& failed)
    {
        whole = failed.what();
        text = runtime::words_of(failed);
    }
    BOOST_TEST(whole.find(".hpp:") != std::string::npos, whole);  // else there is nothing to take away
    BOOST_TEST(text == "bind: Cannot assign requested address");
    BOOST_TEST(runtime::words_of(std::runtime_error("as it is")) == "as it is");
}

BOOST_AUTO_TEST_CASE(what_others_say_does_not_act_on_a_terminal)
{
    BOOST_TEST(runtime::printable("grüße, 日本") == "grüße, 日本");
    BOOST_TEST(runtime::printable("a\x1b[2J\nb\x7f") == "a\\x1b[2J\\x0ab\\x7f");
    BOOST_TEST(
        runtime::printable("a\xc2\x9b"
                           "2J") ==
        "a\\xc2\\x9b"
        "2J"
    );  // CSI as one character
    BOOST_TEST(
        runtime::printable("\xe2\x80\xae"
                           "cba") ==
        "\\xe2\\x80\\xae"
        "cba"
    );  // right to left
    BOOST_TEST(runtime::printable("a\xff") == "a\\xff");
    BOOST_TEST(runtime::printable("äöü", 3) == "äö...");
}

BOOST_AUTO_TEST_SUITE_END()
