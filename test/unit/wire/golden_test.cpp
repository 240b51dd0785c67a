// The 31 frames of the contract, and ours against its schema.
#include "frame_rules.hpp"
#include "wire/client_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <sstream>

using namespace chaind;
using namespace chaind::wire;
using chaind::test::frame_rules;

namespace
{

namespace json = boost::json;

std::vector<json::value> examples()
{
    std::vector<json::value> out;
    std::istringstream lines(test::test_data("chat.v1/examples.jsonl"));
    for (std::string line; std::getline(lines, line);)
        if (!line.empty()) out.push_back(json::parse(line));
    return out;
}

// The example answer or event whose key has that value, the n-th.
json::value example(char const* key, json::value const& is, int n = 0)
{
    for (auto const& one : examples())
    {
        auto const& frame = one.at("f").as_object();
        auto const* found = frame.if_contains(key);
        if (one.at("dir") == "s" && found != nullptr && *found == is && n-- == 0) return one.at("f");
    }
    throw std::runtime_error("no such example");
}

void check_same(std::string const& ours, json::value const& theirs)
{
    BOOST_TEST((json::parse(ours) == theirs), ours << "\n  instead of " << json::serialize(theirs));
}

chat::event message_event()
{
    chat::event e;
    e.pos = seq(1040);
    e.kind = chat::event_kind::msg_new;
    e.conv = chat::conv_id(9);
    e.uid = chat::user_id(5);
    e.mid = chat::message_id(412);
    e.at_seq = 71;
    e.rev = 88;
    e.at_ms = 1795424405123;
    chat::message text;
    text.body = "deploy is green";
    e.text = text;
    return e;
}

chat::conversation a_room()
{
    chat::conversation out;
    out.id = chat::conv_id(9);
    out.kind = chat::conv_kind::room;
    out.name = "general";
    out.priv = false;
    out.creator = chat::user_id(5);
    out.last_seq = 71;
    out.rev = 88;
    out.members = 3;
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden)

BOOST_AUTO_TEST_CASE(the_examples_keep_the_schema)
{
    frame_rules const rules;
    auto const all = examples();
    BOOST_TEST(all.size() == 31u);
    for (auto const& one : all)
        BOOST_TEST(
            rules.broken(one.at("dir") == "c" ? "client" : "server", json::serialize(one.at("f"))) == ""
        );
    // The check itself can fail.
    BOOST_TEST(rules.broken("server", R"({"re":1,"ok":true,"d":{}})") != "");
    BOOST_TEST(rules.broken("server", R"({"ev":"msg.new","pos":1,"d":{}})") != "");
    BOOST_TEST(rules.broken("client", R"({"id":0,"op":"ping","d":{}})") != "");
}

BOOST_AUTO_TEST_CASE(every_client_example_parses)
{
    std::size_t seen = 0;
    for (auto const& one : examples())
    {
        if (one.at("dir") != "c") continue;
        ++seen;
        auto const text = json::serialize(one.at("f"));
        auto const frame = parse_frame(text, 16384);
        auto const* no = std::get_if<refused_frame>(&frame);
        if (one.at("f").at("op") == "react")
            BOOST_TEST((no != nullptr && no->why.field == "op"));
        else
            BOOST_TEST((no == nullptr), text);
    }
    BOOST_TEST(seen == 11u);
}

BOOST_AUTO_TEST_CASE(answers_are_those_of_the_examples)
{
    chat::message_sent const sent{
        .mid = chat::message_id(413), .at_seq = 72, .rev = 89, .at_ms = 1795424406001
    };
    check_same(response(7, seq(1043), false, outcome_d(sent, 3)), example("re", 7));
    check_same(response(7, seq(1043), true, outcome_d(sent, 2)), example("re", 7, 1));
    check_same(
        error_response(
            8,
            {.code = chat::api_errc::unavailable, .message = "chain is reconfiguring", .field = {}},
            {.outcome = result_outcome::unknown, .after_ms = 150}
        ),
        example("re", 8)
    );
    check_same(
        error_response(
            9, {.code = chat::api_errc::forbidden, .message = "not a member of c_44", .field = {}}
        ),
        example("re", 9)
    );
    check_same(response(16, seq(1046), ping_d(1795424410000)), example("re", 16));
}

BOOST_AUTO_TEST_CASE(events_are_those_of_the_examples)
{
    auto const uid = chat::user_id(2);
    chat::event read;
    read.pos = seq(1042);
    read.kind = chat::event_kind::read;
    read.conv = chat::conv_id(9);
    read.uid = chat::user_id(5);
    read.at_seq = 71;
    std::vector<std::string> const batch{
        event_frame(message_event(), uid, {}, seq(1037)), event_frame(read, uid, {}, seq(1040))
    };
    for (auto const& one : examples())
        if (one.at("f").as_object().contains("evs")) check_same(batch_frame(batch), one.at("f"));

    check_same(live_frame(seq(1042)), example("ev", "live"));
    check_same(typing_frame(chat::conv_id(9), chat::user_id(5), true), example("ev", "typing"));
    std::vector<std::string> const prefer{"n1", "n3"};
    check_same(bye_frame(4001, "draining for upgrade", true, 10000, prefer), example("ev", "bye"));
}

BOOST_AUTO_TEST_CASE(every_frame_that_we_write_keeps_the_schema)
{
    frame_rules const rules;
    auto const server = [&](std::string const& frame) { BOOST_TEST(rules.broken("server", frame) == ""); };
    chat::person const ana{.uid = chat::user_id(2), .name = "ana", .display = "Ana", .as = chat::role::owner};
    chat::person const bob{.uid = chat::user_id(5), .name = "bob", .display = "Bob", .as = {}};
    cluster_view const cluster{
        .state = health::degraded,
        .epoch = 18,
        .replicas = 2,
        .want = 3,
        .node = "n2",
        .reason = "n1 unreachable",
        .endpoints = {{.node = "n2", .url = "ws://127.0.0.1:8082/ws"}}
    };

    hello_answer hello;
    hello.cluster = cluster;
    hello.resume = "new";
    server(response(1, seq(5), hello_d(hello)));
    hello.me = ana;
    hello.msg_per_s = 10;
    hello.caps = {"batch"};
    server(response(1, seq(5), hello_d(hello)));
    auto const limits = json::parse(hello_d(hello)).at("limits");
    BOOST_TEST((limits.at("rate") == json::parse(R"({"msg_per_s":10,"burst":20})")));
    server(response(1, seq(5), cluster_d(cluster)));
    server(cluster_frame(cluster));

    chat::sync_page sync;
    sync.next = "u:7";
    sync.users = {ana, bob};
    sync.convs.push_back(
        {.conv = a_room(), .member = true, .peer = {}, .read = 70, .last = message_event().text}
    );
    sync.convs.push_back({.conv = a_room(), .member = false, .peer = {}, .last = {}});
    server(response(2, seq(5), sync_d(sync)));
    auto const convs = json::parse(sync_d(sync)).at("convs");
    BOOST_TEST(convs.at(0).at("unread").as_int64() == 1);
    BOOST_TEST(convs.at(1).at("unread").as_int64() == 0);
    BOOST_TEST(convs.at(1).at("member").as_bool() == false);

    chat::history_page history;
    history.msgs.push_back({.row = *message_event().text, .delivered = true, .read = false});
    server(response(3, seq(5), history_d(history)));
    chat::members_page members;
    members.members.push_back({.who = bob, .read = 1, .delivered = 2});
    members.next = chat::user_id(5);
    server(response(4, seq(5), members_d(members)));
    chat::users_page users;
    users.users = {ana};
    server(response(5, seq(5), users_d(users)));

    for (chat::outcome const& what :
         {chat::outcome(chat::done{}),
          chat::outcome(chat::account_created{.uid = chat::user_id(1)}),
          chat::outcome(chat::session_created{.id = chat::session_id(1)}),
          chat::outcome(chat::changed{.rev = 4}),
          chat::outcome(chat::conv_made{.conv = chat::conv_id(1), .name = "n", .topic = {}, .peer = {}})})
        server(response(6, seq(5), false, outcome_d(what, 3)));
    for (std::uint32_t code = 1; chat::is_api_errc(code); ++code)
        server(error_response(
            7,
            {.code = static_cast<chat::api_errc>(code), .message = "a \"quoted\"\n text", .field = "x"},
            {.outcome = {}, .after_ms = 5}
        ));

    auto e = message_event();
    e.people = {ana, bob};
    e.about = a_room();
    e.marks = {
        {.uid = bob.uid, .conv = chat::conv_id(9), .at_seq = 3},
        {.uid = bob.uid, .conv = chat::conv_id(12), .at_seq = 4}
    };
    std::vector<chat::conv_id> const own{chat::conv_id(9), chat::conv_id(12)};
    for (int kind = 1; kind <= 8; ++kind)
    {
        e.kind = static_cast<chat::event_kind>(kind);
        server(event_frame(e, ana.uid, own, seq(3)));
    }
}

BOOST_AUTO_TEST_CASE(a_direct_conversation_bears_the_others_name)
{
    chat::event e;
    e.kind = chat::event_kind::conv_new;
    e.conv = chat::conv_id(12);
    e.about = a_room();
    e.about->kind = chat::conv_kind::dm;
    e.people = {
        {.uid = chat::user_id(2), .name = "ana", .display = "Ana", .as = {}},
        {.uid = chat::user_id(5), .name = "bob", .display = "Bob", .as = {}}
    };

    BOOST_TEST(differs_by_recipient(e));
    auto const to = [&](std::uint64_t uid)
    { return json::parse(event_frame(e, chat::user_id(uid), {}, seq(1))).at("d").at("name"); };
    BOOST_TEST((to(2) == "bob"));
    BOOST_TEST((to(5) == "ana"));
    // At its beginning it was empty, whatever has been written since.
    auto const d = json::parse(event_frame(e, chat::user_id(2), {}, seq(1))).at("d");
    BOOST_TEST(d.at("seq").as_int64() == 0);
}

BOOST_AUTO_TEST_CASE(nobody_sees_watermarks_of_conversations_that_are_not_his)
{
    chat::event e;
    e.kind = chat::event_kind::delivered;
    e.to = chat::audience::marks;
    e.marks = {
        {.uid = chat::user_id(5), .conv = chat::conv_id(9), .at_seq = 3},
        {.uid = chat::user_id(6), .conv = chat::conv_id(12), .at_seq = 4},
        {.uid = chat::user_id(7), .conv = chat::conv_id(13), .at_seq = 5}
    };
    std::vector<chat::conv_id> const own{chat::conv_id(12), chat::conv_id(13)};

    auto const frame = json::parse(event_frame(e, chat::user_id(2), own, seq(1)));
    BOOST_TEST((frame.at("conv") == "c_12"));
    BOOST_TEST((
        frame.at("d") == json::parse(R"({"uid":"u_6","seq":4,"more":[{"conv":"c_13","uid":"u_7","seq":5}]})")
    ));
}

BOOST_AUTO_TEST_CASE(texts_come_out_as_they_went_in)
{
    auto e = message_event();
    e.text->body = std::string("\"\\\n\t\0\x1f\x7f \xf0\x9f\x91\x8d </script> \xe2\x80\xa8", 26);
    auto const frame = json::parse(event_frame(e, chat::user_id(2), {}, seq(1)));
    auto const& body = frame.at("d").at("body").as_string();
    BOOST_TEST(std::string(body.data(), body.size()) == e.text->body);
}

BOOST_AUTO_TEST_SUITE_END()
