// Links between replicas: one for each name, while its process speaks.

#include "net/greet_once.hpp"
#include "node/peer_table.hpp"
#include "runtime/address.hpp"
#include "runtime/within.hpp"
#include "support/members.hpp"
#include "support/run_until.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/test/unit_test.hpp>

using namespace chaind;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using test::made_id;
using test::made_member;

namespace
{

constexpr std::chrono::seconds limit{30};

// Two replicas that are linked both ways, and a stranger.
struct linked
{
    asio::io_context loop{1};
    runtime::task_group tasks{loop.get_executor(), "test"};
    cluster_id cluster = made_id<cluster_id>(1);
    member n1 = made_member("n1", 1, 1);
    member n2 = made_member("n2", 2, 2);
    int ups = 0, downs = 0, received = 0;
    std::vector<chain::peer_links> told;
    std::vector<wire::peer::typing> typing;
    bool speaks = true;
    bool both_speak = false;
    bool apart = false;
    epoch in;
    bool stopped = false;
    node::peer_table here{tasks, any_port(), cluster, n1, counted()};
    node::peer_table there{
        tasks,
        any_port(),
        cluster,
        n2,
        {[](auto&) {}, [](auto&) {}, [](auto&) {}, [](auto&, auto) {}, [](auto&) {}}
    };

    linked()
    {
        here.start();
        there.start();
        here.set_addresses({{n2.name, runtime::to_string(there.address())}});
        there.set_addresses({{n1.name, runtime::to_string(here.address())}});
        tasks.spawn(speak());
        BOOST_TEST_REQUIRE(wait([&] { return ups >= 2; }));
    }
    ~linked()
    {
        stopped = true;
        here.stop();
        there.stop();
        tasks.cancel();
        wait([&] { return tasks.size() == 0; });
    }
    static asio::ip::tcp::endpoint any_port() { return {asio::ip::address_v4::loopback(), 0}; }
    node::peer_events counted()
    {
        return {
            .up = [this](member const&) { ++ups; },
            .down = [this](member const&) { ++downs; },
            .links = [this](chain::peer_links const& what) { told.push_back(what); },
            .received = [this](member const&, chain::message const&) { ++received; },
            .typing = [this](wire::peer::typing const& what) { typing.push_back(what); },
        };
    }
    asio::awaitable<void> speak()
    {
        asio::steady_timer pause(tasks.executor());
        while (!stopped)
        {
            if (speaks) there.say_that_we_are_here({.apart = apart, .at = in, .can_read = true});
            if (both_speak) here.say_that_we_are_here({});
            here.look();
            pause.expires_after(5ms);
            co_await runtime::wait_on(pause);
        }
    }
    template <class Condition>
    bool wait(Condition const& holds)
    {
        return test::run_until(loop, limit, holds);
    }
    std::string hello_as(member who)
    {
        wire::peer::hello what;
        what.protocol_min = what.protocol_max = 1;
        what.cluster = cluster;
        what.from = std::move(who);
        what.what_for = wire::peer::purpose::chain;
        std::optional<std::string> out;
        tasks.spawn(greet(here.address(), std::move(what), out));
        BOOST_TEST_REQUIRE(wait([&] { return out.has_value(); }));
        return *out;
    }
    static asio::awaitable<void> greet(
        asio::ip::tcp::endpoint to, wire::peer::hello what, std::optional<std::string>& out
    )
    {
        auto const answer = co_await net::greet_once(to, std::move(what), 5s);
        if (!answer)
            out = answer.error().message();
        else if (auto const* no = std::get_if<wire::peer::refused>(&*answer))
            out = no->reason;
        else
            out = "welcome";
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(peer_links, linked)

BOOST_AUTO_TEST_CASE(a_second_link_in_the_name_of_one_that_speaks_is_refused)
{
    auto copy = n2;
    copy.boot = made_id<boot_id>(90);
    auto const before = ups;
    for (auto const& who : {n2, copy, n2})
        BOOST_TEST(hello_as(who).find("has a link already") != std::string::npos);
    BOOST_TEST(hello_as(made_member("n3", 3, 3)) == "welcome");
    BOOST_TEST(ups == before + 1);
    BOOST_TEST(here.reaches(n2));
    // What only says that somebody is there is no message.
    BOOST_TEST(received == 0);
    there.send(n1, chain::still_at{epoch{1}, 1});
    BOOST_TEST(wait([&] { return received == 1; }));
}

BOOST_AUTO_TEST_CASE(who_types_is_told_to_each_linked_replica_and_is_no_message_of_the_chain)
{
    BOOST_TEST_REQUIRE(wait([&] { return there.reaches(n1); }));
    there.send_to_all({chat::conv_id(7), chat::user_id(5), true});
    there.send_to_all({chat::conv_id(7), chat::user_id(5), false});
    BOOST_TEST(wait([&] { return typing.size() == 2; }));
    BOOST_TEST(typing.at(0).conv.value() == 7u);
    BOOST_TEST(typing.at(0).who.value() == 5u);
    BOOST_TEST(typing.at(0).on);
    BOOST_TEST(!typing.at(1).on);
    BOOST_TEST(received == 0);
}

// Each speaks on a link of its own, and cannot see whether its words arrive.
BOOST_AUTO_TEST_CASE(who_is_not_heard_any_more_is_told_so_and_again_when_it_is)
{
    BOOST_TEST(here.reaches(n2));
    BOOST_TEST(wait([&] { return !here.reaches(n2); }));
    both_speak = true;
    BOOST_TEST(wait([&] { return here.reaches(n2) && there.reaches(n1); }));
    std::vector<other_machine> const there_is{{n2.name, {}, false, true, false}};
    BOOST_TEST((here.others() == there_is));
    apart = true;
    BOOST_TEST(wait([&] { return told.back().apart; }));
    in = epoch{9};
    BOOST_TEST(wait([&] { return told.back().at == epoch{9}; }));
    BOOST_TEST(received == 0);
    std::vector<chain::peer_links> const changes{
        {n2, true}, {n2, false}, {n2, true}, {n2, true, true}, {n2, true, true, epoch{9}, true}
    };
    BOOST_TEST((told == changes));
}

BOOST_AUTO_TEST_CASE(whose_address_has_changed_is_not_reached_until_it_is_linked_again)
{
    BOOST_TEST_REQUIRE(wait([&] { return !told.empty() && told.back().reached; }));
    here.set_addresses({{n2.name, "127.0.0.1:1"}});
    BOOST_TEST((told.back() == chain::peer_links{.peer = n2}));
    here.set_addresses({{n2.name, runtime::to_string(there.address())}});
    both_speak = true;
    BOOST_TEST(wait([&] { return told.back().reached; }));
}

// Its connection may be half open, and it knows better.
BOOST_AUTO_TEST_CASE(whoever_was_silent_may_link_again)
{
    speaks = false;
    BOOST_TEST(wait([&] { return hello_as(n2) == "welcome"; }));
}

BOOST_AUTO_TEST_SUITE_END()
