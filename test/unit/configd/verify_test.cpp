// Are all members the same: what is asked of whom, and what people are told.
#include "unit/configd/puppets.hpp"

#include <algorithm>
#include <array>

namespace chaind::configd::testing
{
namespace
{

struct compared_town : small_town
{
    compared_town()
    {
        // All members apply what the head was asked to put into the log.
        auto const newest = [this]
        {
            std::uint64_t out = 0;
            for (auto const* name : {"n1", "n2"})
                if (!puppets[name]->checkpoints.empty()) out = puppets[name]->checkpoints.back();
            return out;
        };
        for (auto const* name : {"n1", "n2"})
            puppets[name]->checkpoint = newest;
    }
    puppet& of(std::string const& name) { return *puppets[name]; }
    json::array parts() { return ask("GET", "/v1/verify/deep").body.at("replicas").as_array(); }
    std::string state(std::size_t of) { return std::string(parts().at(of).at("state").as_string()); }
    static rows_reading scrub(std::uint64_t asked, bool running, std::string const& error = "")
    {
        return {.running = running, .asked = asked, .done = 5, .all = 10, .proven_ms = 0, .error = error};
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(verifying, compared_town)

BOOST_AUTO_TEST_CASE(equal_sums_are_equal_and_different_ones_are_shown)
{
    auto const same = post("/v1/verify");
    BOOST_TEST(same.status == 200u);
    BOOST_TEST(same.body.at("equal").as_bool());
    BOOST_TEST(same.body.at("pos").to_number<int>() == 9);
    BOOST_TEST(same.body.at("replicas").as_array().size() == 2u);
    BOOST_TEST(same.body.at("missing").as_array().empty());
    BOOST_TEST(of("n1").checkpoints.size() == 1u);
    BOOST_TEST(of("n2").checkpoints.empty());
    of("n2").sum = 0xbb;
    auto const other = post("/v1/verify");
    BOOST_TEST(other.status == 200u);
    BOOST_TEST(!other.body.at("equal").as_bool());
    BOOST_TEST(other.body.at("missing").as_array().empty());
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_is_named_with_what_to_do_within_five_seconds)
{
    of("n2").sum = 0;
    auto const began = std::chrono::steady_clock::now();
    auto const told = post("/v1/verify");
    BOOST_TEST((std::chrono::steady_clock::now() - began < 5s));
    BOOST_TEST(told.status == 200u);
    BOOST_TEST(!told.body.at("equal").as_bool());
    BOOST_TEST(told.body.at("replicas").as_array().size() == 1u);
    BOOST_TEST_REQUIRE(told.body.at("missing").as_array().size() == 1u);
    auto const& missing = told.body.at("missing").as_array()[0].as_object();
    BOOST_TEST(missing.at("name").as_string() == "n2");
    BOOST_TEST(std::string(missing.at("reason").as_string()).find("its log") != std::string::npos);
    // The head had put it there: once was enough.
    BOOST_TEST(of("n1").checkpoints.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_chain_that_writes_nothing_is_no_comparison)
{
    for (auto const* name : {"n1", "n2"})
        of(name).checkpoint = [] { return std::uint64_t{0}; };
    auto const told = post("/v1/verify");
    BOOST_TEST(told.status == 503u);
    BOOST_TEST(problem(told).find("chainctl status") != std::string::npos);
    // Asked for again, in case that the head was another one.
    BOOST_TEST(of("n1").checkpoints.size() >= 2u);
    BOOST_TEST(of("n1").checkpoints.size() <= 4u);
}

BOOST_AUTO_TEST_CASE(many_questions_at_once_are_one_piece_of_work)
{
    of("n2").sum = 0;
    std::array<std::optional<told_by_http>, 8> answers;
    for (auto& one : answers)
        tasks.spawn(http_question(folder.path() + "/configd.sock", "POST", "/v1/verify", "", one));
    BOOST_TEST(wait([&] { return !of("n1").checkpoints.empty(); }));
    of("n2").sum = 0xaa;
    BOOST_TEST(wait(
        [&]
        {
            return std::all_of(
                answers.begin(), answers.end(), [](auto const& one) { return one.has_value(); }
            );
        }
    ));
    for (auto const& one : answers)
        BOOST_TEST(one->body.at("equal").as_bool());
    BOOST_TEST(of("n1").checkpoints.size() == 1u);
}

BOOST_AUTO_TEST_CASE(rows_are_read_by_one_member_after_the_other)
{
    BOOST_TEST(ask("GET", "/v1/verify/deep").status == 404u);
    BOOST_TEST(post("/v1/verify/deep").status == 200u);
    BOOST_TEST(wait([&] { return !of("n1").proofs.empty(); }));
    auto const number = of("n1").proofs.front();
    BOOST_TEST(number != 0u);
    of("n1").scrub = scrub(number, true);
    BOOST_TEST(wait([&] { return state(0) == "running"; }));
    BOOST_TEST(parts().at(0).at("done").to_number<int>() == 5);
    BOOST_TEST(state(1) == "waiting");
    BOOST_TEST(of("n2").proofs.empty());
    // Never two.
    auto const second = post("/v1/verify/deep");
    BOOST_TEST(second.status == 409u);
    BOOST_TEST(problem(second).find("n1") != std::string::npos);
    of("n1").scrub = scrub(number, false);
    BOOST_TEST(wait([&] { return !of("n2").proofs.empty(); }));
    BOOST_TEST(of("n2").proofs.front() == number);
    BOOST_TEST(state(0) == "proven");
    of("n2").scrub = scrub(number, false, "a row has changed");
    BOOST_TEST(wait([&] { return ask("GET", "/v1/verify/deep").body.at("over").as_bool(); }));
    BOOST_TEST(state(1) == "changed");
    BOOST_TEST(parts().at(1).at("reason").as_string() == "a row has changed");
    // The next one is another one.
    BOOST_TEST(post("/v1/verify/deep").status == 200u);
    BOOST_TEST(wait([&] { return of("n1").proofs.back() != number; }));
}

BOOST_AUTO_TEST_CASE(a_reading_can_be_stopped)
{
    BOOST_TEST(post("/v1/verify/deep").status == 200u);
    BOOST_TEST(wait([&] { return !of("n1").proofs.empty(); }));
    of("n1").scrub = scrub(of("n1").proofs.front(), true);
    BOOST_TEST(wait([&] { return state(0) == "running"; }));
    auto const stopped = post("/v1/verify/deep/stop");
    BOOST_TEST(stopped.status == 200u);
    BOOST_TEST(stopped.body.at("over").as_bool());
    BOOST_TEST(wait([&] { return of("n1").proofs.back() == 0; }));
    BOOST_TEST(of("n2").proofs.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::configd::testing
