// Who wants a control connection in a name that is spoken for.

#include "net/greet_once.hpp"
#include "unit/configd/puppets.hpp"

using namespace chaind;
using namespace chaind::configd::testing;

namespace
{

struct taken_names : small_town
{
    // What the config service answers to a hello as `who`; "welcome", or why not.
    std::string hello_as(member who)
    {
        wire::peer::hello what;
        what.protocol_min = what.protocol_max = 1;
        what.cluster = cluster;
        what.from = std::move(who);
        what.what_for = wire::peer::purpose::control;
        std::optional<std::string> out;
        tasks.spawn(greet(config->address(), std::move(what), out));
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
    std::size_t refusals(std::string const& name)
    {
        std::size_t out = 0;
        auto const events = ask("GET", "/v1/events").body;
        for (auto const& row : events.at("events").as_array())
            if (row.at("what").as_string() == "refused" && row.at("node").as_string() == name) ++out;
        return out;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(second_links, taken_names)

BOOST_AUTO_TEST_CASE(a_name_that_is_spoken_for_is_not_taken_over_and_that_is_an_event)
{
    auto const there = puppets["n1"]->self;
    auto copy = there, other = there;
    copy.boot = test::made_id<boot_id>(90);
    other.store = test::made_id<store_id>(91);
    for (int i = 0; i < 5; ++i)
    {
        BOOST_TEST(hello_as(there).find("has a connection already") != std::string::npos);
        BOOST_TEST(hello_as(copy).find("was the folder copied?") != std::string::npos);
        BOOST_TEST(hello_as(other).find("another replica of this name") != std::string::npos);
    }
    BOOST_TEST(refusals("n1") == 1u);  // who is refused comes again and again
    BOOST_TEST(refusals("n2") == 0u);
    BOOST_TEST(chain_is("n1 n2"));
    BOOST_TEST(status().at("epoch").to_number<int>() == 1);
}

BOOST_AUTO_TEST_CASE(a_restart_is_nobody_s_business)
{
    auto next = puppets["n1"]->self;
    next.boot = test::made_id<boot_id>(90);
    puppets["n1"]->stop();
    BOOST_TEST(wait([&] { return hello_as(next) == "welcome"; }));
    BOOST_TEST(refusals("n2") == 0u);
}

BOOST_AUTO_TEST_CASE(a_heartbeat_that_cannot_be_true_ends_its_connection_and_nothing_else)
{
    puppets["n2"]->lies = true;
    BOOST_TEST(wait([&] { return refusals("n2") == 1u; }));
    BOOST_TEST(wait([&] { return puppets["n2"]->refusal().find("cannot be") != std::string::npos; }));
    puppets["n2"]->lies = false;
    BOOST_TEST(wait([&] { return puppets["n2"]->links >= 2; }));
    BOOST_TEST(chain_is("n1 n2"));
    BOOST_TEST(status().at("epoch").to_number<int>() == 1);
    BOOST_TEST(status().at("committed").to_number<int>() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
