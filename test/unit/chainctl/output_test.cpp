#include "chainctl/output.hpp"

#include <boost/test/unit_test.hpp>

using namespace chaind::chainctl;

BOOST_AUTO_TEST_SUITE(output)

BOOST_AUTO_TEST_CASE(numbers_are_grouped_in_threes)
{
    BOOST_TEST(with_thousands(0) == "0");
    BOOST_TEST(with_thousands(999) == "999");
    BOOST_TEST(with_thousands(1000) == "1,000");
    BOOST_TEST(with_thousands(1046221) == "1,046,221");
}

BOOST_AUTO_TEST_CASE(sizes_have_a_unit_and_a_digit_where_it_matters)
{
    BOOST_TEST(in_bytes(0) == "0 B");
    BOOST_TEST(in_bytes(1023) == "1023 B");
    BOOST_TEST(in_bytes(1536) == "1.5 KiB");
    BOOST_TEST(in_bytes(84934656) == "81 MiB");
}

BOOST_AUTO_TEST_CASE(moments_are_written_in_utc)
{
    BOOST_TEST(utc(1795424405123) == "2026-11-23 09:00:05Z");
}

BOOST_AUTO_TEST_CASE(columns_line_up_by_what_is_seen_not_by_bytes)
{
    auto const text = table({{"A", "B"}, {"\xc3\xa4\xc3\xb6", "x"}, {"\x1b[32mok\x1b[0m", "y"}});

    BOOST_TEST(text == "  A   B\n  \xc3\xa4\xc3\xb6  x\n  \x1b[32mok\x1b[0m  y\n");
}

BOOST_AUTO_TEST_CASE(a_member_that_is_absent_or_of_another_type_reads_as_nothing)
{
    boost::json::object const from{{"n", -1}, {"s", "x"}, {"z", nullptr}};

    BOOST_TEST(number_at(from, "n") == 0U);
    BOOST_TEST(number_at(from, "s") == 0U);
    BOOST_TEST(text_at(from, "z", "none") == "none");
    BOOST_TEST(text_at(from, "n") == "-1");
    BOOST_TEST(list_at(from, "s").empty());
}

BOOST_AUTO_TEST_SUITE_END()
