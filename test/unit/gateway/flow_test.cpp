// Flow control, limits, and the end of connections (docs/client_api.md 1.12).
#include "chat_fixture.hpp"

#include <boost/json/serialize.hpp>

namespace chaind::test
{

namespace json = boost::json;
using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(flow)

BOOST_AUTO_TEST_CASE(events_wait_for_acks_and_answers_do_not)
{
    auto with = quick_settings();
    with.unacked_max = 4;
    two_people p(with);
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token);
    p.chain.send_many(p.ana.uid, p.conv, 10);
    std::int64_t last = 0;
    for (int i = 0; i < 4; ++i)
        last = number_at(bob.next_event().value(), {"pos"});

    BOOST_TEST(bob.request("ping", {}).at("ok").as_bool());
    BOOST_TEST(!bob.next_event(milliseconds(100)).has_value());

    bob.ack(last);
    for (int i = 0; i < 4; ++i)
        BOOST_TEST(number_at(bob.next_event().value(), {"d", "seq"}) == 5 + i);
    BOOST_TEST(!bob.next_event(milliseconds(100)).has_value());
}

BOOST_AUTO_TEST_CASE(a_slow_client_falls_back_to_the_store_without_a_hole)
{
    auto with = quick_settings();
    with.unacked_max = 8;
    two_people p(with);
    chat_client bob(p.chain.port());
    auto prev = number_at(bob.hello(p.bob.token), {"pos"});
    for (int i = 0; i < 5; ++i)
        p.chain.send_many(p.ana.uid, p.conv, 500);  // more than a feed holds

    int n = 0;
    int events = 0;
    while (n < 2503)
    {
        auto const event = bob.next_event();
        BOOST_TEST_REQUIRE(event.has_value());
        BOOST_TEST_REQUIRE(number_at(*event, {"prev"}) == prev);
        prev = number_at(*event, {"pos"});
        if (++events % 4 == 0) bob.ack(prev);
        if (text_at(*event, {"ev"}) == "delivered") continue;  // of these acks
        BOOST_TEST_REQUIRE(number_at(*event, {"d", "seq"}) == ++n);
        if (n == 1200) p.chain.send_many(p.ana.uid, p.conv, 3);  // while it is catching up
    }
}

BOOST_AUTO_TEST_CASE(a_small_ring_makes_sessions_read_the_store_again)
{
    auto with = quick_settings();
    with.ring_events_max = 4;
    two_people p(with);
    chat_client stale(p.chain.port());
    auto const start = number_at(stale.hello(p.bob.token), {"pos"});
    p.chain.send_many(p.ana.uid, p.conv, 50);
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token, {{"resume", {{"lineage", "ln_test"}, {"pos", start}}}});
    for (int n = 1; n <= 50; ++n)
        BOOST_TEST(number_at(bob.next_event().value(), {"d", "seq"}) == n);
}

