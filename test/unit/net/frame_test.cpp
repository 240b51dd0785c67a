#include "net/frame.hpp"

#include "support/framed.hpp"
#include "wire/peer.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <limits>
#include <random>
#include <string>

using namespace chaind;
using test::framed;

namespace
{

void feed(net::frame_splitter& to, std::string_view bytes)
{
    while (!bytes.empty())
    {
        auto const space = to.space();
        auto const n = std::min(space.size(), bytes.size());
        std::copy_n(bytes.data(), n, space.data());
        to.filled(n);
        bytes.remove_prefix(n);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frames)

BOOST_DATA_TEST_CASE(bodies_come_out_whole_however_the_bytes_arrive, boost::unit_test::data::xrange(6), seed)
{
    std::mt19937 random(static_cast<unsigned>(seed));
    std::vector<std::string> bodies;
    std::string stream;
    for (int i = 0; i < 40; ++i)
    {
        bodies.emplace_back(
            random() % 3 == 0 ? random() % 200'000 : random() % 100, static_cast<char>('a' + i % 26)
        );
        stream += framed(bodies.back());
    }

    net::frame_splitter splitter(1u << 20);
    std::vector<std::string> got;
    for (std::size_t at = 0; at < stream.size();)
    {
        auto const space = splitter.space();
        auto const n =
            std::min({space.size(), stream.size() - at, static_cast<std::size_t>(1 + random() % 90'000)});
        std::copy_n(stream.data() + at, n, space.data());
        splitter.filled(n);
        at += n;
        for (auto body = splitter.next(); body.value(); body = splitter.next())
            got.emplace_back(**body);
    }

    BOOST_TEST((got == bodies));
}

BOOST_AUTO_TEST_CASE(a_length_above_the_limit_is_refused_before_anything_is_allocated)
{
    net::frame_splitter splitter(1000);
    feed(splitter, std::string("\xff\xff\xff\xff\0\0\0\0", 8));

    BOOST_TEST((splitter.next().error() == errc::frame_too_large));
    BOOST_TEST(splitter.space().size() < 200'000u);
}

BOOST_AUTO_TEST_CASE(the_limit_itself_is_allowed)
{
    net::frame_splitter splitter(1000);
    feed(splitter, framed(std::string(1000, 'x')));
    BOOST_TEST(splitter.next().value()->size() == 1000u);

    feed(splitter, framed(std::string(1001, 'x')));
    BOOST_TEST((splitter.next().error() == errc::frame_too_large));
}

BOOST_AUTO_TEST_CASE(a_changed_byte_is_noticed)
{
    auto bytes = framed("hello");
    bytes.back() ^= 1;
    net::frame_splitter splitter(1000);
    feed(splitter, bytes);

    BOOST_TEST((splitter.next().error() == errc::bad_frame));
}

// The published check value of CRC-32C, so that other implementations can speak to us.
BOOST_AUTO_TEST_CASE(the_checksum_is_crc32c)
{
    auto const header = net::header_of("123456789");

    BOOST_TEST(std::string(header.data(), 8) == std::string("\x09\0\0\0\x83\x92\x06\xe3", 8));
}

// Random bytes do not pack at all; zstd adds less than 1/256 to them.
BOOST_AUTO_TEST_CASE(the_largest_chunk_of_a_snapshot_fits_into_a_frame)
{
    chain::snap_chunk chunk;
    chunk.in = epoch(std::numeric_limits<std::uint64_t>::max());
    chunk.index = std::numeric_limits<std::uint64_t>::max();
    chunk.packed = std::make_shared<std::string const>(
        chain::snapshot_chunk_bytes + chain::snapshot_chunk_bytes / 256, 'x'
    );
    auto const body = wire::peer::encode(chain::message(chunk));
    net::frame_splitter splitter(net::frame_limit);
    feed(splitter, framed(body));

    auto const got = splitter.next();
    BOOST_TEST_REQUIRE((got.has_value() && got->has_value()));
    BOOST_TEST(wire::peer::decode(**got).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
