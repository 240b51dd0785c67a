// What clients send, well-formed and not.
#include "wire/client_json.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace chaind;
using namespace chaind::wire;

namespace
{

constexpr std::size_t body_limit = 16 * 1024;

request accepted(std::string const& text)
{
    auto out = parse_frame(text, body_limit);
    if (auto const* no = std::get_if<refused_frame>(&out))
        BOOST_FAIL("refused: " << no->why.message << " " << text);
    return std::get<request>(out);
}

template <class T>
T changed_by(std::string const& text)
{
    return std::get<T>(std::get<chat::command_body>(accepted(text).what));
}

// "re code field", and "!" where the frame counts as unparseable.
std::string refused(std::string const& text, std::size_t limit = body_limit)
{
    auto const out = parse_frame(text, limit);
    auto const* no = std::get_if<refused_frame>(&out);
    if (no == nullptr) return "accepted";
    return std::to_string(no->re) + " " + std::string(chat::name_of(no->why.code)) + " " + no->why.field +
           (no->unparseable ? "!" : "");
}

std::string send_frame(std::string const& d)
{
    return R"({"id":7,"op":"msg.send","cid":"01J9ZKQ3V7Y8M2N4P6R8T0W2X4","d":)" + d + "}";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parse)

BOOST_AUTO_TEST_CASE(a_message_is_read_byte_by_byte)
{
    auto const text = send_frame(
        R"({"conv":"c_9","body":"a\u0000\n\ud83d\udc4d<script>","fmt":"plain","mentions":["u_5"],"reply_to":"m_412"})"
    );
    auto const frame = accepted(text);
    BOOST_TEST(frame.id == 7);
    BOOST_TEST(frame.cid == "01J9ZKQ3V7Y8M2N4P6R8T0W2X4");
    auto const message = changed_by<chat::msg_send>(text);
    BOOST_TEST(message.conv == chat::conv_id(9));
    BOOST_TEST(message.body == std::string("a\0\n\xf0\x9f\x91\x8d<script>", 15));
    BOOST_TEST((message.fmt == chat::text_format::plain));
    BOOST_TEST((message.mentions == std::vector<chat::user_id>{chat::user_id(5)}));
    BOOST_TEST(message.reply_to == chat::message_id(412));
}

BOOST_AUTO_TEST_CASE(what_a_client_says_about_itself_is_ignored)
{
    auto const message = changed_by<chat::msg_send>(
        send_frame(R"({"conv":"c_9","body":"x","sender":"u_1","uid":"u_1","delivered":true,"at":5})")
    );
    BOOST_TEST(message.body == "x");
    BOOST_TEST(refused(R"({"id":7,"op":"ping","d":{},"sender":"u_1"})") == "7 bad_request sender");
    BOOST_TEST(refused(R"({"id":7,"op":"ping","d":{},"uid":2})") == "7 bad_request uid");
}

BOOST_AUTO_TEST_CASE(what_is_no_json_object_is_unparseable)
{
    for (std::string const& text :
         {std::string(),
          std::string("hello"),
          std::string("[]"),
          std::string("7"),
          std::string("null"),
          std::string("{"),
          std::string(R"({"id":NaN,"op":"ping","d":{}})"),
          std::string(R"({'id':1})"),
          std::string(100'000, '['),
          R"({"a":)" + std::string(40, '[') + std::string(40, ']') + "}"})
        BOOST_TEST(refused(text) == "0 bad_request !", text.substr(0, 60));
}

BOOST_AUTO_TEST_CASE(a_refusal_names_the_request_also_where_the_frame_could_not_be_read)
{
    for (std::string const& text :
         {std::string(R"({"id":1,"op":"ping","d":{}} x)"),
          std::string(R"({"id":1,"op":"ping","d":{}}{})"),
          std::string(R"({"id":1,})"),
          std::string(R"({"id":1)"),
          std::string("{\"id\":1,\"op\":\"ping\",\"d\":{\"a\":\"\x01\"}}"),
          std::string("{\"id\":1,\"op\":\"ping\",\"d\":{\"a\":\"\xff\"}}"),
          std::string("{\"id\":1,\"op\":\"ping\",\"d\":{}}\0", 28),
          std::string(R"({"id":1,"op":"ping","d":{"a":"\ud800"}})"),
          std::string(R"({"id":1,"op":"ping","d":{"a":"\udc00x"}})"),
          std::string(R"({"id":1,"op":"ping","d":{"a":"\ud800\u0041"}})"),
          std::string(R"( { "op":"id", "d":{"id":5,"a":"}\"{\ud800"}, "id" : 1 })"),
          R"({"id":1,"a":)" + std::string(40, '[') + std::string(40, ']') + "}"})
        BOOST_TEST(refused(text) == "1 bad_request !", text.substr(0, 60));
    for (std::string const id :
         {"0", "-1", "1.5", "2147483648", "1e400", "\"1\"", "[1]", "", "1x", "99999999999999999999"})
        BOOST_TEST(refused(R"({"id":)" + id + R"(,"d":"\ud800"})") == "0 bad_request !", id);
    for (std::string const text :
         {R"({"d":{"id":1,"a":"\ud800"}})",
          R"(["id":1,])",
          R"({"a":"\"id\":1,)",
          R"({"d":"id":1})",
          R"({"id":1,"id":1})"})
        BOOST_TEST(refused(text).starts_with("0 bad_request"), text);
}

