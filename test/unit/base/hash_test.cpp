#include "base/hash.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace chaind;

BOOST_AUTO_TEST_SUITE(hashing)

// RFC 7693 defines the function; this value: `printf %b '\x03\0\0\0\0\0\0\0abc' | b2sum -l 128`.
BOOST_AUTO_TEST_CASE(a_field_is_hashed_with_its_length_by_blake2b_128)
{
    BOOST_TEST(to_string(hasher().bytes("abc").finish()) == "10366aba46518e2b9d040dde242bbc5a");
}

BOOST_AUTO_TEST_CASE(moving_a_byte_from_one_field_to_the_next_changes_the_hash)
{
    BOOST_TEST(hasher().bytes("ab").bytes("c").finish() != hasher().bytes("a").bytes("bc").finish());
    BOOST_TEST(hasher().bytes("").bytes("a").finish() != hasher().bytes("a").bytes("").finish());
}

BOOST_AUTO_TEST_CASE(equal_fields_give_equal_hashes)
{
    BOOST_TEST(hasher().number(7).bytes("x").finish() == hasher().number(7).bytes("x").finish());
    BOOST_TEST(hasher().number(7).finish() != hasher().number(8).finish());
}

// Short fields are gathered before the library sees them, long ones are not.
BOOST_AUTO_TEST_CASE(however_long_the_fields_are_what_is_hashed_are_their_lengths_and_bytes)
{
    std::string all;
    hasher sum;
    auto const number = [&](std::size_t value)
    {
        for (std::size_t i = 0; i < 8; ++i, value >>= 8)
            all.push_back(static_cast<char>(value & 0xFF));
    };
    for (std::size_t size = 0; size < 700; size += 1 + size / 16)
    {
        std::string const field(size, static_cast<char>('a' + size % 26));
        number(size);
        all += field;
        number(7);
        sum.bytes(field).number(7);
    }

    digest whole;
    crypto_generichash(
        whole.bytes.data(),
        whole.bytes.size(),
        reinterpret_cast<unsigned char const*>(all.data()),
        all.size(),
        nullptr,
        0
    );

    BOOST_TEST(sum.finish() == whole);
}

BOOST_AUTO_TEST_SUITE_END()
