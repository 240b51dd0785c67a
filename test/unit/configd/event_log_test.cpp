// The newest decisions in memory, in pages.

#include "configd/event_log.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

using namespace chaind;

BOOST_AUTO_TEST_SUITE(event_log_pages)

BOOST_AUTO_TEST_CASE(events_come_in_pages)
{
    configd::event_log log({{7, 1, epoch(1), "active", "", ""}});
    for (int i = 0; i < 300; ++i)
        log.add({0, 1, epoch(2), "removed", "n1", "why"});
    log.written(307);

    auto const first = log.page(0);
    auto const rest = log.page(first.at("events").as_array().back().at("n").to_number<std::uint64_t>());

    BOOST_TEST(first.at("events").as_array().size() == 256u);
    BOOST_TEST(first.at("events").at(0).at("n").to_number<int>() == 7);
    BOOST_TEST(rest.at("events").as_array().size() == 45u);
    BOOST_TEST(log.page(307).at("events").as_array().empty());
}

BOOST_AUTO_TEST_CASE(an_event_is_shown_once_a_crash_cannot_take_it_back)
{
    configd::event_log log({{7, 1, epoch(1), "active", "", ""}});
    BOOST_TEST(log.all_written());
    log.add({0, 1, epoch(2), "removed", "n1", "why"});
    BOOST_TEST(!log.all_written());
    BOOST_TEST(log.page(0).at("events").as_array().size() == 1u);
    log.written(8);
    BOOST_TEST(log.page(0).at("events").as_array().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
