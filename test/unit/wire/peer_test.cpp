// Frames between daemons: what is encoded comes back the same, and no bytes whatever do harm.

#include "wire/peer.hpp"

#include "support/members.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <random>

using namespace chaind;
namespace peer = chaind::wire::peer;
using test::made_id;
using test::made_member;

namespace
{

chain::entry made_entry(std::uint64_t at)
{
    return {
        .at = seq(at),
        .in = epoch(3),
        .ts_us = 1000 + static_cast<std::int64_t>(at),
        .request = made_id<request_id>(7),
        .command = std::make_shared<std::string const>("command " + std::to_string(at)),
        .hash = made_id<digest>(9),
    };
}

chain::append made_append()
{
    chain::append out;
    out.in = epoch(3);
    out.number = 41;
    out.prev = {seq(10), epoch(2), made_id<digest>(5), 99};
    out.entries = {made_entry(11), made_entry(12)};
    out.stable = seq(8);
    out.commit = seq(7);
    out.open = seq(6);
    return out;
}

peer::instruction made_instruction()
{
    peer::instruction out;
    out.what.config.at = epoch(4);
    out.what.config.state = config_state::pending;
    out.what.config.members = {made_member("n1"), made_member("n2", 2, 2)};
    out.what.config.joiner = node_id{"n2"};
    out.what.learning = learner_assignment{made_member("n3"), made_member("n2", 2, 2)};
    out.what.lease_for = instant(12345);
    out.addresses = {{node_id{"n1"}, "127.0.0.1:1"}, {node_id{"n2"}, "127.0.0.1:2"}};
    out.status_json = "{}";
    out.lineage = "abc";
    return out;
}

heartbeat made_heartbeat()
{
    heartbeat out;
    out.from = made_member("n1");
    out.sent = instant(77);
    out.promised = epoch(3);
    out.end = {seq(10), epoch(2), made_id<digest>(5), 99};
    out.verified = seq(9);
    out.commit = seq(8);
    out.unreachable = {node_id{"n2"}};
    out.feeding = learner_progress{made_member("n3"), 5, 20ms, true};
    out.stepping_down = true;
    out.info = R"({"pid":1})";
    return out;
}

std::vector<peer::frame> all_frames()
{
    peer::hello const hello{1, 2, made_id<cluster_id>(3), made_member("n1"), peer::purpose::control};
    return {
        hello,
        peer::welcome{1, made_id<cluster_id>(3), made_member("n2")},
        peer::refused{"no"},
        chain::message(made_append()),
        chain::message(chain::ok{epoch(3), 41, seq(2), seq(1)}),
        chain::message(chain::nack{epoch(3), 41, seq(2)}),
        chain::message(chain::mark{epoch(3), seq(2), seq(1)}),
        chain::message(chain::ack{epoch(3), seq(2), seq(1), seq(1)}),
        chain::message(
            chain::submit{epoch(3), {{made_id<request_id>(1), std::make_shared<std::string const>("x")}}}
        ),
        chain::message(chain::refused{epoch(3), made_id<request_id>(1), chain::refusal::read_only}),
        chain::message(chain::still_at{epoch(3), 5}),
        chain::message(chain::still_at_yes{epoch(3), 5}),
        made_heartbeat(),
        made_instruction(),
        peer::verify{99},
        peer::abort_process{},
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(peer_frames)

BOOST_AUTO_TEST_CASE(every_frame_comes_back_as_the_kind_that_it_was_and_encodes_the_same)
{
    for (auto const& frame : all_frames())
    {
        auto const bytes = peer::encode(frame);
        auto const back = peer::decode(bytes);

        BOOST_TEST_REQUIRE(back.has_value());
        BOOST_TEST(back->index() == frame.index());
        BOOST_TEST(peer::encode(*back) == bytes);
    }
}

BOOST_AUTO_TEST_CASE(no_field_is_lost)
{
    auto const beat = peer::decode(peer::encode(made_heartbeat()));
    BOOST_TEST((std::get<heartbeat>(*beat) == made_heartbeat()));

    auto const told = std::get<peer::instruction>(*peer::decode(peer::encode(made_instruction())));
    BOOST_TEST((told.what == made_instruction().what));
    BOOST_TEST((told.addresses == made_instruction().addresses));
    BOOST_TEST(told.status_json == "{}");
    BOOST_TEST(told.lineage == "abc");

    auto const message = std::get<chain::message>(*peer::decode(peer::encode(chain::message(made_append()))));
    auto const& append = std::get<chain::append>(message);
    BOOST_TEST((append.prev == made_append().prev));
    BOOST_TEST(append.number == 41u);
    BOOST_TEST(append.open.value() == 6u);
    BOOST_TEST_REQUIRE(append.entries.size() == 2u);
    BOOST_TEST((append.entries[1].point() == made_entry(12).point()));
    BOOST_TEST(*append.entries[1].command == "command 12");
    BOOST_TEST((append.entries[1].request == made_entry(12).request));
}

BOOST_AUTO_TEST_CASE(impossible_frames_are_refused)
{
    auto gap = made_append();
    gap.entries[1].at = seq(13);
    auto twice = made_instruction();
    twice.what.config.members[1].name = node_id{"n1"};
    twice.what.config.joiner.reset();
    auto joiner = made_instruction();
    joiner.what.config.joiner = node_id{"n1"};
    auto nameless = made_heartbeat();
    nameless.from.name.name = "not a name";

    BOOST_TEST((peer::decode(peer::encode(chain::message(gap))).error() == errc::bad_frame));
    BOOST_TEST((peer::decode(peer::encode(twice)).error() == errc::bad_frame));
    BOOST_TEST((peer::decode(peer::encode(joiner)).error() == errc::bad_frame));
    BOOST_TEST((peer::decode(peer::encode(nameless)).error() == errc::bad_frame));
    BOOST_TEST((peer::decode("").error() == errc::bad_frame));
    BOOST_TEST((peer::decode("GET / HTTP/1.1").error() == errc::bad_frame));
}

// Random bytes and damaged frames: an error or a frame that encodes again, never a crash.
BOOST_DATA_TEST_CASE(no_bytes_do_harm, boost::unit_test::data::xrange(8), seed)
{
    std::mt19937 random(static_cast<unsigned>(seed));
    auto const frames = all_frames();
    for (int i = 0; i < 2000; ++i)
    {
        auto bytes = peer::encode(frames[random() % frames.size()]);
        for (unsigned n = random() % 4; n > 0 && !bytes.empty(); --n)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        if (random() % 3 == 0) bytes.resize(random() % (bytes.size() + 1));
        if (random() % 7 == 0)
            for (auto& c : bytes)
                c = static_cast<char>(random());

        if (auto const back = peer::decode(bytes)) BOOST_TEST(peer::decode(peer::encode(*back)).has_value());
    }
}

BOOST_AUTO_TEST_CASE(versions_meet_in_the_highest_that_both_speak)
{
    BOOST_TEST((peer::agree(1, 5) == 1u));
    BOOST_TEST(!peer::agree(2, 5).has_value());
    BOOST_TEST(!peer::agree(0, 0).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