BOOST_AUTO_TEST_CASE(the_same_key_twice_is_refused_wherever_it_is)
{
    BOOST_TEST(refused(R"({"id":1,"id":2,"op":"ping","d":{}})") == "0 bad_request !");
    BOOST_TEST(refused(R"({"id":1,"op":"ping","d":{"a":{"b":1,"c":2,"b":1}}})") == "1 bad_request !");
    BOOST_TEST(refused(R"({"id":1,"op":"ping","d":{"a":1,"\u0061":1}})") == "1 bad_request !");
    BOOST_TEST(refused(R"({"id":1,"op":"ping","d":{"a":{"x":1},"b":{"x":1}}})") == "accepted");
}

BOOST_AUTO_TEST_CASE(every_frame_field_is_checked_and_named)
{
    BOOST_TEST(refused(R"({"op":"ping","d":{}})") == "0 bad_request id");
    for (std::string const id :
         {"0", "-1", "1.5", "2147483648", "9007199254740993", "1e400", "\"1\"", "[]", "null"})
        BOOST_TEST(refused(R"({"id":)" + id + R"(,"op":"ping","d":{}})") == "0 bad_request id", id);
    BOOST_TEST(refused(R"({"id":2147483647,"op":"ping","d":{}})") == "accepted");
    BOOST_TEST(refused(R"({"id":3,"d":{}})") == "3 bad_request op");
    BOOST_TEST(refused(R"({"id":3,"op":5,"d":{}})") == "3 bad_request op");
    BOOST_TEST(refused(R"({"id":3,"op":"drop","d":{}})") == "3 bad_request op");
    BOOST_TEST(refused(R"({"id":3,"op":"ping"})") == "3 bad_request d");
    BOOST_TEST(refused(R"({"id":3,"op":"ping","d":[]})") == "3 bad_request d");
    BOOST_TEST(
        refused(R"({"id":3,"op":"ping","d":{},"cid":"01J9ZKQ3V7Y8M2N4P6R8T0W2X4"})") == "3 bad_request cid"
    );
    BOOST_TEST(refused(R"({"id":3,"op":"ping","d":{},"min_pos":-1})") == "3 bad_request min_pos");
    BOOST_TEST(
        refused(R"({"id":3,"op":"ping","d":{},"min_pos":9007199254740992})") == "3 bad_request min_pos"
    );
    BOOST_TEST(accepted(R"({"id":3,"op":"ping","d":{},"min_pos":5})").min_pos.value() == seq(5));
    BOOST_TEST(refused(R"({"id":4,"op":"read","d":{"conv":"c_1","seq":1}})") == "4 bad_request cid");
    BOOST_TEST(
        refused(R"({"id":4,"op":"read","cid":"x","d":{"conv":"c_1","seq":1}})") == "4 bad_request cid"
    );
    BOOST_TEST(
        refused(R"({"id":4,"op":"read","cid":"01j9zkq3v7y8m2n4p6r8t0w2x4","d":{"conv":"c_1","seq":1}})") ==
        "4 bad_request cid"
    );
}