BOOST_AUTO_TEST_CASE(a_client_that_never_acknowledges_is_closed_as_slow)
{
    auto with = quick_settings();
    with.unacked_max = 2;
    with.slow_after = milliseconds(200);
    two_people p(with);
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token);
    p.chain.send_many(p.ana.uid, p.conv, 5);
    BOOST_TEST(bob.wait_for_close() == 4008);
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_dropped_and_others_are_served)
{
    auto with = quick_settings();
    with.slow_after = milliseconds(300);
    two_people p(with);
    chat_client stuck(p.chain.port());
    stuck.socket().receive_little(1024);
    stuck.hello(p.bob.token);
    BOOST_TEST(p.chain.clients() == 1U);
    chat_client ana(p.chain.port());
    ana.hello(p.ana.token);
    auto big = p.message(std::string(16'000, 'x'));
    for (int i = 0; i < 300; ++i)
    {
        BOOST_TEST_REQUIRE(ana.request("msg.send", big, fresh_cid()).at("ok").as_bool());
        ana.ack(number_at(ana.next_event().value(), {"pos"}));
    }
    BOOST_TEST(p.chain.eventually([&] { return p.chain.clients() == 1; }));
    BOOST_TEST(ana.request("ping", {}).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(an_idle_client_is_closed_and_one_that_pings_is_not)
{
    auto with = quick_settings();
    with.idle_after = milliseconds(400);
    two_people p(with);
    chat_client idle(p.chain.port());
    chat_client lively(p.chain.port());
    idle.hello(p.ana.token);
    lively.hello(p.bob.token);
    auto const begun = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begun < milliseconds(900))
    {
        BOOST_TEST(lively.request("ping", {}).at("ok").as_bool());
        lively.next_event(milliseconds(50));
    }
    BOOST_TEST(idle.wait_for_close() == 4009);
    BOOST_TEST(lively.request("ping", {}).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(beyond_its_requests_in_flight_a_client_is_not_read)
{
    two_people p;
    chat_client ana(p.chain.port());
    ana.hello(p.ana.token);
    p.chain.hold(true);
    std::vector<std::int64_t> ids;
    for (int i = 0; i < 50; ++i)
        ids.push_back(ana.send_request("msg.send", p.message("n" + std::to_string(i)), fresh_cid()));

    BOOST_TEST(p.chain.eventually([&] { return p.chain.held() == 32; }));
    BOOST_TEST(!p.chain.eventually([&] { return p.chain.held() > 32; }, milliseconds(100)));

    p.chain.hold(false);
    for (std::size_t i = 0; i < ids.size(); ++i)
        BOOST_TEST(number_at(ana.answer_to(ids[i]), {"d", "seq"}) == static_cast<std::int64_t>(i + 1));
}

// What counts for whoever is told is who holds it then.
BOOST_AUTO_TEST_CASE(an_answer_says_how_many_machines_there_are_when_it_is_given)
{
    two_people p;
    chat_client ana(p.chain.port());
    ana.hello(p.ana.token);
    p.chain.hold(true);
    auto const id = ana.send_request("msg.send", p.message("hi"), fresh_cid());
    BOOST_TEST(p.chain.eventually([&] { return p.chain.held() == 1; }));
    p.chain.change_view(0, [](gateway::chain_view& view) { view.replicas = 1; });
    p.chain.hold(false);
    BOOST_TEST(number_at(ana.answer_to(id), {"d", "replicas"}) == 1);
}

BOOST_AUTO_TEST_CASE(a_user_sends_his_burst_and_then_must_wait)
{
    auto with = quick_settings();
    with.rate_limits = true;
    with.messages_per_s = 0.5;
    with.messages_burst = 4;
    two_people p(with);
    chat_client ana(p.chain.port());
    auto const hello = ana.hello(p.ana.token);
    BOOST_TEST(number_at(hello, {"d", "limits", "rate", "burst"}) == 4);
    int sent = 0;
    json::object answer;
    while (sent < 10 && (answer = ana.request("msg.send", p.message("hi"), fresh_cid())).at("ok").as_bool())
        ++sent;
    BOOST_TEST(sent == 3);  // one was for the conversation
    BOOST_TEST(error_of(answer) == "rate_limited");
    BOOST_TEST(text_at(answer, {"err", "retry"}) == "same_cid");
    BOOST_TEST(text_at(answer, {"err", "outcome"}) == "none");
    BOOST_TEST(number_at(answer, {"err", "after_ms"}) > 0);
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token);
    BOOST_TEST(bob.request("msg.send", p.message("mine"), fresh_cid()).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(a_user_has_one_rate_at_all_replicas)
{
    auto with = quick_settings();
    with.rate_limits = true;
    with.messages_per_s = 0.01;
    with.messages_burst = 8;
    two_people p(with);
    chat_client here(p.chain.port(0));
    chat_client there(p.chain.port(1));
    here.hello(p.ana.token);
    there.hello(p.ana.token);
    int sent = 0;
    for (int i = 0; i < 20; ++i)
        for (auto* one : {&here, &there})
            if (one->request("msg.send", p.message("hi"), fresh_cid()).at("ok").as_bool()) ++sent;
    BOOST_TEST(sent == 7);  // one was for the conversation
}

BOOST_AUTO_TEST_CASE(what_is_read_already_makes_no_entry_and_what_moves_has_a_rate)
{
    auto with = quick_settings();
    with.rate_limits = true;
    with.messages_per_s = 0.01;
    with.messages_burst = 4;
    two_people p(with);
    p.chain.send_many(p.bob.uid, p.conv, 10);
    chat_client ana(p.chain.port());
    ana.hello(p.ana.token);
    auto const read = [&](int upto, std::string const& cid)
    { return ana.request("read", {{"conv", p.conv}, {"seq", upto}}, cid); };
    auto const first = fresh_cid();
    BOOST_TEST(read(3, first).at("ok").as_bool());

    auto const before = p.chain.committed();
    for (int i = 0; i < 50; ++i)
        BOOST_TEST(read(i % 4, fresh_cid()).at("ok").as_bool());
    BOOST_TEST(p.chain.committed() == before);
    // The same key still gets the stored answer, and another request under it is refused.
    BOOST_TEST(read(3, first).at("dup").as_bool());
    BOOST_TEST(error_of(read(2, first)) == "cid_mismatch");
    // What he may not see is refused as ever.
    BOOST_TEST(error_of(ana.request("read", {{"conv", "c_99"}, {"seq", 0}}, fresh_cid())) == "not_found");

    // 4 are used: these two, the first one, and the refusal.
    auto const limited = read(4, fresh_cid());
    BOOST_TEST(error_of(limited) == "rate_limited");
    BOOST_TEST(number_at(limited, {"err", "after_ms"}) > 0);
    // Reading takes nothing from writing.
    BOOST_TEST(ana.request("msg.send", p.message("hi"), fresh_cid()).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(pages_of_a_user_come_at_a_rate_over_all_his_connections)
{
    auto with = quick_settings();
    with.rate_limits = true;
    with.messages_burst = 100;
    with.page_bytes_per_s = 200 * 1024;
    with.page_bytes_burst = 64 * 1024;
    two_people p(with);
    chat_client writer(p.chain.port());
    writer.hello(p.bob.token);
    for (int i = 0; i < 4; ++i)
        writer.request("msg.send", p.message(std::string(16'000, 'x')), fresh_cid());
    std::vector<chat_client> all;
    for (int i = 0; i < 4; ++i)
        all.emplace_back(p.chain.port()).hello(p.ana.token);
    auto const begun = std::chrono::steady_clock::now();
    std::vector<std::int64_t> asked;
    for (auto& one : all)
        asked.push_back(one.send_request("history", {{"conv", p.conv}}));
    for (std::size_t i = 0; i < all.size(); ++i)
        BOOST_TEST(all[i].answer_to(asked[i]).at("ok").as_bool());
    // Four pages of 63 KiB: some are there at once, then each pays for the one before it.
    BOOST_TEST((std::chrono::steady_clock::now() - begun > milliseconds(500)));
    // By HTTP it is the same user; somebody else does not pay for him.
    chat_client bob(p.chain.port());
    bob.hello(p.bob.token);
    BOOST_TEST(bob.request("history", {{"conv", p.conv}}).at("ok").as_bool());
    http_options mine;
    mine.headers = {{"Authorization", "Bearer " + p.ana.token}};
    auto const page = http(p.chain.port(), "GET", "/api/v1/conversations/" + p.conv + "/messages", mine);
    BOOST_TEST(page.status == 200U);
    BOOST_TEST((std::chrono::steady_clock::now() - begun > milliseconds(800)));
}

BOOST_AUTO_TEST_CASE(pages_that_are_asked_for_and_not_read_are_few_over_all_connections)
{
    auto with = quick_settings();
    with.pages_of_user_max = 3;
    with.page_turn_within = milliseconds(200);
    two_people p(with);
    chat_client writer(p.chain.port());
    writer.hello(p.bob.token);
    for (int i = 0; i < 16; ++i)
        writer.request("msg.send", p.message(std::string(16'000, 'x')), fresh_cid());
    // Pages that nobody reads fill the kernel's buffers, and then stay with us.
    std::vector<chat_client> stuck;
    for (int i = 0; i < 6; ++i)
    {
        auto& one = stuck.emplace_back(p.chain.port());
        one.socket().receive_little(4096);
        one.hello(p.ana.token);
        for (int k = 0; k < 40; ++k)
            one.send_request("history", {{"conv", p.conv}});
    }
    BOOST_TEST(p.chain.eventually(
        [&]
        {
            chat_client ana(p.chain.port());
            ana.hello(p.ana.token);
            auto const answer = ana.request("history", {{"conv", p.conv}});
            return !answer.at("ok").as_bool() && error_of(answer) == "rate_limited" &&
                   number_at(answer, {"err", "after_ms"}) > 0;
        }
    ));
    // What is no page goes on, and so do others.
    chat_client ana(p.chain.port());
    ana.hello(p.ana.token);
    BOOST_TEST(ana.request("ping", {}).at("ok").as_bool());
    BOOST_TEST(ana.request("msg.send", p.message("hi"), fresh_cid()).at("ok").as_bool());
    BOOST_TEST(writer.request("history", {{"conv", p.conv}}).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(acks_become_delivered_marks_of_all_in_few_entries)
{
    auto with = quick_settings();
    with.delivered_every = milliseconds(300);
    two_people p(with);
    chat_client ana(p.chain.port(0));
    chat_client bob(p.chain.port(1));
    ana.hello(p.ana.token);
    bob.hello(p.bob.token);
    for (int i = 0; i < 5; ++i)
        ana.request("msg.send", p.message("hi"), fresh_cid());
    auto const before = p.chain.committed();
    for (int i = 0; i < 5; ++i)
        bob.ack(number_at(bob.next_event().value(), {"pos"}));
    for (int i = 0; i < 5; ++i)
        ana.next_event();

    auto event = ana.next_event();
    while (event && number_at(*event, {"d", "seq"}) < 5)
        event = ana.next_event();

    BOOST_TEST_REQUIRE(event.has_value());
    BOOST_TEST(text_at(*event, {"ev"}) == "delivered");
    BOOST_TEST(text_at(*event, {"conv"}) == p.conv);
    BOOST_TEST(text_at(*event, {"d", "uid"}) == p.bob.uid);
    BOOST_TEST(p.chain.committed() - before <= 2U);
    auto const page = ana.request("history", {{"conv", p.conv}, {"limit", 5}});
    for (auto const& one : page.at("d").at("msgs").as_array())
        BOOST_TEST(one.at("delivered").as_bool());
}

BOOST_AUTO_TEST_CASE(delivered_marks_that_the_chain_did_not_take_are_sent_again)
{
    two_people p;
    chat_client ana(p.chain.port(0));
    chat_client bob(p.chain.port(1));
    ana.hello(p.ana.token);
    bob.hello(p.bob.token);
    ana.request("msg.send", p.message("hi"), fresh_cid());
    auto const came = number_at(bob.next_event().value(), {"pos"});
    gateway::undecided lost;
    lost.why = gateway::no_answer::unavailable;
    p.chain.answer_next(lost);
    bob.ack(came);

    auto event = ana.next_event();
    while (event && text_at(*event, {"ev"}) != "delivered")
        event = ana.next_event();

    BOOST_TEST(event.has_value());
}

BOOST_AUTO_TEST_CASE(typing_is_passed_on_at_a_bounded_rate)
{
    two_people p;
    chat_client ana(p.chain.port());
    chat_client bob(p.chain.port());
    ana.hello(p.ana.token);
    bob.hello(p.bob.token);
    auto const note =
        json::serialize(json::object{{"op", "typing"}, {"d", {{"conv", p.conv}, {"on", true}}}});
    for (int i = 0; i < 40; ++i)
        ana.send_text(note);
    ana.request("msg.send", p.message("done"), fresh_cid());
    bob.next_event();
    int seen = 0;
    while (bob.next_hint("typing", milliseconds(50)))
        ++seen;
    BOOST_TEST(seen >= 10);
    BOOST_TEST(seen < 40);
}

BOOST_AUTO_TEST_CASE(more_clients_than_readers_wait_for_their_turn)
{
    auto with = quick_settings();
    with.reads_at_once = 1;
    with.connections_per_user_max = 100;
    two_people p(with);
    p.chain.slow_reads(true);
    std::vector<chat_client> all;
    std::vector<std::int64_t> hellos;
    for (int i = 0; i < 40; ++i)
        all.emplace_back(p.chain.port());
    for (auto& one : all)
        hellos.push_back(one.send_request("hello", {{"proto", {1}}, {"token", p.bob.token}}));
    for (std::size_t i = 0; i < all.size(); ++i)
        BOOST_TEST(all[i].answer_to(hellos[i]).at("ok").as_bool());
    BOOST_TEST(p.chain.most_reads_at_once() == 1U);
}

BOOST_AUTO_TEST_CASE(stopping_says_bye_answers_what_is_in_flight_and_closes)
{
    two_people p;
    chat_client ana(p.chain.port());
    chat_client idle(p.chain.port());
    ana.hello(p.ana.token);
    idle.hello(p.bob.token);
    p.chain.hold(true);
    auto const id = ana.send_request("msg.send", p.message("the last one"), fresh_cid());
    BOOST_TEST(p.chain.eventually([&] { return p.chain.held() == 1; }));

    p.chain.begin_stop(0);

    auto const bye = ana.next_hint("bye");
    BOOST_TEST_REQUIRE(bye.has_value());
    BOOST_TEST(number_at(*bye, {"d", "code"}) == 4001);
    BOOST_TEST(bye->at("d").at("reconnect").as_bool());
    BOOST_TEST(text_at(bye->at("d").at("prefer").as_array().at(0), {}) == "n2");
    BOOST_TEST(idle.wait_for_close() == 4001);
    p.chain.hold(false);
    BOOST_TEST(ana.answer_to(id).at("ok").as_bool());
    BOOST_TEST(ana.wait_for_close() == 4001);
    BOOST_TEST(p.chain.eventually([&] { return p.chain.stopped(0); }));
    BOOST_TEST(p.chain.clients() == 0U);
}

BOOST_AUTO_TEST_CASE(a_replica_that_stops_takes_nothing_new)
{
    two_people p;
    raw_socket ready(p.chain.port());
    raw_socket login(p.chain.port());
    raw_socket upgrade(p.chain.port());
    auto const opening = handshake({{"Sec-WebSocket-Protocol", "chat.v1"}});
    ready.send("GET /readyz HTTP/1.1\r\nHost: chat.test\r\n");
    login.send("POST /api/v1/session HTTP/1.1\r\nHost: chat.test\r\nContent-Length: 0\r\n");
    upgrade.send(opening.substr(0, opening.size() - 2));
    chat_client ana(p.chain.port());
    ana.hello(p.ana.token);  // by now the half requests have been seen

    p.chain.begin_stop(0);
    BOOST_TEST(ana.wait_for_close() == 4001);

    for (auto* one : {&ready, &login, &upgrade})
    {
        one->send("\r\n");
        auto const answer = read_answer(*one);
        BOOST_TEST(answer.status == 503U);
        BOOST_TEST(answer.error_code() == "unavailable");
    }
    BOOST_TEST(p.chain.eventually([&] { return p.chain.stopped(0); }));
}

BOOST_AUTO_TEST_CASE(a_client_that_hangs_does_not_keep_the_server_from_stopping)
{
    auto with = quick_settings();
    with.drain_within = milliseconds(300);
    two_people p(with);
    chat_client hangs(p.chain.port());
    hangs.hello(p.ana.token);
    raw_socket half(p.chain.port());
    half.send("GET / HTTP/1.1\r\nHost: ");
    p.chain.hold(true);
    hangs.send_request("msg.send", p.message("never decided"), fresh_cid());
    BOOST_TEST(p.chain.eventually([&] { return p.chain.held() == 1; }));
    p.chain.begin_stop(0);
    BOOST_TEST(p.chain.eventually([&] { return p.chain.stopped(0); }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
