#include "runtime/log_repeats.hpp"

#include <boost/test/unit_test.hpp>

using namespace chaind;
using namespace std::chrono_literals;
using log::level;

namespace
{

struct repeats_fixture
{
    log::repeats what;
    log::repeats::time now{1000s};

    static log::line made(level at, std::string message, std::string value)
    {
        return {
            .wall_us = 1,
            .at = at,
            .channel = "net",
            .message = std::move(message),
            .fields = {{"Peer", value}}
        };
    }
    // The count that the line was written with; nothing: it was left out.
    std::optional<std::string> said(level at, std::string const& message, std::string const& value)
    {
        auto const out = what.judge(made(at, message, value), now);
        if (!out) return std::nullopt;
        return out->fields.size() == 2 && out->fields.back().key == "Repeated" ? out->fields.back().value
                                                                               : "";
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(repeated_lines, repeats_fixture)

BOOST_AUTO_TEST_CASE(a_warning_that_comes_again_is_written_once_and_then_counted)
{
    BOOST_TEST(said(level::warning, "cannot accept", "no files").value() == "");
    for (int i = 0; i < 90; ++i)
    {
        now += 100ms;
        BOOST_TEST(!said(level::warning, "cannot accept", "no files"));
    }
    BOOST_TEST(what.overdue(now).empty());
    now += 1s;
    BOOST_TEST(said(level::warning, "cannot accept", "no files").value() == "90");
    BOOST_TEST(!said(level::warning, "cannot accept", "no files"));
    BOOST_TEST(said(level::warning, "cannot accept", "other").value() == "1");
}

BOOST_AUTO_TEST_CASE(what_was_left_out_is_said_also_when_nothing_follows)
{
    BOOST_TEST(said(level::error, "x", "a").has_value());
    BOOST_TEST(!said(level::error, "x", "a"));
    now += 9s;
    BOOST_TEST(what.overdue(now).empty());
    now += 1s;
    auto const late = what.overdue(now);
    BOOST_TEST_REQUIRE(late.size() == 1u);
    BOOST_TEST(late.front().message == "x");
    BOOST_TEST(late.front().fields.back().value == "1");
    BOOST_TEST(what.overdue(now).empty());

    BOOST_TEST(!said(level::error, "x", "a"));
    BOOST_TEST(what.rest().size() == 1u);
    BOOST_TEST(what.rest().empty());
}

BOOST_AUTO_TEST_CASE(a_flood_of_one_message_with_changing_values_has_a_bound)
{
    for (auto const at : {level::info, level::warning, level::error})
    {
        int written = 0;
        for (int i = 0; i < 5000; ++i)
            written += said(at, "refused a link", std::to_string(i)).has_value() ? 1 : 0;
        BOOST_TEST(written == 50);
    }
    now += 10s;
    BOOST_TEST(said(level::info, "refused a link", "a").value() == "4950");
    BOOST_TEST(said(level::info, "refused a link", "a").value() == "");  // the same again is no mistake there
}

BOOST_AUTO_TEST_CASE(a_state_that_a_notice_has_ended_is_news_when_it_comes_back)
{
    for (int i = 0; i < 20; ++i)
    {
        BOOST_TEST(said(level::error, "the disk is full", "a").value() == (i == 0 ? "" : "1"));
        BOOST_TEST(!said(level::error, "the disk is full", "a"));
        BOOST_TEST(said(level::notice, "the disk has room again", "a").value() == "");
    }
}

BOOST_AUTO_TEST_CASE(changes_of_the_chain_and_other_messages_are_not_held_back)
{
    for (int i = 0; i < 1000; ++i)
    {
        BOOST_TEST(said(level::notice, "active", "n1").value() == "");
        BOOST_TEST(said(level::debug, "request", "n1").value() == "");
    }
    BOOST_TEST(said(level::warning, "active", "n1").value() == "");
}

BOOST_AUTO_TEST_SUITE_END()
