#include "chat/names.hpp"

#include "chat/ulid.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace chaind::chat;

BOOST_AUTO_TEST_SUITE(names)

BOOST_AUTO_TEST_CASE(a_name_is_compared_without_case)
{
    BOOST_TEST(canonical_name("Ana.B-9_x").value() == "ana.b-9_x");
    BOOST_TEST(canonical_name("ab").value() == "ab");
    BOOST_TEST(canonical_name(std::string(32, 'z')).value() == std::string(32, 'z'));
}

BOOST_AUTO_TEST_CASE(what_is_no_name_is_refused)
{
    for (std::string const& text :
         {std::string(),
          std::string("a"),
          std::string(33, 'a'),
          std::string(10240, 'a'),
          std::string("../x"),
          std::string("a b"),
          std::string("a\0b", 3),
          std::string("\xc3\xa4\xc3\xb6"),
          std::string("an\xd0\xb0"),  // a Cyrillic letter that looks Latin
          std::string("a%00")})
        BOOST_TEST(!canonical_name(text), text);
}

BOOST_AUTO_TEST_CASE(the_systems_own_names_are_reserved)
{
    BOOST_TEST(is_reserved_name("admin"));
    BOOST_TEST(is_reserved_name("system"));
    BOOST_TEST(!is_reserved_name("ana"));
}

BOOST_AUTO_TEST_CASE(a_ulid_carries_its_time)
{
    BOOST_TEST(ulid_time_ms("00000000000000000000000000").value() == 0);
    BOOST_TEST(ulid_time_ms("00000000010000000000000000").value() == 1);
    BOOST_TEST(ulid_time_ms("7ZZZZZZZZZZZZZZZZZZZZZZZZZ").value() == (1LL << 48) - 1);
}

BOOST_AUTO_TEST_CASE(what_is_no_ulid_is_refused)
{
    for (auto const* text :
         {"",
          "0000000000000000000000000",
          "000000000000000000000000000",
          "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
          "0000000000000000000000000I",
          "0000000000000000000000000a",
          "0000000000000000000000000-"})
        BOOST_TEST(!ulid_time_ms(text), text);
}

BOOST_AUTO_TEST_SUITE_END()
