#include "base/near_word.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace chaind;

BOOST_AUTO_TEST_SUITE(near_words)

BOOST_AUTO_TEST_CASE(one_or_two_slips_are_seen_through)
{
    std::vector<std::string_view> const known{"status", "nodes", "events", "drain", "undrain", "move"};
    BOOST_TEST(near_word("stauts", known).value() == "status");
    BOOST_TEST(near_word("sttus", known).value() == "status");
    BOOST_TEST(near_word("eventss", known).value() == "events");
    BOOST_TEST(near_word("stafuz", known).value() == "status");
    BOOST_TEST(near_word("mvoe", known).value() == "move");
    BOOST_TEST(near_word("drian", known).value() == "drain");
}

BOOST_AUTO_TEST_CASE(what_is_far_from_all_or_as_near_to_two_is_nobodys)
{
    std::vector<std::string_view> const known{"join", "coin", "status"};
    BOOST_TEST(!near_word("restart", known));
    BOOST_TEST(!near_word("xoin", known));  // either
    BOOST_TEST(!near_word("jx", known));
    BOOST_TEST(!near_word("", known));
    BOOST_TEST(!near_word(std::string(100'000, 's'), known));
    BOOST_TEST(near_word("joi", known).value() == "join");
    BOOST_TEST(did_you_mean("joi", known) == "; did you mean join?");
    BOOST_TEST(did_you_mean("restart", known).empty());
}

BOOST_AUTO_TEST_SUITE_END()
