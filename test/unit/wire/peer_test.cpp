// Frames between daemons: what is encoded comes back the same, and no bytes whatever do harm.

#include "wire/peer.hpp"

#include "support/members.hpp"
#include "wire/field_count.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <random>
#include <tuple>

#include <unistd.h>

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
    out.what.drain = true;
    return out;
}

node_facts all_facts()
{
    return {
        .replica_addr = "127.0.0.1:9001",
        .pid = 42,
        .version = "1.2",
        .data_dir = "/d",
        .database = "/d/chaind.db",
        .db_bytes = 1u << 20,
        .free_bytes = 2u << 20,
        .moved_bytes = 3,
        .lease = 4ms,
        .min_replicas = 2,
        .can_read = true,
        .can_write = true,
        .cut_off = "n2 cannot be reached",
        .unanswered = true,
        .linked = {{"n2"}, {"n3"}},
        .scrub =
            {.running = true, .asked = 7, .done = 5, .all = 6, .proven_ms = 8, .error = "a row has changed"},
        .sum = kept_sum{.checkpoint = "9", .at = seq(10), .sum = made_id<digest>(11)},
        .set_aside = set_aside_store{.folder = "/d/set-aside-1", .reason = "no common point"},
        .front =
            {.url = "http://127.0.0.1:8081", .admin_addr = "127.0.0.1:9101", .clients = 12, .drained = true},
    };
}

heartbeat made_heartbeat()
{
    heartbeat out;
    out.from = made_member("n1");
    out.sent = instant(77);
    out.promised = epoch(3);
    out.promised_id = made_id<config_id>(33);
    out.end = {seq(10), epoch(2), made_id<digest>(5), 99};
    out.verified = seq(9);
    out.commit = seq(8);
    out.unreachable = {node_id{"n2"}};
    out.feeding =
        learner_progress{made_member("n3"), 5, 3ms, 20ms, true, 1u << 20, 3u << 20, 2u << 20, "no space"};
    out.stepping_down = true;
    out.stalled = true;
    out.missed = {node_id{"n3"}};
    out.restored = true;
    out.in_doubt = true;
    out.damaged = true;
    out.left = room::low;
    out.late = 7ms;
    out.fsync = 9ms;
    out.trouble = "no room for 3 MiB";
    out.facts = all_facts();
    return out;
}

chain::snap_offer made_offer()
{
    return {
        epoch(3),
        {
            .id = made_id<digest>(1),
            .at = {seq(10), epoch(2), made_id<digest>(5), 99},
            .state = made_id<digest>(6),
            .bytes = 3u << 20,
        },
    };
}

chain::snap_chunk made_chunk(std::string packed)
{
    return {
        epoch(3),
        made_id<digest>(1),
        7,
        made_id<digest>(8),
        std::make_shared<std::string const>(std::move(packed)),
    };
}

chain::snap_chunk held_chunk()
{
    return {epoch(3), made_id<digest>(1), 7, made_id<digest>(8), nullptr};
}

