// Hostile WebSocket bytes and chat.v1 frames (docs/testing.md, "Abuse and bad input"): the documented error,
// and everybody else goes on.
#include "chat_fixture.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/data/test_case.hpp>

namespace chaind::test
{

namespace json = boost::json;
namespace data = boost::unit_test::data;
using std::chrono::milliseconds;

namespace
{

std::string big_header(std::uint64_t size)
{
    std::string out = "\x81\xff";
    for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>((size >> shift) & 255U);
    return out + "\x11\x22\x33\x44";
}

struct signed_in
{
    signed_in() : client(p.chain.port()), start(0)
    {
        client.hello(p.ana.token);
        start = p.chain.committed();
    }
    // Whatever was done: nothing changed, and another client is served.
    ~signed_in()
    {
        BOOST_TEST(p.chain.committed() == start);
        chat_client other(p.chain.port());
        BOOST_TEST(other.hello(p.bob.token).at("ok").as_bool());
    }

    two_people p;
    chat_client client;
    std::uint64_t start;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(bad_frames, signed_in)

BOOST_AUTO_TEST_CASE(a_frame_that_claims_to_be_endless_is_closed_before_it_comes)
{
    client.socket().send(big_header(0x7fffffffffffffffULL));
    BOOST_TEST(client.wait_for_close() == 1009);
}

BOOST_AUTO_TEST_CASE(a_frame_above_64_kib_is_closed)
{
    client.send_text(std::string(65'537, ' '));
    BOOST_TEST(client.wait_for_close() == 1009);
}

BOOST_AUTO_TEST_CASE(many_tiny_fragments_are_one_message_with_one_limit)
{
    client.send_frame(opcode::text, " ", false);
    for (int i = 0; i < 70'000 && !client.socket().ended(); ++i)
        client.send_frame(opcode::continuation, " ", false);
    BOOST_TEST(client.wait_for_close() == 1009);
}

BOOST_AUTO_TEST_CASE(fragments_make_one_frame)
{
    std::string const text = R"({"id":9,"op":"ping","d":{}})";
    client.send_frame(opcode::text, text.substr(0, 5), false);
    client.send_frame(opcode::ping, "between");
    client.send_frame(opcode::continuation, text.substr(5), true);
    BOOST_TEST(client.answer_to(9).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_closed)
{
    client.send_text("{\"id\":1,\"op\":\"ping\",\"d\":{\"x\":\"\xff\xfe\"}}");
    BOOST_TEST(client.wait_for_close() == 1007);
}

BOOST_AUTO_TEST_CASE(an_unmasked_frame_is_a_protocol_error)
{
    client.send_frame(opcode::text, R"({"id":1,"op":"ping","d":{}})", true, false);
    BOOST_TEST(client.wait_for_close() == 1002);
}

BOOST_AUTO_TEST_CASE(a_reserved_opcode_is_a_protocol_error)
{
    client.send_frame(static_cast<opcode>(5), "x");
    BOOST_TEST(client.wait_for_close() == 1002);
}

BOOST_AUTO_TEST_CASE(a_bad_close_code_is_a_protocol_error)
{
    client.send_frame(opcode::close, std::string("\x00\x05", 2));
    BOOST_TEST(client.wait_for_close() == 1002);
}

BOOST_AUTO_TEST_CASE(a_close_is_answered_with_its_code_or_refused)
{
    struct
    {
        std::string code;
        int answer;
    } const all[] = {
        {"\x03\xe8", 1000},
        {"\x0f\xa1", 4001},
        {"\x13\x88", 1002},  // 5000
        {"\xff\xff", 1002},
        {"\x03\xed", 1002},  // 1005
        {"\x03", 1002},
    };
    for (auto const& one : all)
    {
        chat_client other(p.chain.port());
        other.hello(p.bob.token);
        other.send_frame(opcode::close, one.code);
        BOOST_TEST(other.wait_for_close() == one.answer);
        BOOST_TEST(other.socket().ended());
    }
}

BOOST_AUTO_TEST_CASE(half_a_character_before_an_empty_last_fragment_is_no_text)
{
    client.send_frame(opcode::text, "\xe2\x82", false);
    client.send_frame(opcode::continuation, "", true);
    BOOST_TEST(client.wait_for_close() == 1007);
}

BOOST_AUTO_TEST_CASE(a_flood_of_pings_does_not_keep_a_close_from_being_said)
{
    for (int i = 0; i < 3; ++i)
        client.send_text("no JSON");
    for (int i = 0; i < 2000; ++i)
        client.send_frame(opcode::ping, "x");
    BOOST_TEST(client.wait_for_close() == 4504);
}

BOOST_AUTO_TEST_CASE(binary_frames_are_refused)
{
    client.send_frame(opcode::binary, R"({"id":1,"op":"ping","d":{}})");
    BOOST_TEST(client.wait_for_close() == 1003);
}

BOOST_AUTO_TEST_CASE(three_frames_that_are_no_json_close)
{
    client.send_text("hello");
    BOOST_TEST(error_of(client.answer_to(0)) == "bad_request");
    client.send_text("{\"id\":");
    BOOST_TEST(error_of(client.answer_to(0)) == "bad_request");
    BOOST_TEST(client.request("ping", {}).at("ok").as_bool());
    client.send_text(std::string(30'000, '['));
    BOOST_TEST(client.wait_for_close() == 4504);
}

struct bad_frame
{
    char const* text;
    std::int64_t re;
    char const* code;
    friend std::ostream& operator<<(std::ostream& to, bad_frame const& b) { return to << b.text; }
};
bad_frame const frames[] = {
    {R"({"id":7,"op":"teleport","d":{}})", 7, "bad_request"},
    {R"({"id":7,"op":"ping"})", 7, "bad_request"},
    {R"({"id":7,"op":"ping","d":[]})", 7, "bad_request"},
    {R"({"id":7,"op":"ping","d":{},"extra":1})", 7, "bad_request"},
    {R"({"id":0,"op":"ping","d":{}})", 0, "bad_request"},
    {R"({"id":-1,"op":"ping","d":{}})", 0, "bad_request"},
    {R"({"id":1e400,"op":"ping","d":{}})", 0, "bad_request"},
    {R"({"id":9007199254740993,"op":"ping","d":{}})", 0, "bad_request"},
    {R"({"id":"7","op":"ping","d":{}})", 0, "bad_request"},
    {R"({"id":7,"op":7,"d":{}})", 7, "bad_request"},
    {R"({"id":7,"id":8,"op":"ping","d":{}})", 0, "bad_request"},
    {R"({"id":7,"op":"msg.send","d":{"conv":"c_1","body":"x","fmt":"md"}})", 7, "bad_request"},
    {R"({"id":7,"op":"msg.send","cid":"not a ulid","d":{"conv":"c_1","body":"x","fmt":"md"}})",
     7,
     "bad_request"},
    {R"({"id":7,"op":"history","d":{"conv":"c_1","limit":100000}})", 7, "bad_request"},
    {R"({"id":7,"op":"history","d":{"conv":"c_1","before":1,"after":2}})", 7, "bad_request"},
    {R"({"id":7,"op":"history","d":{"conv":5}})", 7, "bad_request"},
    {R"({"id":7,"op":"history","d":{"conv":"c_99999"}})", 7, "not_found"},
    {R"({"id":7,"op":"members","d":{"conv":"c_1'; DROP TABLE messages; --"}})", 7, "bad_request"},
};
BOOST_DATA_TEST_CASE(a_bad_frame_is_answered_and_the_connection_goes_on, data::make(frames), bad)
{
    client.send_text(bad.text);
    auto const answer = client.answer_to(bad.re);
    BOOST_TEST(error_of(answer) == bad.code);
    BOOST_TEST(!text_at(answer, {"err", "msg"}).empty());
    BOOST_TEST(client.request("ping", {}).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(a_body_one_byte_too_long_is_too_large)
{
    auto const answer = client.request("msg.send", p.message(std::string(16 * 1024 + 1, 'x')), fresh_cid());
    BOOST_TEST(error_of(answer) == "too_large");
    BOOST_TEST(text_at(answer, {"err", "field"}) == "body");
}

BOOST_AUTO_TEST_CASE(an_empty_body_is_refused)
{
    BOOST_TEST(error_of(client.request("msg.send", p.message(""), fresh_cid())) == "bad_request");
}

BOOST_AUTO_TEST_CASE(acks_of_what_was_never_sent_do_no_harm)
{
    client.ack(0);
    client.ack(9007199254740991);
    BOOST_TEST(client.request("ping", {}).at("ok").as_bool());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(bad_clients)

BOOST_AUTO_TEST_CASE(a_message_that_never_ends_is_given_up)
{
    auto with = quick_settings();
    with.message_within = milliseconds(200);
    two_people p(with);
    chat_client client(p.chain.port());
    client.hello(p.ana.token);
    client.send_frame(opcode::text, "{", false);
    BOOST_TEST(client.wait_for_close() == 4504);
    // Fragments without a byte are no message that is on its way, and half a frame is none either.
    chat_client empty(p.chain.port());
    empty.hello(p.ana.token);
    empty.send_frame(opcode::text, "", false);
    empty.send_frame(opcode::continuation, "", false);
    BOOST_TEST(empty.wait_for_close() == 4504);
    chat_client half(p.chain.port());
    half.hello(p.ana.token);
    half.socket().send("\x89\xff");
    BOOST_TEST(half.wait_for_close() == 1002);
    chat_client quarter(p.chain.port());
    quarter.hello(p.ana.token);
    quarter.socket().send("\x89\x85\x01\x02");
    BOOST_TEST(quarter.wait_for_close() == 4504);
}

// The server closes while messages in fragments arrive: after a token that is not known (4501), after frames
// that are no JSON (4504), and after a logout elsewhere (4502). A read beside that close once ended the
// process.
struct closing_in_a_flood : two_people
{
    static void flood(chat_client& client)
    {
        for (int i = 0; i < 400; ++i)
        {
            client.send_frame(opcode::text, "a", false);
            client.send_frame(opcode::continuation, "b");
        }
    }
    ~closing_in_a_flood()
    {
        BOOST_TEST(chain.eventually([&] { return chain.clients() == 0; }));
        chat_client other(chain.port());
        BOOST_TEST(other.hello(bob.token).at("ok").as_bool());
    }
};

BOOST_FIXTURE_TEST_CASE(fragments_during_a_close_after_an_unknown_token_do_no_harm, closing_in_a_flood)
{
    for (int i = 0; i < 60; ++i)
    {
        chat_client client(chain.port());
        client.send_text(R"({"id":1,"op":"hello","d":{"proto":[1],"client":{"name":"t"},"token":"bad"}})");
        flood(client);
    }
}

BOOST_FIXTURE_TEST_CASE(fragments_during_a_close_after_bad_frames_do_no_harm, closing_in_a_flood)
{
    for (int i = 0; i < 30; ++i)
    {
        chat_client client(chain.port());
        for (int n = 0; n < 3; ++n)
            client.send_text("no JSON");
        flood(client);
    }
}

BOOST_FIXTURE_TEST_CASE(fragments_during_a_logout_elsewhere_do_no_harm, closing_in_a_flood)
{
    for (int i = 0; i < 10; ++i)
    {
        auto const who = chain.register_user("guest" + std::to_string(i));
        chat_client client(chain.port());
        client.hello(who.token);
        raw_socket elsewhere(chain.port());
        elsewhere.send(
            "DELETE /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + who.token +
            "\r\n\r\n"
        );
        for (int n = 0; n < 4; ++n)
            flood(client);
    }
}

BOOST_AUTO_TEST_CASE(a_token_in_the_url_is_worth_nothing)
{
    two_people p;
    raw_socket to(p.chain.port());
    to.send(handshake({{"Sec-WebSocket-Protocol", "chat.v1"}}, "/ws?token=" + p.ana.token));
    BOOST_TEST(read_answer(to).status == 101U);
    auto const answer = http(p.chain.port(), "GET", "/api/v1/sessions?token=" + p.ana.token);
    BOOST_TEST(answer.status == 401U);
}

BOOST_AUTO_TEST_CASE(bytes_before_the_handshake_is_done_are_refused)
{
    chain_double chain;
    raw_socket to(chain.port());
    to.send(handshake({{"Sec-WebSocket-Protocol", "chat.v1"}}) + "\x81\x80\x01\x02\x03\x04");
    BOOST_TEST(read_answer(to).status == 400U);
}

BOOST_AUTO_TEST_CASE(clients_that_vanish_leave_nothing_behind)
{
    two_people p;
    for (int i = 0; i < 30; ++i)
    {
        chat_client client(p.chain.port());
        client.hello(p.ana.token);
        client.send_request("msg.send", p.message("gone"), fresh_cid());
    }
    BOOST_TEST(p.chain.eventually([&] { return p.chain.clients() == 0; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
