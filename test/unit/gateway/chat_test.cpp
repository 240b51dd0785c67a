// chat.v1 as its clients know it: hello, resume, changes, events (docs/client_api.md 1).
#include "chat_fixture.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/data/test_case.hpp>

namespace chaind::test
{

namespace json = boost::json;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(chat_v1)

// ---- the handshake

BOOST_AUTO_TEST_CASE(an_unknown_or_absent_subprotocol_gets_the_list_of_known_ones)
{
    chain_double chain;
    auto const port = chain.port();
    for (auto const& answer :
         {try_handshake(port, {}), try_handshake(port, {{"Sec-WebSocket-Protocol", "chat.v2, mqtt"}})})
    {
        BOOST_TEST(answer.status == 400U);
        BOOST_TEST(answer.body == R"(["chat.v1"])");
    }
    BOOST_TEST(try_handshake(port, {{"Sec-WebSocket-Protocol", "chat.v2, chat.v1"}}).status == 101U);
}

BOOST_AUTO_TEST_CASE(foreign_pages_are_refused_and_programs_are_not)
{
    chain_double chain(quick_settings(), 2);
    auto const with = [&](std::string const& origin)
    {
        return try_handshake(
                   chain.port(), {{"Sec-WebSocket-Protocol", "chat.v1"}, {"Origin", origin}}
        ).status;
    };
    BOOST_TEST(with("http://evil.example") == 403U);
    BOOST_TEST(with("null") == 403U);
    BOOST_TEST(with("http://chat.test.evil.example") == 403U);
    BOOST_TEST(with("http://chat.test") == 101U);
    BOOST_TEST(with("http://127.0.0.1:" + std::to_string(chain.port(1))) == 101U);
}

// ---- hello

BOOST_AUTO_TEST_CASE(without_a_token_only_ping_and_status_are_allowed)
{
    chain_double chain;
    chat_client client(chain.port());
    auto const hello = client.hello("");
    BOOST_TEST_REQUIRE(hello.at("ok").as_bool());
    BOOST_TEST(hello.at("d").at("me").is_null());
    BOOST_TEST(text_at(hello, {"d", "resume"}) == "new");
    BOOST_TEST(client.request("ping", {}).at("ok").as_bool());
    BOOST_TEST(text_at(client.request("status", {}), {"d", "state"}) == "healthy");
    BOOST_TEST(
        error_of(client.request("sync", {{"since", 0}, {"convs", true}, {"users", true}})) ==
        "unauthenticated"
    );
    BOOST_TEST(error_of(client.request("conv.join", {{"conv", "c_1"}}, fresh_cid())) == "unauthenticated");
}

BOOST_AUTO_TEST_CASE(nothing_is_answered_before_hello)
{
    two_people p;
    chat_client client(p.chain.port());
    BOOST_TEST(error_of(client.request("history", {{"conv", p.conv}, {"limit", 5}})) == "unauthenticated");
    BOOST_TEST(error_of(client.request("msg.send", p.message("hi"), fresh_cid())) == "unauthenticated");
    BOOST_TEST(client.hello(p.ana.token).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(silence_instead_of_hello_is_closed)
{
    auto with = quick_settings();
    with.hello_within = std::chrono::milliseconds(150);
    chain_double chain(with);
    chat_client client(chain.port());
    BOOST_TEST(client.wait_for_close() == 4500);
    BOOST_TEST(number_at(client.next_hint("bye").value(), {"d", "code"}) == 4500);
}

BOOST_AUTO_TEST_CASE(a_bad_token_is_answered_and_then_closed)
{
    chain_double chain;
    chat_client client(chain.port());
    auto const answer = client.hello("s1.guessed");
    BOOST_TEST(error_of(answer) == "unauthenticated");
    BOOST_TEST(text_at(answer, {"err", "retry"}) == "reauth");
    BOOST_TEST(client.wait_for_close() == 4501);
}

BOOST_AUTO_TEST_CASE(a_second_hello_is_a_bad_request_even_as_somebody_else)
{
    two_people p;
    chat_client client(p.chain.port());
    client.hello(p.ana.token);
    BOOST_TEST(error_of(client.hello(p.bob.token)) == "bad_request");
    auto const sent = client.request("msg.send", p.message("still ana"), fresh_cid());
    BOOST_TEST(sent.at("ok").as_bool());
    BOOST_TEST(text_at(client.next_event().value(), {"d", "uid"}) == p.ana.uid);
}

BOOST_AUTO_TEST_CASE(an_unknown_protocol_version_is_named)
{
    chain_double chain;
    chat_client client(chain.port());
    BOOST_TEST(error_of(client.request("hello", {{"proto", {2, 3}}})) == "unsupported_version");
    BOOST_TEST(client.hello("").at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(hello_tells_the_limits_and_the_cluster)
{
    two_people p;
    chat_client client(p.chain.port(1));
    auto const hello = client.hello(p.bob.token, {{"caps", {"batch", "teleport"}}});
    BOOST_TEST(text_at(hello, {"d", "me", "name"}) == "bob");
    BOOST_TEST(text_at(hello, {"d", "lineage"}) == "ln_test");
    BOOST_TEST(json::serialize(hello.at("d").at("caps")) == R"(["batch"])");
    BOOST_TEST(number_at(hello, {"d", "limits", "frame"}) == 65536);
    BOOST_TEST(number_at(hello, {"d", "limits", "inflight"}) == 32);
    BOOST_TEST(text_at(hello, {"d", "cluster", "node"}) == "n2");
    BOOST_TEST(hello.at("d").at("cluster").at("endpoints").as_array().size() == 2U);
    BOOST_TEST(number_at(client.next_hint("live").value(), {"pos"}) == number_at(hello, {"pos"}));
}

BOOST_AUTO_TEST_CASE(a_user_has_a_bounded_number_of_connections)
{
    auto with = quick_settings();
    with.connections_per_user_max = 2;
    two_people p(with);
    chat_client one(p.chain.port());
    chat_client two(p.chain.port());
    chat_client three(p.chain.port());
    BOOST_TEST(one.hello(p.bob.token).at("ok").as_bool());
    BOOST_TEST(two.hello(p.bob.token).at("ok").as_bool());
    BOOST_TEST(error_of(three.hello(p.bob.token)) == "quota_exceeded");
    BOOST_TEST(three.wait_for_close() == 4505);
    BOOST_TEST(one.request("ping", {}).at("ok").as_bool());
}

// ---- changes and events

BOOST_AUTO_TEST_CASE(a_message_reaches_everybody_at_every_replica_once)
{
    two_people p;
    chat_client ana(p.chain.port(0));
    chat_client bob(p.chain.port(1));
    ana.hello(p.ana.token);
    auto const start = number_at(bob.hello(p.bob.token), {"pos"});

    auto const sent = ana.request("msg.send", p.message("hello *bob*"), fresh_cid());

    BOOST_TEST_REQUIRE(sent.at("ok").as_bool());
    BOOST_TEST(!sent.at("dup").as_bool());
    BOOST_TEST(number_at(sent, {"d", "seq"}) == 1);
    BOOST_TEST(number_at(sent, {"d", "replicas"}) == 2);
    for (auto* one : {&ana, &bob})
    {
        auto const event = one->next_event();
        BOOST_TEST_REQUIRE(event.has_value());
        BOOST_TEST(text_at(*event, {"ev"}) == "msg.new");
        BOOST_TEST(text_at(*event, {"conv"}) == p.conv);
        BOOST_TEST(text_at(*event, {"d", "body"}) == "hello *bob*");
        BOOST_TEST(text_at(*event, {"d", "mid"}) == text_at(sent, {"d", "mid"}));
        BOOST_TEST(number_at(*event, {"pos"}) == number_at(sent, {"pos"}));
        BOOST_TEST(number_at(*event, {"prev"}) == start);
    }
}

BOOST_AUTO_TEST_CASE(the_same_change_again_is_a_dup_at_any_replica)
{
    two_people p;
    chat_client ana(p.chain.port(0));
    chat_client elsewhere(p.chain.port(1));
    ana.hello(p.ana.token);
    elsewhere.hello(p.ana.token);
    auto const cid = fresh_cid();
    auto const first = ana.request("msg.send", p.message("once"), cid);

    auto const again = elsewhere.request("msg.send", p.message("once"), cid);
    auto const other = elsewhere.request("msg.send", p.message("twice"), cid);

    BOOST_TEST(again.at("dup").as_bool());
    BOOST_TEST(number_at(again, {"pos"}) == number_at(first, {"pos"}));
    BOOST_TEST(text_at(again, {"d", "mid"}) == text_at(first, {"d", "mid"}));
    BOOST_TEST(error_of(other) == "cid_mismatch");
}

BOOST_AUTO_TEST_CASE(the_sender_is_the_session_whatever_the_client_says)
{
    two_people p;
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token);
    auto message = p.message("I am ana");
    message["uid"] = p.ana.uid;
    message["sender"] = p.ana.uid;
    message["mid"] = "m_999";
    message["delivered"] = true;
    BOOST_TEST(bob.request("msg.send", message, fresh_cid()).at("ok").as_bool());
    auto const event = bob.next_event().value();
    BOOST_TEST(text_at(event, {"d", "uid"}) == p.bob.uid);
    BOOST_TEST(text_at(event, {"d", "mid"}) == "m_1");
}

BOOST_AUTO_TEST_CASE(others_conversations_do_not_exist_for_a_stranger)
{
    two_people p;
    auto const eve = p.chain.register_user("eve");
    chat_client ana(p.chain.port());
    ana.hello(p.ana.token);
    ana.request("msg.send", p.message("private"), fresh_cid());
    chat_client spy(p.chain.port());
    spy.hello(eve.token);
    BOOST_TEST(error_of(spy.request("history", {{"conv", p.conv}, {"limit", 5}})) == "not_found");
    BOOST_TEST(error_of(spy.request("members", {{"conv", p.conv}})) == "not_found");
    BOOST_TEST(error_of(spy.request("msg.send", p.message("hi"), fresh_cid())) == "not_found");
    BOOST_TEST(
        error_of(spy.request("msg.edit", {{"mid", "m_1"}, {"body", "x"}}, fresh_cid())) == "not_found"
    );
    BOOST_TEST(error_of(spy.request("msg.delete", {{"mid", "m_1"}}, fresh_cid())) == "not_found");
    BOOST_TEST(error_of(spy.request("read", {{"conv", p.conv}, {"seq", 1}}, fresh_cid())) == "not_found");
    BOOST_TEST(error_of(spy.request("conv.join", {{"conv", p.conv}}, fresh_cid())) == "not_found");
    ana.request("msg.send", p.message("more"), fresh_cid());
    BOOST_TEST(!spy.next_event(std::chrono::milliseconds(100)).has_value());
}

BOOST_AUTO_TEST_CASE(edit_delete_read_and_history_work_over_the_wire)
{
    two_people p;
    chat_client ana(p.chain.port(0));
    chat_client bob(p.chain.port(1));
    ana.hello(p.ana.token);
    bob.hello(p.bob.token);
    std::string const odd =
        "\xe2\x80\xae<script>alert('x')</script> \xf0\x9f\x91\x8d \"quoted\" \\ line\nforged";
    auto const sent = ana.request("msg.send", p.message(odd), fresh_cid());
    auto const mid = text_at(sent, {"d", "mid"});
    BOOST_TEST(text_at(bob.next_event().value(), {"d", "body"}) == odd);
    BOOST_TEST(
        ana.request(
               "msg.edit", {{"mid", mid}, {"body", "edited"}, {"if_rev", sent.at("d").at("rev")}}, fresh_cid()
        )
            .at("ok")
            .as_bool()
    );
    BOOST_TEST(
        error_of(ana.request("msg.edit", {{"mid", mid}, {"body", "late"}, {"if_rev", 1}}, fresh_cid())) ==
        "precondition_failed"
    );
    BOOST_TEST(text_at(bob.next_event().value(), {"ev"}) == "msg.edit");
    auto page = bob.request("history", {{"conv", p.conv}, {"limit", 10}});
    BOOST_TEST(text_at(page.at("d").at("msgs").as_array().at(0), {"body"}) == "edited");
    BOOST_TEST(bob.request("read", {{"conv", p.conv}, {"seq", 1}}, fresh_cid()).at("ok").as_bool());
    BOOST_TEST(ana.request("msg.delete", {{"mid", mid}}, fresh_cid()).at("ok").as_bool());
    page = ana.request("history", {{"conv", p.conv}, {"limit", 10}});
    auto const& gone = page.at("d").at("msgs").as_array().at(0);
    BOOST_TEST(gone.at("deleted").as_bool());
    BOOST_TEST(gone.at("read").as_bool());
    BOOST_TEST(text_at(gone, {"body"}).empty());
    BOOST_TEST(number_at(gone, {"seq"}) == 1);
}

BOOST_AUTO_TEST_CASE(who_joins_a_room_gets_its_events_and_who_leaves_gets_no_more)
{
    two_people p;
    chat_client ana(p.chain.port(0));
    chat_client bob(p.chain.port(1));
    ana.hello(p.ana.token);
    auto const room =
        ana.request("conv.create", {{"kind", "room"}, {"name", "general"}, {"priv", false}}, fresh_cid());
    auto const conv = text_at(room, {"d", "conv"});
    bob.hello(p.bob.token);
    auto const send = [&](char const* body)
    { ana.request("msg.send", {{"conv", conv}, {"body", body}, {"fmt", "md"}}, fresh_cid()); };
    auto const bobs_next = [&](std::string_view ev) -> json::object
    {
        auto const event = bob.next_event(std::chrono::seconds(4));
        BOOST_TEST_REQUIRE(event.has_value());
        BOOST_TEST(text_at(*event, {"ev"}) == ev);
        return *event;
    };
    send("before");
    BOOST_TEST(bob.request("conv.join", {{"conv", conv}}, fresh_cid()).at("ok").as_bool());
    bobs_next("conv.member");
    send("between");
    BOOST_TEST(text_at(bobs_next("msg.new"), {"d", "body"}) == "between");
    BOOST_TEST(bob.request("conv.leave", {{"conv", conv}}, fresh_cid()).at("ok").as_bool());
    bobs_next("conv.member");
    send("after");
    BOOST_TEST(!bob.next_event(std::chrono::milliseconds(100)).has_value());
}

BOOST_AUTO_TEST_CASE(typing_is_seen_at_other_replicas_by_who_may_see_it)
{
    two_people p;
    auto const eve = p.chain.register_user("eve");
    chat_client ana(p.chain.port(0));
    chat_client bob(p.chain.port(1));
    chat_client spy(p.chain.port(1));
    chat_client phone(p.chain.port(1));
    ana.hello(p.ana.token);
    bob.hello(p.bob.token);
    spy.hello(eve.token);
    phone.hello(p.ana.token);
    for (bool const on : {true, false})
    {
        auto const note = json::object{{"op", "typing"}, {"d", {{"conv", p.conv}, {"on", on}}}};
        spy.send_text(json::serialize(note));
        ana.send_text(json::serialize(note));
        auto const seen = bob.next_hint("typing");
        BOOST_TEST_REQUIRE(seen.has_value());
        BOOST_TEST(text_at(*seen, {"d", "uid"}) == p.ana.uid);
        BOOST_TEST(text_at(*seen, {"conv"}) == p.conv);
        BOOST_TEST(seen->at("d").at("on").as_bool() == on);
    }
    BOOST_TEST(!bob.next_hint("typing", std::chrono::milliseconds(50)).has_value());
    BOOST_TEST(!spy.next_hint("typing", std::chrono::milliseconds(50)).has_value());
    BOOST_TEST(!phone.next_hint("typing", std::chrono::milliseconds(50)).has_value());  // oneself
}

BOOST_AUTO_TEST_CASE(typing_is_seen_by_the_other_and_not_by_strangers)
{
    two_people p;
    auto const eve = p.chain.register_user("eve");
    chat_client ana(p.chain.port());
    chat_client bob(p.chain.port());
    chat_client spy(p.chain.port());
    chat_client phone(p.chain.port());
    ana.hello(p.ana.token);
    bob.hello(p.bob.token);
    spy.hello(eve.token);
    phone.hello(p.ana.token);
    auto const note =
        json::serialize(json::object{{"op", "typing"}, {"d", {{"conv", p.conv}, {"on", true}}}});
    spy.send_text(note);
    ana.send_text(note);
    auto const seen = bob.next_hint("typing");
    BOOST_TEST_REQUIRE(seen.has_value());
    BOOST_TEST(text_at(*seen, {"d", "uid"}) == p.ana.uid);
    BOOST_TEST(!bob.next_hint("typing", std::chrono::milliseconds(50)).has_value());
    BOOST_TEST(!phone.next_hint("typing", std::chrono::milliseconds(50)).has_value());  // oneself
}

// ---- resume

BOOST_AUTO_TEST_CASE(a_resumed_client_gets_what_it_missed_at_another_replica)
{
    two_people p;
    std::int64_t stopped_at = 0;
    {
        chat_client bob(p.chain.port(1));
        stopped_at = number_at(bob.hello(p.bob.token), {"pos"});
    }
    p.chain.send_many(p.ana.uid, p.conv, 700);

    chat_client bob(p.chain.port(0));
    auto const hello = bob.hello(
        p.bob.token, {{"caps", {"batch"}}, {"resume", {{"lineage", "ln_test"}, {"pos", stopped_at}}}}
    );

    BOOST_TEST(text_at(hello, {"d", "resume"}) == "ok");
    auto prev = stopped_at;
    for (int n = 1; n <= 700; ++n)
    {
        auto const event = bob.next_event();
        BOOST_TEST_REQUIRE(event.has_value());
        BOOST_TEST(number_at(*event, {"prev"}) == prev);
        BOOST_TEST(number_at(*event, {"d", "seq"}) == n);
        prev = number_at(*event, {"pos"});
        if (n % 100 == 0) bob.ack(prev);
    }
    BOOST_TEST(number_at(bob.next_hint("live").value(), {"pos"}) >= prev);
    BOOST_TEST(bob.batches() >= 3U);
}

BOOST_AUTO_TEST_CASE(a_resume_in_another_lineage_is_gone)
{
    two_people p;
    chat_client bob(p.chain.port());
    auto const hello = bob.hello(p.bob.token, {{"resume", {{"lineage", "ln_other"}, {"pos", 1}}}});
    BOOST_TEST(text_at(hello, {"d", "resume"}) == "gone");
    p.chain.send_many(p.ana.uid, p.conv, 1);
    BOOST_TEST(number_at(bob.next_event().value(), {"prev"}) == number_at(hello, {"pos"}));
}

BOOST_AUTO_TEST_CASE(a_resume_too_far_behind_is_gone)
{
    auto with = quick_settings();
    with.resume_entries_max = 50;
    two_people p(with);
    p.chain.send_many(p.ana.uid, p.conv, 60);
    chat_client bob(p.chain.port());
    auto const hello = bob.hello(p.bob.token, {{"resume", {{"lineage", "ln_test"}, {"pos", 2}}}});
    BOOST_TEST(text_at(hello, {"d", "resume"}) == "gone");
}

BOOST_AUTO_TEST_CASE(a_replica_behind_the_client_sends_it_elsewhere)
{
    two_people p;
    p.chain.lag(1, true);
    p.chain.send_many(p.ana.uid, p.conv, 3);
    chat_client bob(p.chain.port(1));
    auto const hello = bob.hello(
        p.bob.token,
        {{"resume", {{"lineage", "ln_test"}, {"pos", static_cast<std::int64_t>(p.chain.committed())}}}}
    );
    BOOST_TEST(error_of(hello) == "unavailable");
    BOOST_TEST(bob.wait_for_close() == 4003);
    auto const bye = bob.next_hint("bye").value();
    BOOST_TEST(text_at(bye.at("d").at("prefer").as_array().at(0), {}) == "n1");
}

BOOST_AUTO_TEST_CASE(a_read_behind_min_pos_is_refused_and_never_older)
{
    two_people p;
    chat_client bob(p.chain.port(1));
    bob.hello(p.bob.token);
    p.chain.lag(1, true);
    p.chain.send_many(p.ana.uid, p.conv, 1);
    auto const ask = [&]
    {
        bob.send_text(
            R"({"id":77,"op":"history","min_pos":)" + std::to_string(p.chain.committed()) +
            R"(,"d":{"conv":")" + p.conv + R"(","limit":5}})"
        );
        return bob.answer_to(77);
    };
    BOOST_TEST(error_of(ask()) == "unavailable");
    p.chain.lag(1, false);
    BOOST_TEST(ask().at("d").at("msgs").as_array().size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_a_gateway_was_not_told_of_comes_from_the_store)
{
    two_people p;
    chat_client bob(p.chain.port(1));
    auto prev = number_at(bob.hello(p.bob.token), {"pos"});
    p.chain.send_many(p.ana.uid, p.conv, 1);
    prev = number_at(bob.next_event().value(), {"pos"});
    p.chain.lag(1, true);
    p.chain.send_many(p.ana.uid, p.conv, 20);
    p.chain.miss(1);
    p.chain.send_many(p.ana.uid, p.conv, 5);

    for (int n = 2; n <= 26; ++n)
    {
        auto const event = bob.next_event();
        BOOST_TEST_REQUIRE(event.has_value());
        BOOST_TEST(number_at(*event, {"prev"}) == prev);
        BOOST_TEST(number_at(*event, {"d", "seq"}) == n);
        prev = number_at(*event, {"pos"});
    }
}

BOOST_AUTO_TEST_CASE(a_replica_that_cannot_prove_freshness_does_not_read)
{
    two_people p;
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token);
    p.chain.refuse_reads(true);
    auto const answer = bob.request("history", {{"conv", p.conv}, {"limit", 5}});
    BOOST_TEST(error_of(answer) == "unavailable");
    BOOST_TEST(text_at(answer, {"err", "outcome"}) == "none");
    chat_client other(p.chain.port());
    BOOST_TEST(error_of(other.hello(p.bob.token)) == "unavailable");
    p.chain.refuse_reads(false);
    BOOST_TEST(other.hello(p.bob.token).at("ok").as_bool());
}

// ---- answers of a chain in trouble

struct trouble
{
    gateway::no_answer why;
    bool maybe_logged;
    char const* code;
    char const* outcome;
    friend std::ostream& operator<<(std::ostream& to, trouble const& t)
    {
        return to << t.code << '/' << t.outcome;
    }
};
trouble const troubles[] = {
    {gateway::no_answer::busy, false, "too_many_inflight", "none"},
    {gateway::no_answer::read_only, false, "read_only", "none"},
    {gateway::no_answer::not_known, false, "unavailable", "none"},
    {gateway::no_answer::disk_full, false, "read_only", "none"},
    {gateway::no_answer::unavailable, false, "unavailable", "none"},
    {gateway::no_answer::unavailable, true, "unavailable", "unknown"},
    {gateway::no_answer::timed_out, true, "timeout", "unknown"},
};
BOOST_DATA_TEST_CASE(what_the_chain_could_not_decide_is_said_as_it_is, data::make(troubles), given)
{
    two_people p;
    chat_client ana(p.chain.port());
    ana.hello(p.ana.token);
    auto const cid = fresh_cid();
    gateway::undecided answer;
    answer.why = given.why;
    answer.maybe_logged = given.maybe_logged;
    p.chain.answer_next(answer);
    auto const first = ana.request("msg.send", p.message("hi"), cid);
    BOOST_TEST(error_of(first) == given.code);
    BOOST_TEST(text_at(first, {"err", "retry"}) == "same_cid");
    BOOST_TEST(text_at(first, {"err", "outcome"}) == given.outcome);
    BOOST_TEST(ana.request("msg.send", p.message("hi"), cid).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(a_change_of_the_chain_is_told_once)
{
    two_people p;
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token);
    auto const degrade = [](gateway::chain_view& view)
    {
        view.at = epoch(2);
        view.replicas = 1;
        view.status.state = health::degraded;
    };
    p.chain.change_view(0, degrade);
    p.chain.change_view(0, degrade);
    auto const told = bob.next_hint("cluster").value();
    BOOST_TEST(text_at(told, {"d", "state"}) == "degraded");
    BOOST_TEST(number_at(told, {"d", "epoch"}) == 2);
    BOOST_TEST(!bob.next_hint("cluster", std::chrono::milliseconds(50)).has_value());
}

// Between two epochs it is in neither, and the config service's word is of one of them.
void between_two_epochs(gateway::chain_view& view)
{
    view.at = epoch(2);
    view.member = view.can_read = view.can_write = false;
    view.replicas = 0;
    view.why_not = "not in an active chain";
    view.status.epoch = epoch(1);
}

BOOST_AUTO_TEST_CASE(while_a_chain_is_being_made_the_last_settled_state_is_told)
{
    auto with = quick_settings();
    with.unsettled_at_most = std::chrono::hours(1);
    two_people p(with);
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token);
    auto const before = bob.request("status", json::object{}).at("d");

    p.chain.change_view(0, between_two_epochs);
    BOOST_TEST(bob.request("status", json::object{}).at("d") == before);
    p.chain.change_view(
        0,
        [](gateway::chain_view& view)
        {
            view.status.epoch = epoch(2);
            view.status.state = health::degraded;
            auto& gone = view.status.failed.emplace_back();
            gone.name = node_id{"n3"};
            gone.reason = "its process is gone";
            for (auto& row : view.status.chain)
                row.state = member_state::reconfiguring;
        }
    );
    p.chain.change_view(
        0,
        [](gateway::chain_view& view)
        {
            view.member = view.can_read = view.can_write = true;
            view.replicas = 1;
        }
    );
    BOOST_TEST(bob.request("status", json::object{}).at("d") == before);
    p.chain.change_view(
        0,
        [](gateway::chain_view& view)
        {
            for (auto& row : view.status.chain)
                row.state = member_state::normal;
        }
    );
    auto const told = bob.next_hint("cluster").value();
    BOOST_TEST(text_at(told, {"d", "state"}) == "degraded");
    BOOST_TEST(number_at(told, {"d", "epoch"}) == 2);
    BOOST_TEST(number_at(told, {"d", "replicas"}) == 1);
    BOOST_TEST(text_at(told, {"d", "reason"}) == "n3: its process is gone");
    BOOST_TEST(!bob.next_hint("cluster", std::chrono::milliseconds(50)).has_value());
}

BOOST_AUTO_TEST_CASE(a_chain_that_stays_in_the_making_is_told_as_it_is)
{
    auto with = quick_settings();
    with.unsettled_at_most = std::chrono::milliseconds(100);
    two_people p(with);
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token);
    p.chain.change_view(0, between_two_epochs);
    auto const told = bob.next_hint("cluster").value();
    BOOST_TEST(text_at(told, {"d", "state"}) == "down");
    BOOST_TEST(number_at(told, {"d", "replicas"}) == 0);
    BOOST_TEST(text_at(told, {"d", "reason"}) == "not in an active chain");
}

struct lost_service
{
    bool member;
    int code;
    friend std::ostream& operator<<(std::ostream& to, lost_service const& l) { return to << l.code; }
};
lost_service const lost[] = {{true, 4004}, {false, 4002}};
BOOST_DATA_TEST_CASE(a_replica_that_serves_nothing_sends_its_clients_elsewhere, data::make(lost), one)
{
    auto with = quick_settings();
    with.unreadable_after = std::chrono::milliseconds(150);
    two_people p(with);
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token);
    p.chain.change_view(
        0,
        [&](gateway::chain_view& view)
        {
            view.member = one.member;
            view.can_read = view.can_write = false;
            view.why_not = "the lease has ended";
        }
    );
    BOOST_TEST(bob.wait_for_close() == one.code);
}

// Not by 4500, after which a client stays away.
BOOST_DATA_TEST_CASE(
    whoever_said_hello_to_a_replica_that_serves_nothing_is_to_come_back, data::make(lost), one
)
{
    auto with = quick_settings();
    with.hello_within = std::chrono::milliseconds(500);
    two_people p(with);
    p.chain.refuse_reads(true);
    p.chain.change_view(
        0,
        [&](gateway::chain_view& view)
        {
            view.member = one.member;
            if (!one.member) view.lineage.clear();
        }
    );
    chat_client bob(p.chain.port());
    auto const answer = bob.hello(p.bob.token);
    BOOST_TEST(error_of(answer) == "unavailable");
    BOOST_TEST(text_at(answer, {"err", "retry"}) == "same_cid");
    BOOST_TEST(bob.wait_for_close() == one.code);
    auto const bye = bob.next_hint("bye").value();
    BOOST_TEST(number_at(bye, {"d", "code"}) == one.code);
    BOOST_TEST(bye.at("d").at("reconnect").as_bool());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
