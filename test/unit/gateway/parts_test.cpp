// The parts of the gateway that need no socket.
#include "gateway/client_address.hpp"
#include "gateway/cluster_info.hpp"
#include "gateway/fair_queue.hpp"
#include "gateway/feed.hpp"
#include "gateway/known_places.hpp"
#include "gateway/rate_limiter.hpp"
#include "support/printing.hpp"
#include "wire/status_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

namespace chaind::gateway
{

using std::chrono::milliseconds;

namespace
{

published_ptr message_event(std::uint64_t pos, std::uint64_t uid, std::size_t body = 2)
{
    chat::event e;
    e.pos = seq(pos);
    e.kind = chat::event_kind::msg_new;
    e.conv = chat::conv_id(1);
    e.uid = chat::user_id(uid);
    e.mid = chat::message_id(pos);
    e.at_seq = pos;
    e.rev = pos;
    e.text = chat::message{};
    e.text->body = std::string(body, 'x');
    return std::make_shared<published const>(e);
}

// By the config service.
cluster_status told(std::string_view text)
{
    return wire::read_status(text).value();
}

boost::json::object parse(std::string const& text)
{
    return boost::json::parse(text).as_object();
}

chain_view view_of_two()
{
    chain_view view;
    view.node = "n1";
    view.can_write = true;
    view.replicas = 2;
    view.status = told(
        R"({"state":"degraded","replicas":{"want":3,"have":2},
            "chain":[{"name":"n1","client_url":"http://127.0.0.1:8081"},{"name":"n2","client_url":"https://b.example:8443/"}],
            "failed":[{"name":"n3","reason":"silent for 250 ms"}]})"
    );
    return view;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rate)