std::vector<peer::frame> all_frames()
{
    peer::hello const hello{
        1,
        2,
        made_id<cluster_id>(3),
        made_member("n1"),
        peer::purpose::control,
        "cj1.token",
        {"kernel 1", 7, 8},
        {},
        {}
    };
    peer::hello const who_is_there{1, 1, made_id<cluster_id>(3), {}, peer::purpose::identify, {}, {}, {}, {}};
    peer::hello const cannot_start{
        1,
        1,
        {},
        made_member("n1"),
        peer::purpose::identify,
        {},
        {},
        "its database cannot be used",
        "look at it"
    };
    return {
        hello,
        who_is_there,
        cannot_start,
        peer::welcome{1, made_id<cluster_id>(3), made_member("n2")},
        peer::welcome{1, made_id<cluster_id>(3), {}, true},
        peer::refused{"no"},
        chain::message(made_append()),
        chain::message(chain::ok{epoch(3), 41, seq(2), seq(1)}),
        chain::message(chain::nack{epoch(3), 41, seq(2)}),
        chain::message(chain::mark{epoch(3), seq(2), seq(1)}),
        chain::message(chain::mark{epoch(3), seq(2), seq(1), {node_id{"n2"}, room::low}}),
        chain::message(chain::ack{epoch(3), seq(2), seq(1), seq(1)}),
        chain::message(chain::ack{epoch(3), seq(2), seq(1), seq(1), {node_id{"n3"}, room::none}}),
        chain::message(chain::submit{
            epoch(3), {{made_id<request_id>(1), std::make_shared<std::string const>("x"), true}}
        }),
        chain::message(chain::refused{epoch(3), made_id<request_id>(1), chain::refusal::disk_full}),
        chain::message(
            chain::submit{epoch(3), {{made_id<request_id>(1), std::make_shared<std::string const>("x")}}}
        ),
        chain::message(chain::refused{epoch(3), made_id<request_id>(1), chain::refusal::read_only}),
        chain::message(chain::still_at{epoch(3), 5}),
        chain::message(chain::still_at_yes{epoch(3), 5}),
        chain::message(made_offer()),
        chain::message(chain::snap_want{epoch(3), made_id<digest>(1), 7, made_id<digest>(2)}),
        chain::message(made_chunk("packed")),
        chain::message(held_chunk()),
        made_heartbeat(),
        made_instruction(),
        peer::verify{99},
        peer::prove{100},
        peer::abort_process{},
        peer::typing{chat::conv_id(7), chat::user_id(1u << 20), true},
        peer::here{true, true, epoch{7}, true, true, true},
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

BOOST_AUTO_TEST_CASE(no_field_of_a_snapshot_s_messages_is_lost)
{
    auto const take = [](chain::message const& what)
    { return std::get<chain::message>(peer::decode(peer::encode(what)).value()); };

    auto const offer = std::get<chain::snap_offer>(take(made_offer()));
    BOOST_TEST((offer.snapshot == made_offer().snapshot));
    BOOST_TEST((offer.in == epoch(3)));

    chain::snap_want const asked{epoch(3), made_id<digest>(1), 7, made_id<digest>(2)};
    auto const want = std::get<chain::snap_want>(take(asked));
    BOOST_TEST(
        (std::tie(want.in, want.id, want.index, want.mine) ==
         std::tie(asked.in, asked.id, asked.index, asked.mine))
    );

    auto const sent = made_chunk(std::string("\0\xff", 2));
    auto const chunk = std::get<chain::snap_chunk>(take(sent));
    BOOST_TEST(
        (std::tie(chunk.in, chunk.id, chunk.index, chunk.hash) ==
         std::tie(sent.in, sent.id, sent.index, sent.hash))
    );
    BOOST_TEST_REQUIRE(chunk.packed != nullptr);
    BOOST_TEST(*chunk.packed == *sent.packed);
    BOOST_TEST((std::get<chain::snap_chunk>(take(held_chunk())).packed == nullptr));
}

BOOST_AUTO_TEST_CASE(a_greeting_carries_its_token_and_its_purpose)
{
    peer::hello joins{1, 1, {}, made_member("n4"), peer::purpose::control, "cj1.secret", {"kernel 1", 7, 8}};
    auto const joined = std::get<peer::hello>(peer::decode(peer::encode(joins)).value());
    BOOST_TEST((joined.place == process_place{"kernel 1", 7, 8}));
    BOOST_TEST(joined.token == "cj1.secret");
    BOOST_TEST(joined.cluster.empty());

    peer::hello const asks{1, 1, made_id<cluster_id>(3), {}, peer::purpose::identify, {}};
    auto const asked = std::get<peer::hello>(peer::decode(peer::encode(asks)).value());
    BOOST_TEST((asked.what_for == peer::purpose::identify));
    BOOST_TEST(asked.from.name.empty());

    joins.from = {};
    BOOST_TEST((peer::decode(peer::encode(joins)).error() == errc::bad_frame));
    joins.from = made_member("n4");
    joins.token.assign(513, 'x');
    BOOST_TEST((peer::decode(peer::encode(joins)).error() == errc::bad_frame));
    joins.token.clear();
    joins.place.kernel.assign(129, 'x');
    BOOST_TEST((peer::decode(peer::encode(joins)).error() == errc::bad_frame));
}

// Old and new daemons meet in one chain while it is upgraded: these bytes may not change.
BOOST_AUTO_TEST_CASE(a_snapshot_s_messages_have_these_bytes)
{
    chain::snap_want const want{epoch(3), made_id<digest>(1), 7, made_id<digest>(2)};
    chain::snap_offer const offer = made_offer();

    auto const sixteen = [](char of) { return std::string(16, of); };
    auto const field = [](char key, std::string const& of)
    { return key + std::string(1, static_cast<char>(of.size())) + of; };
    BOOST_TEST(
        peer::encode(chain::message(want)) == std::string("\xa2\x01\x28") + "\x08\x03" +
                                                  field(0x12, sixteen(1)) + "\x18\x07" +
                                                  field(0x22, sixteen(2))
    );
    auto const at = std::string("\x08\x0a\x10\x02") + field(0x1a, sixteen(5)) + "\x20\x63";
    auto const what =
        field(0x0a, sixteen(1)) + field(0x12, at) + field(0x1a, sixteen(6)) + "\x20\x80\x80\xc0\x01";
    BOOST_TEST(
        peer::encode(chain::message(offer)) == std::string("\x9a\x01\x47") + "\x08\x03" + field(0x12, what)
    );
    BOOST_TEST(
        peer::encode(chain::message(made_chunk("zip"))) == std::string("\xaa\x01\x2d") + "\x08\x03" +
                                                               field(0x12, sixteen(1)) + "\x18\x07" +
                                                               field(0x22, sixteen(8)) + field(0x32, "zip")
    );
    BOOST_TEST(
        peer::encode(chain::message(held_chunk())) == std::string("\xaa\x01\x2a") + "\x08\x03" +
                                                          field(0x12, sixteen(1)) + "\x18\x07" +
                                                          field(0x22, sixteen(8)) + "\x28\x01"
    );
}

// `tag`: of a field with a length, as it is written.
std::string with_length(std::string const& tag, std::string const& body)
{
    std::string out = tag;
    auto length = body.size();
    for (; length >= 0x80; length >>= 7)
        out += static_cast<char>((length & 0x7f) | 0x80);
    return out + static_cast<char>(length) + body;
}

// Taken apart it is 350 MB, and takes longer than a silence.
BOOST_AUTO_TEST_CASE(a_frame_of_nothing_but_empty_elements_is_refused_before_it_is_taken_apart)
{
    using wire::has_more_fields_than;
    auto const element = with_length("\x22", "");
    std::string many;
    for (int i = 0; i < 100'000; ++i)
        many += element;
    // Fields that it does not know are no fault of a `verify` otherwise.
    BOOST_TEST(peer::decode(with_length("\x82\x02", element)).has_value());
    BOOST_TEST((peer::decode(with_length("\x82\x02", many)).error() == errc::bad_frame));
    BOOST_TEST(has_more_fields_than(65'536, with_length("\x52", many)));
    auto const three = with_length("\x52", element + element);
    BOOST_TEST(!has_more_fields_than(3, three));
    BOOST_TEST(has_more_fields_than(2, three));
    BOOST_TEST(has_more_fields_than(5, three + three));
    BOOST_TEST(!has_more_fields_than(6, three + three));
    BOOST_TEST(!has_more_fields_than(1, "\x52\xff\xff\xff\xff\xff"));  // no message
}

// They are kept for as long as their process is known, whoever that is.
BOOST_AUTO_TEST_CASE(a_fact_that_is_too_long_is_refused)
{
    auto const refused = [](auto text)
    {
        auto word = made_heartbeat();
        auto facts = all_facts();
        text(facts).assign(4097, 'x');
        word.facts = std::move(facts);
        return peer::decode(peer::encode(word)).error() == errc::bad_frame;
    };
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.replica_addr; }));
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.version; }));
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.data_dir; }));
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.database; }));
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.cut_off; }));
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.scrub.error; }));
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.sum.value().checkpoint; }));
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.set_aside.value().folder; }));
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.set_aside.value().reason; }));
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.front.url; }));
    BOOST_TEST(refused([](node_facts& of) -> auto& { return of.front.admin_addr; }));
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
    auto gossip = made_heartbeat();
    gossip.unreachable.assign(100, node_id{"a"});
    BOOST_TEST((peer::decode(peer::encode(gossip)).error() == errc::bad_frame));

    auto nameless = made_heartbeat();
    nameless.from.name.name = "not a name";

    BOOST_TEST((peer::decode(peer::encode(chain::message(gap))).error() == errc::bad_frame));
    BOOST_TEST((peer::decode(peer::encode(twice)).error() == errc::bad_frame));
    BOOST_TEST((peer::decode(peer::encode(joiner)).error() == errc::bad_frame));
    BOOST_TEST((peer::decode(peer::encode(nameless)).error() == errc::bad_frame));
    auto empty = made_offer();
    empty.snapshot.bytes = 0;
    BOOST_TEST((peer::decode(peer::encode(chain::message(empty))).error() == errc::bad_frame));
    auto const large = made_chunk(std::string(chain::snapshot_chunk_bytes * 2, 'x'));
    BOOST_TEST((peer::decode(peer::encode(chain::message(large))).error() == errc::bad_frame));
    BOOST_TEST((peer::decode(peer::encode(chain::message(made_chunk("")))).error() == errc::bad_frame));
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

BOOST_AUTO_TEST_CASE(a_text_that_is_no_utf8_is_refused_without_a_line_of_protobufs_own)
{
    peer::hello who;
    who.from = made_member("n1");
    auto bytes = peer::encode(who);
    bytes[bytes.find("n1")] = '\xff';
    std::array<int, 2> ends{};
    BOOST_TEST_REQUIRE(::pipe(ends.data()) == 0);
    int const before = ::dup(2);
    ::dup2(ends[1], 2);

    auto const got = peer::decode(bytes);

    ::dup2(before, 2);
    ::close(before);
    ::close(ends[1]);
    char said = 0;
    BOOST_TEST(::read(ends[0], &said, 1) == 0);
    ::close(ends[0]);
    BOOST_TEST((got.error() == errc::bad_frame));
}

BOOST_AUTO_TEST_CASE(versions_meet_in_the_highest_that_both_speak)
{
    BOOST_TEST((peer::agree(1, 5) == peer::protocol_max));
    BOOST_TEST((peer::agree(1, 1) == 1u));
    BOOST_TEST(!peer::agree(peer::protocol_max + 1, 5).has_value());
    BOOST_TEST(!peer::agree(0, 0).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
