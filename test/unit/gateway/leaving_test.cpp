// A replica that is about to leave the chain, is out of it, or whose chain goes on with another history.
#include "chat_fixture.hpp"

namespace chaind::test
{

namespace json = boost::json;

namespace
{
void drain(chain_double& chain, bool on)
{
    chain.change_view(0, [on](gateway::chain_view& view) { view.draining = on; });
}
}  // namespace

BOOST_AUTO_TEST_SUITE(leaving)

BOOST_AUTO_TEST_CASE(a_draining_replica_sends_its_clients_away_and_takes_none)
{
    two_people p;
    chat_client ana(p.chain.port());
    chat_client silent(p.chain.port());
    ana.hello(p.ana.token);
    BOOST_TEST(!p.chain.drained(0));
    p.chain.hold(true);
    auto const id = ana.send_request("msg.send", p.message("before I go"), fresh_cid());
    BOOST_TEST(p.chain.eventually([&] { return p.chain.held() == 1; }));

    drain(p.chain, true);

    auto const bye = ana.next_hint("bye");
    BOOST_TEST_REQUIRE(bye.has_value());
    BOOST_TEST(number_at(*bye, {"d", "code"}) == 4001);
    BOOST_TEST(text_at(bye->at("d").at("prefer").as_array().at(0), {}) == "n2");
    BOOST_TEST(silent.wait_for_close() == 4001);
    BOOST_TEST(!p.chain.drained(0));
    p.chain.hold(false);
    BOOST_TEST(ana.answer_to(id).at("ok").as_bool());
    BOOST_TEST(ana.wait_for_close() == 4001);
    BOOST_TEST(p.chain.eventually([&] { return p.chain.drained(0); }));
    BOOST_TEST(!p.chain.drained(1));

    BOOST_TEST(try_handshake(p.chain.port(), {{"Sec-WebSocket-Protocol", "chat.v1"}}).status == 503U);
    auto const ready = http(p.chain.port(), "GET", "/readyz?role=read");
    BOOST_TEST(ready.status == 503U);
    BOOST_TEST(ready.body.find("draining") != std::string::npos);
    BOOST_TEST(http(p.chain.port(), "GET", "/livez").status == 200U);
}

BOOST_AUTO_TEST_CASE(a_replica_that_is_not_drained_any_more_is_as_before)
{
    two_people p;
    drain(p.chain, true);
    drain(p.chain, false);

    chat_client ana(p.chain.port());
    BOOST_TEST(ana.hello(p.ana.token).at("ok").as_bool());
    BOOST_TEST(http(p.chain.port(), "GET", "/readyz?role=write").status == 200U);
    BOOST_TEST(!p.chain.drained(0));

    drain(p.chain, true);
    BOOST_TEST(ana.wait_for_close() == 4001);
}

BOOST_AUTO_TEST_CASE(a_replica_out_of_the_chain_says_at_once_where_to_go)
{
    two_people p;
    chat_client ana(p.chain.port());
    ana.hello(p.ana.token);

    p.chain.change_view(
        0,
        [](gateway::chain_view& view)
        {
            view.member = view.can_read = view.can_write = false;
            view.outside = true;
        }
    );

    BOOST_TEST(ana.wait_for_close() == 4002);
    chat_client again(p.chain.port());
    BOOST_TEST(error_of(again.hello(p.ana.token)) == "unavailable");
    auto const cluster = again.next_hint("cluster");
    BOOST_TEST_REQUIRE(cluster.has_value());
    BOOST_TEST(cluster->at("d").at("endpoints").as_array().size() == 2U);
    BOOST_TEST(again.wait_for_close() == 4002);
    chat_client other(p.chain.port(1));
    BOOST_TEST(other.hello(p.ana.token).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(with_another_history_everybody_begins_anew)
{
    two_people p;
    chat_client ana(p.chain.port());
    auto const at = number_at(ana.hello(p.ana.token), {"pos"});

    p.chain.change_view(0, [](gateway::chain_view& view) { view.lineage = "ln_forced"; });

    BOOST_TEST(ana.wait_for_close() == 4003);
    chat_client again(p.chain.port());
    auto const hello = again.hello(p.ana.token, {{"resume", {{"lineage", "ln_test"}, {"pos", at}}}});
    BOOST_TEST(text_at(hello, {"d", "resume"}) == "gone");
    BOOST_TEST(text_at(hello, {"d", "lineage"}) == "ln_forced");
}

BOOST_AUTO_TEST_CASE(a_lineage_that_becomes_known_closes_nobody)
{
    two_people p;
    p.chain.change_view(0, [](gateway::chain_view& view) { view.lineage.clear(); });
    chat_client guest(p.chain.port());
    guest.hello("");

    p.chain.change_view(0, [](gateway::chain_view& view) { view.lineage = "ln_test"; });

    BOOST_TEST(guest.request("ping", {}).at("ok").as_bool());
}

// Events are state: a machine that came in by a snapshot has all of them, and nearly no log.
BOOST_AUTO_TEST_CASE(who_missed_more_than_the_log_holds_is_told_all_of_it)
{
    two_people p;
    auto const first = static_cast<std::int64_t>(p.chain.committed());
    p.chain.send_many(p.ana.uid, p.conv, 100);
    auto const base = p.chain.committed();
    p.chain.forget_log(base);
    // What is dropped goes with a write, and at most so much as the others allow.
    p.chain.send_many(p.ana.uid, p.conv, 1);
    p.chain.send_many(p.ana.uid, p.conv, 1);
    BOOST_TEST_REQUIRE(p.chain.log_base() == base);

    chat_client bob(p.chain.port());
    auto const hello = bob.hello(p.bob.token, {{"resume", {{"lineage", "ln_test"}, {"pos", first}}}});
    BOOST_TEST(text_at(hello, {"d", "resume"}) == "ok");
    auto prev = first;
    for (int n = 1; n <= 102; ++n)
    {
        auto const event = bob.next_event();
        BOOST_TEST_REQUIRE(event.has_value());
        BOOST_TEST(number_at(*event, {"prev"}) == prev);
        BOOST_TEST(number_at(*event, {"d", "seq"}) == n);
        prev = number_at(*event, {"pos"});
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
