#include "base/id.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

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

BOOST_AUTO_TEST_SUITE_END()