BOOST_AUTO_TEST_CASE(an_op_of_a_later_version_says_so)
{
    auto const out =
        parse_frame(R"({"id":3,"op":"react","cid":"01J9ZKQ3V7Y8M2N4P6R8T0W2X4","d":{}})", body_limit);
    auto const& no = std::get<refused_frame>(out);
    BOOST_TEST(no.re == 3);
    BOOST_TEST(no.why.field == "op");
    BOOST_TEST(no.why.message.find("not available") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_payload_of_a_message_is_checked_and_named)
{
    BOOST_TEST(refused(send_frame("{}")) == "7 bad_request conv");
    BOOST_TEST(refused(send_frame(R"({"conv":9,"body":"x"})")) == "7 bad_request conv");
    for (std::string const conv :
         {"", "9", "c_", "c_0", "c_01", "u_9", "c_-1", "c_9x", "c_99999999999999999999", "C_9"})
        BOOST_TEST(
            refused(send_frame(R"({"conv":")" + conv + R"(","body":"x"})")) == "7 bad_request conv", conv
        );
    BOOST_TEST(refused(send_frame(R"({"conv":"c_9"})")) == "7 bad_request body");
    BOOST_TEST(refused(send_frame(R"({"conv":"c_9","body":7})")) == "7 bad_request body");
    BOOST_TEST(refused(send_frame(R"({"conv":"c_9","body":""})")) == "7 bad_request body");
    BOOST_TEST(refused(send_frame(R"({"conv":"c_9","body":"x","fmt":"html"})")) == "7 bad_request fmt");
    BOOST_TEST(
        refused(send_frame(R"({"conv":"c_9","body":"x","mentions":"u_1"})")) == "7 bad_request mentions"
    );
    BOOST_TEST(
        refused(send_frame(R"({"conv":"c_9","body":"x","mentions":["ana"]})")) == "7 bad_request mentions"
    );
    BOOST_TEST(
        refused(send_frame(R"({"conv":"c_9","body":"x","reply_to":"c_1"})")) == "7 bad_request reply_to"
    );
}

BOOST_AUTO_TEST_CASE(a_body_may_have_exactly_the_limit)
{
    auto const of = [](std::size_t n)
    { return send_frame(R"({"conv":"c_9","body":")" + std::string(n, 'x') + R"("})"); };
    BOOST_TEST(refused(of(100), 100) == "accepted");
    BOOST_TEST(refused(of(101), 100) == "7 too_large body");
}

BOOST_AUTO_TEST_CASE(queries_are_read)
{
    auto const history = std::get<chat::history_query>(
        accepted(R"({"id":14,"op":"history","d":{"conv":"c_9","before":50,"limit":200}})").what
    );
    BOOST_TEST((history.from == chat::history_query::anchor::before));
    BOOST_TEST(history.at == 50u);
    BOOST_TEST(history.limit == 200u);
    auto const in = [](std::string const& d) { return refused(R"({"id":1,"op":"history","d":)" + d + "}"); };
    BOOST_TEST(in(R"({"conv":"c_9","limit":201})") == "1 bad_request limit");
    BOOST_TEST(in(R"({"conv":"c_9","limit":0})") == "1 bad_request limit");
    BOOST_TEST(in(R"({"conv":"c_9","before":1,"after":2})") == "1 bad_request after");
    BOOST_TEST(in(R"({"conv":"c_9","around":"x"})") == "1 bad_request around");

    auto const sync = std::get<chat::sync_query>(
        accepted(R"({"id":2,"op":"sync","d":{"since":5,"convs":false,"users":true,"next":"u:7"}})").what
    );
    BOOST_TEST(sync.since == seq(5));
    BOOST_TEST(!sync.convs);
    BOOST_TEST(sync.next == "u:7");
    auto const users =
        std::get<chat::users_query>(accepted(R"({"id":2,"op":"users","d":{"prefix":"an"}})").what);
    BOOST_TEST(users.prefix == "an");
    auto const members =
        std::get<chat::members_query>(accepted(R"({"id":2,"op":"members","d":{"conv":"c_3"}})").what);
    BOOST_TEST(members.conv == chat::conv_id(3));
}

BOOST_AUTO_TEST_CASE(hello_is_read_with_and_without_a_past)
{
    auto const fresh = std::get<hello>(accepted(R"({"id":1,"op":"hello","d":{"proto":[1]}})").what);
    BOOST_TEST(!fresh.token);
    BOOST_TEST(!fresh.resume);
    auto const back = std::get<hello>(
        accepted(R"({"id":1,"op":"hello","d":{"proto":[1,2],"token":"t","resume":{"lineage":"ln","pos":7}}})")
            .what
    );
    BOOST_TEST(back.token.value() == "t");
    BOOST_TEST(back.resume->pos == seq(7));
    BOOST_TEST(back.proto.size() == 2u);

    auto const in = [](std::string const& d) { return refused(R"({"id":1,"op":"hello","d":)" + d + "}"); };
    BOOST_TEST(in("{}") == "1 bad_request proto");
    BOOST_TEST(in(R"({"proto":1})") == "1 bad_request proto");
    BOOST_TEST(in(R"({"proto":[1],"token":5})") == "1 bad_request token");
    BOOST_TEST(in(R"({"proto":[1],"resume":{"lineage":"ln"}})") == "1 bad_request resume.pos");
    BOOST_TEST(in(R"({"proto":[1],"resume":{"lineage":"ln","pos":-1}})") == "1 bad_request resume.pos");
}

BOOST_AUTO_TEST_CASE(conversations_are_made_of_two_or_by_name)
{
    auto const make = [](std::string const& d)
    { return R"({"id":1,"op":"conv.create","cid":"01J9ZKQ3V7Y8M2N4P6R8T0W2X4","d":)" + d + "}"; };
    BOOST_TEST(
        changed_by<chat::dm_create>(make(R"({"kind":"dm","members":["u_5"]})")).peer == chat::user_id(5)
    );
    auto const room = changed_by<chat::room_create>(make(R"({"kind":"room","name":"Ops","priv":true})"));
    BOOST_TEST(room.name == "Ops");
    BOOST_TEST(room.priv);
    BOOST_TEST(refused(make(R"({"kind":"group"})")) == "1 bad_request kind");
    BOOST_TEST(refused(make(R"({"kind":"dm","members":[]})")) == "1 bad_request members");
    BOOST_TEST(refused(make(R"({"kind":"dm","members":["u_1","u_2"]})")) == "1 bad_request members");
    BOOST_TEST(refused(make(R"({"kind":"room"})")) == "1 bad_request name");
    BOOST_TEST(refused(make(R"({"kind":"room","name":"x","priv":1})")) == "1 bad_request priv");
}

BOOST_AUTO_TEST_CASE(notes_have_no_id)
{
    BOOST_TEST(std::get<ack>(accepted(R"({"op":"ack","d":{"pos":1046}})").what).pos == seq(1046));
    BOOST_TEST(accepted(R"({"op":"ack","d":{"pos":1046}})").id == 0);
    BOOST_TEST(refused(R"({"id":4,"op":"ack","d":{"pos":1}})") == "4 bad_request id");
    BOOST_TEST(refused(R"({"op":"ack","d":{"pos":"1"}})") == "0 bad_request pos");
    BOOST_TEST(refused(R"({"op":"typing","d":{"conv":"c_1"}})") == "0 bad_request on");
}

BOOST_AUTO_TEST_CASE(a_refusal_names_a_long_key_up_to_a_whole_character)
{
    std::string key(63, 'x');
    BOOST_TEST(
        refused("{\"id\":4,\"op\":\"ping\",\"d\":{},\"" + key + "\xc3\xa9y\":1}") == "4 bad_request " + key
    );
    key.pop_back();
    key += "\xc3\xa9";
    BOOST_TEST(refused("{\"id\":4,\"op\":\"ping\",\"d\":{},\"" + key + "y\":1}") == "4 bad_request " + key);
}

BOOST_AUTO_TEST_CASE(http_bodies_are_read)
{
    auto const of = std::get<credentials>(parse_credentials(R"({"name":"Ana","password":"p","x":1})"));
    BOOST_TEST(of.name == "Ana");
    BOOST_TEST(of.password == "p");
    BOOST_TEST(std::get<chat::failure>(parse_credentials(R"({"name":"a"})")).field == "password");
    BOOST_TEST(
        std::get<chat::failure>(parse_credentials(R"({"name":["a"],"password":"p"})")).field == "name"
    );
    BOOST_TEST(!std::get<chat::failure>(parse_credentials("no")).message.empty());
    BOOST_TEST(std::get<new_password>(parse_new_password(R"({"old":"a","new":"b"})")).fresh == "b");
    auto const sent = parse_message(R"({"conv":"c_3","body":"hi","fmt":"plain","of":"later"})", body_limit);
    BOOST_TEST(std::get<chat::msg_send>(std::get<chat::command_body>(sent)).body == "hi");
    BOOST_TEST(std::get<chat::failure>(parse_message(R"({"conv":"c_3"})", body_limit)).field == "body");
}

BOOST_AUTO_TEST_CASE(no_http_body_has_a_field_twice)
{
    auto const refused = [](auto const& parsed)
    {
        auto const* why = std::get_if<chat::failure>(&parsed);
        BOOST_TEST_REQUIRE(why != nullptr);
        BOOST_TEST((why->code == chat::api_errc::bad_request));
        BOOST_TEST(why->message == "an object with the same key twice");
    };
    refused(parse_credentials(R"({"name":"a","password":"p","name":"b"})"));
    refused(parse_new_password(R"({"old":"a","new":"b","new":"c"})"));
    refused(parse_message(R"({"conv":"c_3","body":"x","body":"y"})", body_limit));
    refused(parse_message(R"({"conv":"c_3","body":"x","other":{"a":1,"a":2}})", body_limit));
}

BOOST_AUTO_TEST_SUITE_END()
