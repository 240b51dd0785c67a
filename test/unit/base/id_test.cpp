#include "base/id.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace data = boost::unit_test::data;
using namespace chaind;

BOOST_AUTO_TEST_SUITE(ids)

BOOST_AUTO_TEST_CASE(hexadecimal_text_and_raw_bytes_are_each_others_inverse)
{
    std::string raw;
    for (int i = 0; i < 256; ++i)
        raw.push_back(static_cast<char>(i));

    auto const text = to_hex(raw);

    BOOST_TEST(text.substr(0, 8) == "00010203");
    BOOST_TEST(from_hex(text).value() == raw);
}

BOOST_DATA_TEST_CASE(text_that_is_no_hexadecimal_has_no_bytes, data::make({"0", "0g", "+1", "0x"}), text)
{
    BOOST_TEST(!from_hex(text).has_value());
}

BOOST_AUTO_TEST_CASE(an_id_has_exactly_sixteen_bytes)
{
    BOOST_TEST(!store_id::from_bytes(std::string(15, 'x')).has_value());
    BOOST_TEST(!store_id::from_bytes(std::string(17, 'x')).has_value());
    BOOST_TEST(store_id::from_bytes(std::string(16, 'x')).value().view() == std::string(16, 'x'));
    BOOST_TEST(store_id{}.empty());
}

BOOST_DATA_TEST_CASE(
    a_node_name_may_be, data::make({"n1", "a", "rack-7-left", "12345678901234567890123456789012"}), name
)
{
    BOOST_TEST(is_valid_node_name(name));
}

BOOST_DATA_TEST_CASE(
    a_node_name_may_not_be,
    data::make({"", "N1", "n_1", "../n1", "n1\n", "n 1", "123456789012345678901234567890123", "n\xc3\xa4"}),
    name
)
{
    BOOST_TEST(!is_valid_node_name(name));
}

BOOST_AUTO_TEST_CASE(ids_have_the_order_of_their_bytes)
{
    auto const id = [](std::string raw)
    { return store_id::from_bytes(raw + std::string(16 - raw.size(), 'x')).value(); };
    std::string const last_differs(15, 'a');

    BOOST_TEST((id("a") < id("b")));
    BOOST_TEST((id("ab") > id("aa\xff")));
    BOOST_TEST((id("\x7f") < id("\x80")));
    BOOST_TEST((id(last_differs + 'a') < id(last_differs + 'b')));
    BOOST_TEST((id(last_differs + 'a') == id(last_differs + 'a')));
    BOOST_TEST((id(last_differs + 'a') != id(last_differs + 'b')));
}

BOOST_AUTO_TEST_CASE(a_short_text_is_what_it_was_made_of_in_the_order_of_strings)
{
    std::string const whole(short_text::limit, 'z');
    std::vector<std::string> const rising{
        "", "-", "0", "a", "aa", "aaaaaaaa", "aaaaaaaaa", "ab", "n1", "n10", "n2", whole, "\xc3\xa4"
    };

    for (std::size_t i = 0; i < rising.size(); ++i)
    {
        short_text const text = rising[i];
        BOOST_TEST(text.str() == rising[i]);
        BOOST_TEST(text.empty() == rising[i].empty());
        for (std::size_t k = 0; k < rising.size(); ++k)
        {
            BOOST_TEST((text == short_text(rising[k])) == (i == k));
            BOOST_TEST((text < short_text(rising[k])) == (i < k));
        }
    }
}

// Cut off, it would be the name of somebody else.
BOOST_AUTO_TEST_CASE(a_text_that_does_not_fit_is_not_kept_at_all)
{
    BOOST_TEST(short_text(std::string(short_text::limit + 1, 'a')).empty());
    BOOST_TEST(short_text(std::string("a\0b", 3)).empty());
}

BOOST_AUTO_TEST_SUITE_END()