BOOST_AUTO_TEST_CASE(a_bucket_gives_its_burst_and_then_its_rate)
{
    rate_limiter limiter;
    rate_limiter::time_point const start{};
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(!limiter.take("ana", 10, 20, start).has_value());

    auto const wait = limiter.take("ana", 10, 20, start);

    BOOST_TEST_REQUIRE(wait.has_value());
    BOOST_TEST(wait->count() >= 100);
    BOOST_TEST(wait->count() <= 102);
    BOOST_TEST(!limiter.take("bob", 10, 20, start).has_value());
    BOOST_TEST(!limiter.take("ana", 10, 20, start + *wait).has_value());
    BOOST_TEST(limiter.take("ana", 10, 20, start + *wait).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_given_back_can_be_taken_again_and_a_debt_is_paid_first)
{
    rate_limiter limiter;
    rate_limiter::time_point const start{};
    BOOST_TEST(!limiter.take("ana", 1, 1, start).has_value());
    limiter.give_back("ana", 1);
    BOOST_TEST(!limiter.take("ana", 1, 1, start).has_value());
    limiter.give_back("nobody", 1);

    for (int i = 0; i < 10; ++i)
        limiter.charge("ana", 1, 3, start);
    BOOST_TEST(limiter.take("ana", 1, 3, start + milliseconds(10900)).has_value());
    BOOST_TEST(!limiter.take("ana", 1, 3, start + milliseconds(11100)).has_value());
}

BOOST_AUTO_TEST_CASE(strangers_cannot_make_it_remember_more_than_its_limit)
{
    rate_limiter limiter(100);
    for (int i = 0; i < 1000; ++i)
        limiter.take("name" + std::to_string(i), 1, 5, {});
    BOOST_TEST(limiter.size() == 100U);
}

BOOST_AUTO_TEST_CASE(full_buckets_are_forgotten_and_others_kept)
{
    rate_limiter limiter;
    rate_limiter::time_point const start{};
    limiter.take("once", 1, 5, start);
    for (int i = 0; i < 5; ++i)
        limiter.take("often", 1, 5, start);

    limiter.forget_full(start + milliseconds(1500));

    BOOST_TEST(limiter.size() == 1U);
    BOOST_TEST(!limiter.take("often", 1, 5, start + milliseconds(1500)).has_value());
    BOOST_TEST(limiter.take("often", 1, 5, start + milliseconds(1500)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(feeds)

BOOST_AUTO_TEST_CASE(each_event_names_the_one_before_it)
{
    settings const limits;
    feed events(limits);
    events.start(chat::user_id(1), seq(40));
    for (std::uint64_t pos : {42, 45, 46})
        BOOST_TEST(events.push(message_event(pos, 2)));

    std::int64_t prev = 40;
    while (auto const text = events.next(false, {}))
    {
        auto const frame = parse(*text);
        BOOST_TEST(frame.at("prev").to_number<std::int64_t>() == prev);
        prev = frame.at("pos").to_number<std::int64_t>();
    }
    BOOST_TEST(prev == 46);
}

BOOST_AUTO_TEST_CASE(a_feed_stops_at_the_window_and_goes_on_after_an_ack)
{
    settings limits;
    limits.unacked_max = 3;
    feed events(limits);
    events.start(chat::user_id(1), seq(0));
    for (std::uint64_t pos = 1; pos <= 5; ++pos)
        BOOST_TEST(events.push(message_event(pos, 2)));
    int sent = 0;
    while (events.next(false, {}))
        ++sent;
    BOOST_TEST(sent == 3);
    BOOST_TEST(events.blocked());

    auto const marks = events.acked(seq(2));

    BOOST_TEST_REQUIRE(marks.size() == 1U);
    BOOST_TEST(marks.front().at_seq == 2U);
    while (events.next(false, {}))
        ++sent;
    BOOST_TEST(sent == 5);
    BOOST_TEST(!events.blocked());
}

BOOST_AUTO_TEST_CASE(bytes_close_the_window_too)
{
    settings limits;
    limits.unacked_bytes_max = 1000;
    feed events(limits);
    events.start(chat::user_id(1), seq(0));
    for (std::uint64_t pos = 1; pos <= 5; ++pos)
        BOOST_TEST(events.push(message_event(pos, 2, 600)));

    int sent = 0;
    while (events.next(false, {}))
        ++sent;

    BOOST_TEST(sent == 2);
}

BOOST_AUTO_TEST_CASE(batches_keep_both_limits)
{
    settings limits;
    limits.unacked_max = 1000;
    limits.unacked_bytes_max = 1 << 24;
    feed events(limits);
    events.start(chat::user_id(1), seq(0));
    for (std::uint64_t pos = 1; pos <= 300; ++pos)
        BOOST_TEST(events.push(message_event(pos, 2)));
    BOOST_TEST(parse(events.next(true, {}).value()).at("evs").as_array().size() == 256U);
    BOOST_TEST(parse(events.next(true, {}).value()).at("evs").as_array().size() == 44U);

    for (std::uint64_t pos = 301; pos <= 340; ++pos)
        BOOST_TEST(events.push(message_event(pos, 2, 10'000)));
    while (auto const text = events.next(true, {}))
        BOOST_TEST(text->size() <= limits.batch_bytes_max);
    BOOST_TEST(events.unacked() == 340U);
}

BOOST_AUTO_TEST_CASE(a_full_feed_takes_nothing_more)
{
    settings const limits;
    feed events(limits);
    events.start(chat::user_id(1), seq(0));
    for (std::uint64_t pos = 1; pos <= feed::waiting_max; ++pos)
        BOOST_TEST(events.push(message_event(pos, 2)));

    BOOST_TEST(!events.push(message_event(feed::waiting_max + 1, 2)));
    BOOST_TEST(events.last_queued() == seq(feed::waiting_max));
}

BOOST_AUTO_TEST_CASE(a_feed_is_bounded_in_bytes_too)
{
    settings const limits;
    feed events(limits);
    events.start(chat::user_id(1), seq(0));
    std::uint64_t pos = 0;
    while (events.push(message_event(++pos, 2, 16'000)))
        BOOST_TEST_REQUIRE(pos < 100U);
    BOOST_TEST(pos >= 30U);
    BOOST_TEST(pos <= 66U);
    BOOST_TEST(!events.wants_more());
    while (events.next(false, {}))
        events.acked(seq(pos));
    BOOST_TEST(events.wants_more());
    // One that is larger than the bound is taken alone.
    BOOST_TEST(events.push(message_event(pos, 2, 2'000'000)));
    BOOST_TEST(!events.push(message_event(pos + 1, 2)));
}

BOOST_AUTO_TEST_CASE(ones_own_messages_are_not_delivered_to_oneself)
{
    settings const limits;
    feed events(limits);
    events.start(chat::user_id(1), seq(0));
    BOOST_TEST(events.push(message_event(1, 1)));
    while (events.next(false, {}))
    {
    }
    BOOST_TEST(events.acked(seq(1)).empty());
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(turns)

namespace
{
std::string drain(fair_queue<char>& queue)
{
    std::string out;
    while (auto one = queue.pop())
        out += *one;
    return out;
}
}  // namespace

BOOST_AUTO_TEST_CASE(a_long_line_makes_only_itself_wait)
{
    fair_queue<char> queue(100);
    for (char const c : std::string("aaaaaaaa"))
        queue.push(standing::stranger, "a", c);
    queue.push(standing::stranger, "b", 'b');
    queue.push(standing::stranger, "c", 'c');
    queue.push(standing::stranger, "c", 'd');
    BOOST_TEST(drain(queue) == "abcadaaaaaa");
}

BOOST_AUTO_TEST_CASE(the_known_go_first_and_strangers_are_not_forgotten)
{
    fair_queue<char> queue(100);
    for (char const c : std::string("ssss"))
        queue.push(standing::stranger, "s", c);
    for (char const c : std::string("kkkkkkk"))
        queue.push(standing::known, "k", c);
    BOOST_TEST(drain(queue) == "kkkskkkskss");
}

BOOST_AUTO_TEST_CASE(when_it_is_full_the_longest_line_gives_way)
{
    fair_queue<char> queue(4);
    for (char const c : std::string("1234"))
        BOOST_TEST(!queue.push(standing::stranger, "flood", c).has_value());
    BOOST_TEST(queue.push(standing::stranger, "flood", '5').value() == '5');
    BOOST_TEST(queue.push(standing::stranger, "ana", 'a').value() == '4');
    BOOST_TEST(queue.push(standing::known, "bob", 'b').value() == '3');
    BOOST_TEST(queue.push(standing::known, "bob", 'c').value() == '2');
    BOOST_TEST(queue.size() == 4U);
    // No stranger takes the place of somebody who is known.
    queue.push(standing::known, "carol", 'd');
    queue.push(standing::known, "carol", 'e');
    BOOST_TEST(queue.push(standing::stranger, "dave", 'f').value() == 'f');
    BOOST_TEST(queue.size() == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(addresses)

struct forwarded
{
    char const* peer;
    std::vector<char const*> headers;
    char const* client;
    friend std::ostream& operator<<(std::ostream& to, forwarded const& f) { return to << f.client; }
};
forwarded const forwards[] = {
    {"127.0.0.1", {}, "127.0.0.1"},
    {"127.0.0.1", {"203.0.113.5"}, "203.0.113.5"},
    {"127.0.0.1", {"203.0.113.5:4711"}, "203.0.113.5"},
    {"127.0.0.1", {"[2001:db8::1]:4711"}, "2001:db8::1"},
    {"127.0.0.1", {"2001:db8::1"}, "2001:db8::1"},
    // What the client wrote itself stands left.
    {"127.0.0.1", {"10.0.0.1, 198.51.100.7"}, "198.51.100.7"},
    {"127.0.0.1", {"10.0.0.1", "198.51.100.7"}, "198.51.100.7"},
    // An IPv4 proxy has this form at a socket that takes both kinds.
    {"::ffff:127.0.0.1", {"203.0.113.5"}, "203.0.113.5"},
    {"127.0.0.1", {"::ffff:203.0.113.5"}, "203.0.113.5"},
    {"127.0.0.1", {"198.51.100.7, ::ffff:10.9.9.9"}, "198.51.100.7"},
    // Through two proxies.
    {"127.0.0.1", {"10.0.0.1, 198.51.100.7, 10.9.9.9"}, "198.51.100.7"},
    {"127.0.0.1", {"198.51.100.7", "10.9.9.9"}, "198.51.100.7"},
    // Nobody who is no proxy is believed.
    {"198.51.100.7", {"203.0.113.5"}, "198.51.100.7"},
    {"127.0.0.1", {"unknown"}, "127.0.0.1"},
    {"127.0.0.1", {""}, "127.0.0.1"},
    {"127.0.0.1", {"["}, "127.0.0.1"},
};
namespace cases = boost::unit_test::data;
BOOST_DATA_TEST_CASE(only_a_proxy_says_who_the_client_is, cases::make(forwards), one)
{
    http_request request;
    request.peer = one.peer;
    for (auto const* header : one.headers)
        request.headers.emplace_back("x-forwarded-for", header);
    BOOST_TEST(client_of(request, {"127.0.0.1", "10.9.9.9"}) == one.client);
}

BOOST_AUTO_TEST_CASE(the_pairs_that_were_seen_longest_ago_are_forgotten)
{
    known_places places(3);
    places.saw("ana", "192.0.2.1");
    places.saw("bob", "192.0.2.1");
    places.saw("ana", "192.0.2.2");
    places.saw("ana", "192.0.2.1");
    places.saw("carol", "192.0.2.3");
    BOOST_TEST(places.knows("ana", "192.0.2.1"));
    BOOST_TEST(!places.knows("bob", "192.0.2.1"));
    BOOST_TEST(places.knows("192.0.2.1"));
    places.saw("dave", "192.0.2.3");
    places.saw("erin", "192.0.2.3");
    BOOST_TEST(!places.knows("192.0.2.1"));
    BOOST_TEST(!places.knows("192.0.2.2"));
    BOOST_TEST(places.size() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE(chain_as_clients_see_it)

BOOST_AUTO_TEST_CASE(endpoints_are_those_of_the_members)
{
    auto const seen = cluster_view_of(view_of_two(), "http://127.0.0.1:9999");

    BOOST_TEST(seen.state == health::degraded);
    BOOST_TEST(seen.replicas == 2U);
    BOOST_TEST(seen.want == 3U);
    BOOST_TEST(seen.reason == "n3: silent for 250 ms");
    BOOST_TEST_REQUIRE(seen.endpoints.size() == 2U);
    BOOST_TEST(seen.endpoints[0].url == "ws://127.0.0.1:8081/ws");
    BOOST_TEST(seen.endpoints[1].url == "wss://b.example:8443/ws");
}

BOOST_AUTO_TEST_CASE(without_news_of_the_chain_it_names_itself)
{
    chain_view view;
    view.node = "n1";
    auto const seen = cluster_view_of(view, "http://127.0.0.1:8081");
    BOOST_TEST_REQUIRE(seen.endpoints.size() == 1U);
    BOOST_TEST(seen.endpoints[0].url == "ws://127.0.0.1:8081/ws");
    BOOST_TEST(seen.state == health::down);
}

// The last that the config service said was that all is well.
chain_view view_without_service()
{
    chain_view view;
    view.node = "n2";
    view.member = true;
    view.can_read = view.can_write = true;
    view.replicas = 3;
    view.status = told(
        R"({"state":"healthy","replicas":{"want":3,"have":3},"config_service":{"state":"down"},"failed":[],
            "chain":[{"name":"n1","state":"normal"},{"name":"n2","state":"normal"},{"name":"n3","state":"normal"}]})"
    );
    return view;
}

boost::json::object shown(chain_view const& view)
{
    return wire::status_json(gateway::status_here(view));
}

failed_row away_machine(char const* name, char const* reason, char const* next)
{
    failed_row out;
    out.name = node_id{name};
    out.reason = reason;
    out.next = next;
    return out;
}

BOOST_AUTO_TEST_CASE(without_the_config_service_who_is_not_reached_is_silent_and_what_is_served_is_what_can_be
)
{
    auto view = view_without_service();
    BOOST_TEST(shown(view).at("state").as_string() == "degraded");  // no further failure is repaired
    BOOST_TEST(cluster_view_of(view, "").state == health::degraded);
    BOOST_TEST(status_for_strangers(view).at("state").as_string() == "degraded");

    view.unreached = {"n1"};
    view.can_write = false;
    BOOST_TEST(cluster_view_of(view, "").state == health::read_only);
    view.can_read = false;
    auto const seen = shown(view);
    BOOST_TEST(seen.at("state").as_string() == "down");
    BOOST_TEST(seen.at("chain").at(0).at("state").as_string() == "silent");
    BOOST_TEST(seen.at("chain").at(2).at("state").as_string() == "normal");
    BOOST_TEST_REQUIRE(seen.at("failed").as_array().size() == 1U);
    BOOST_TEST(seen.at("failed").at(0).at("name").as_string() == "n1");
    BOOST_TEST(status_for_strangers(view).at("state").as_string() == "down");
    BOOST_TEST(cluster_view_of(view, "").state == health::down);

    // Nobody is missed, and nothing can be served: a change was under way, or it is in no chain.
    view.unreached.clear();
    view.member = false;
    auto const outside = shown(view);
    BOOST_TEST(outside.at("state").as_string() == "down");
    BOOST_TEST_REQUIRE(outside.at("failed").as_array().size() == 1U);
    BOOST_TEST(
        outside.at("failed").at(0).at("next").as_string() == "start configd, or restart it if it hangs"
    );
    view.unreached = {view.node};  // in a chain of before its restart
    BOOST_TEST_REQUIRE(shown(view).at("failed").as_array().size() == 1U);
    BOOST_TEST(
        shown(view).at("failed").at(0).at("next").as_string() == "start configd, or restart it if it hangs"
    );
    view.status.failed = {away_machine("n1", "not heard", ""), away_machine("n3", "", "")};
    BOOST_TEST(cluster_view_of(view, "").reason == "n1: not heard; n3 is out of the chain");
    view.status.failed.clear();
    view.unreached.clear();
    auto empty = view;
    empty.status = {};
    BOOST_TEST(shown(empty).at("state").as_string() == "down");
    BOOST_TEST(
        shown(empty).at("failed").at(0).at("next").as_string() == "start configd, or restart it if it hangs"
    );

    // It is there, and says no: a copied folder, another cluster.
    auto no = empty;
    no.refused = "was the folder copied?";
    auto const refused = shown(no);
    BOOST_TEST(refused.at("config_service").at("refuses").as_string() == "was the folder copied?");
    BOOST_TEST_REQUIRE(refused.at("failed").as_array().size() == 1U);
    BOOST_TEST(
        refused.at("failed").at(0).at("reason").as_string() ==
        "the config service does not let it in: was the folder copied?"
    );
    BOOST_TEST(refused.at("failed").at(0).at("next").as_string().starts_with("put that right, or stop chaind")
    );

    // Whoever was away when it spoke last comes back by it alone, and whoever was joining joins no more.
    auto away = view_without_service();
    away.status.failed = {away_machine("n4", "", "start chaind on n4")};
    away.status.joining.emplace_back().name = node_id{"n3"};
    BOOST_TEST(
        shown(away).at("failed").at(0).at("next").as_string() ==
        "start configd, or restart it if it hangs, without which no machine comes back; then start chaind on "
        "n4"
    );
    BOOST_TEST(shown(away).at("joining").as_array().empty());

    // It had spoken last while the chain was being made.
    auto made = view_without_service();
    made.at = epoch(7);
    made.committed = seq(40);
    made.status.epoch = epoch(6);
    made.status.committed = seq(30);
    made.status.chain.at(1).state = member_state::reconfiguring;
    BOOST_TEST(shown(made).at("chain").at(1).at("state").as_string() == "normal");
    BOOST_TEST(shown(made).at("epoch").to_number<int>() == 7);
    BOOST_TEST(shown(made).at("committed").to_number<int>() == 40);

    // While it is up it knows better.
    view.status.config_service.state = service_state::up;
    BOOST_TEST(shown(view).at("state").as_string() == "healthy");
}

namespace data = boost::unit_test::data;
struct origin_case
{
    char const* origin;
    bool allowed;
    friend std::ostream& operator<<(std::ostream& to, origin_case const& c) { return to << c.origin; }
};
origin_case const origins[] = {
    {"http://127.0.0.1:8081", true},   // this replica's own URL
    {"https://b.example:8443", true},  // another member
    {"http://chat.test", true},        // the name that it was asked by
    {"HTTP://CHAT.TEST", true},
    {"https://app.example", true},  // configured
    {"null", false},
    {"", false},
    {"http://evil.example", false},
    {"http://chat.test.evil.example", false},
    {"http://evil-chat.test", false},
    {"http://b.example:8443", false},  // not that scheme
    {"https://b.example:84430", false},
    {"https://b.example", false},
    {"http://chat.test/", false},  // no form of an origin
    {"http://chat.test@evil.example", false},
    {"file://", false},
};
BOOST_DATA_TEST_CASE(pages_are_judged_by_their_whole_origin, data::make(origins), one)
{
    known_members members("http://127.0.0.1:8081");
    members.learn(view_of_two());
    BOOST_TEST(members.may_use(one.origin, "chat.test", {"https://app.example"}) == one.allowed);
}

BOOST_AUTO_TEST_CASE(the_page_of_a_machine_that_was_away_all_the_time_may_use_this_one)
{
    known_members members("http://127.0.0.1:8081");
    auto view = view_of_two();
    view.status.client_urls = {"http://127.0.0.1:8083"};
    members.learn(view);
    BOOST_TEST(members.may_use("http://127.0.0.1:8083", "chat.test", {}));
    BOOST_TEST(!members.may_use("http://127.0.0.1:8084", "chat.test", {}));
}

BOOST_AUTO_TEST_CASE(machines_of_an_earlier_run_are_remembered_as_the_config_service_told_of_them_last)
{
    known_members before("http://127.0.0.1:8081");
    BOOST_TEST(before.newest().empty());
    auto view = view_of_two();
    view.status.client_urls = {"http://127.0.0.1:8083", "http://127.0.0.1:8084"};
    before.learn(view);
    view.status.client_urls = {"http://127.0.0.1:8083"};
    before.learn(view);
    std::vector<std::string> kept(before.newest().begin(), before.newest().end());
    BOOST_TEST(kept.size() == 3U);

    kept.emplace_back("not a URL");
    known_members const after("http://127.0.0.1:8081", kept);
    BOOST_TEST(after.may_use("https://b.example:8443", "chat.test", {}));
    BOOST_TEST(after.may_use("http://127.0.0.1:8083", "chat.test", {}));
    BOOST_TEST(!after.may_use("http://127.0.0.1:8084", "chat.test", {}));
    BOOST_TEST(after.newest().empty());
}

BOOST_AUTO_TEST_CASE(a_page_may_connect_to_the_machines_of_all_members)
{
    known_members members("http://127.0.0.1:8081");
    members.learn(view_of_two());
    BOOST_TEST(
        members.connect_sources() ==
        " http://127.0.0.1:* https://b.example:* ws://127.0.0.1:* wss://b.example:*"
    );
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::gateway
