// One replica after the other reads all its rows.
#include "control/rows_proof.hpp"

#include "control/describe.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::control
{
namespace
{

using state = rows_proof::state;

struct proof_fixture
{
    rows_proof proof{7, {node_id{"n1"}, node_id{"n2"}, node_id{"n3"}}, instant(0)};
    instant now{};

    // What is sent to whom, in a word.
    std::string step(bool connected, std::optional<proof_report> const& said = std::nullopt)
    {
        auto const order = proof.step(now, connected, said);
        return order ? order->to.name.str() + " " + std::to_string(order->id) : "";
    }
    static proof_report running(std::uint64_t done) { return {7, true, done, 100, ""}; }
    static proof_report ended(std::string error = "") { return {7, false, 100, 100, std::move(error)}; }
    void pass(microseconds by)
    {
        now += by;
        proof.asked(now);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(proof_of_rows, proof_fixture)

BOOST_AUTO_TEST_CASE(the_next_one_begins_when_the_one_before_has_ended)
{
    BOOST_TEST(step(true) == "n1 7");
    BOOST_TEST(step(true) == "");
    for (auto const& part : proof.parts())
        BOOST_TEST(part.all == 0u);
    pass(100ms);
    BOOST_TEST(step(true, running(30)) == "");
    BOOST_TEST(proof.parts()[0].at == state::running);
    BOOST_TEST(proof.parts()[0].done == 30u);
    BOOST_TEST(proof.current()->name == "n1");
    // However long it takes.
    for (int i = 0; i < 100; ++i)
    {
        pass(1s);
        BOOST_TEST(step(true, running(31)) == "");
    }
    BOOST_TEST(step(true, ended()) == "");
    BOOST_TEST(proof.parts()[0].at == state::proven);
    BOOST_TEST(step(true) == "n2 7");
    BOOST_TEST(step(true, ended("a row has changed")) == "");
    BOOST_TEST(proof.parts()[1].at == state::changed);
    BOOST_TEST(proof.parts()[1].why == "a row has changed");
    BOOST_TEST(step(true) == "n3 7");
    BOOST_TEST(!proof.over());
    BOOST_TEST(step(true, ended()) == "");
    BOOST_TEST(proof.over());
    BOOST_TEST(!proof.current().has_value());
    BOOST_TEST(step(true, ended()) == "");
}

BOOST_AUTO_TEST_CASE(what_was_said_of_another_reading_counts_for_nothing)
{
    BOOST_TEST(step(true, proof_report{6, false, 100, 100, ""}) == "n1 7");
    BOOST_TEST(proof.parts()[0].at == state::waiting);
}

// Its process was restarted: that one knows nothing of it.
BOOST_AUTO_TEST_CASE(who_has_forgotten_is_asked_again)
{
    BOOST_TEST(step(true) == "n1 7");
    pass(100ms);
    BOOST_TEST(step(true, running(50)) == "");
    pass(5s);
    BOOST_TEST(step(false) == "");
    BOOST_TEST(step(true) == "n1 7");
    pass(900ms);
    BOOST_TEST(step(true) == "");
    pass(100ms);
    BOOST_TEST(step(true) == "n1 7");
    BOOST_TEST(step(true, running(1)) == "");
    BOOST_TEST(proof.parts()[0].at == state::running);
}

BOOST_AUTO_TEST_CASE(who_is_away_or_silent_is_named_and_the_others_have_their_turn)
{
    BOOST_TEST(step(false) == "");
    pass(11s);
    BOOST_TEST(step(false) == "");
    BOOST_TEST(proof.parts()[0].at == state::unproven);
    BOOST_TEST(proof.parts()[0].why.find("n1 is not connected") != std::string::npos);
    BOOST_TEST(step(true) == "n2 7");
    pass(11s);
    BOOST_TEST(step(true) == "n2 0");
    BOOST_TEST(proof.parts()[1].why.find("n2 does not begin") != std::string::npos);
    BOOST_TEST(step(true) == "n3 7");
}

BOOST_AUTO_TEST_CASE(a_proof_ends_when_nobody_asks_how_it_goes)
{
    BOOST_TEST(step(true) == "n1 7");
    now += 10s;
    BOOST_TEST(step(true, running(3)) == "");
    now += 1us;
    BOOST_TEST(step(true, running(4)) == "n1 0");
    BOOST_TEST(proof.over());
    for (auto const& part : proof.parts())
        BOOST_TEST(part.at == state::unproven);
    BOOST_TEST(step(true, running(5)) == "");
}

BOOST_AUTO_TEST_CASE(a_proof_can_be_stopped)
{
    BOOST_TEST(step(true) == "n1 7");
    BOOST_TEST(step(true, ended()) == "");
    auto const order = proof.stop("so");
    BOOST_TEST_REQUIRE(order.has_value());
    BOOST_TEST(order->to.name == "n2");
    BOOST_TEST(order->id == 0u);
    BOOST_TEST(proof.parts()[0].at == state::proven);
    BOOST_TEST(proof.parts()[2].why == "so");
    BOOST_TEST(!proof.stop("again").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::control
