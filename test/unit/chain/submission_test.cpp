#include "chain/local_submissions.hpp"
#include "chain/refused_requests.hpp"
#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

BOOST_AUTO_TEST_SUITE(submissions)

BOOST_AUTO_TEST_CASE(a_command_that_came_before_there_was_a_chain_waits_for_it)
{
    harness h(2);
    h.submit(1, "early");
    h.pass(100ms);
    BOOST_TEST(h.status(1).pending_submissions == 1u);

    h.form({0, 1});

    BOOST_TEST(h.log(0) == (std::vector<std::string>{"early"}));
    BOOST_TEST(h.status(1).pending_submissions == 0u);
}

BOOST_AUTO_TEST_CASE(a_command_sent_to_a_head_that_died_goes_to_the_next_once)
{
    harness h(3);
    h.form({0, 1, 2});
    // b has it in its log, c (the gateway) does not know that.
    h.lose = [&](member const& from, envelope const& what)
    { return from == h.triple(1) && what.to == h.triple(2); };
    h.submit(2, "once");
    h.run();
    h.crash(0);
    h.lose = {};

    h.form({1, 2});
    h.pass(2s);

    BOOST_TEST(h.log(1) == (std::vector<std::string>{"once"}));
    BOOST_TEST(h.status(2).pending_submissions == 0u);
}

BOOST_AUTO_TEST_CASE(a_lost_submit_is_sent_again)
{
    harness h(2);
    h.form({0, 1});
    h.lose = [](member const&, envelope const& what) { return std::holds_alternative<submit>(what.message); };
    h.submit(1, "one");
    h.run();
    h.lose = {};
    BOOST_TEST(h.status(0).received == seq{0});

    h.pass(700ms);

    BOOST_TEST(h.status(1).applied == seq{1});
}

BOOST_AUTO_TEST_CASE(a_submit_on_its_way_is_not_sent_again_at_once)
{
    harness h(2);
    h.form({0, 1});
    int sent = 0;
    h.lose = [&](member const&, envelope const& what)
    {
        bool const is_submit = std::holds_alternative<submit>(what.message);
        sent += is_submit;
        return is_submit;
    };
    h.submit(1, "one");
    h.pass(settings{}.resubmit_after / 2);
    BOOST_TEST(sent == 1);
    h.pass(settings{}.resubmit_after);
    BOOST_TEST(sent == 2);
}

// 64 bytes are counted beside each text.
BOOST_AUTO_TEST_CASE(what_a_gateway_sends_again_goes_in_batches_of_the_bytes_that_are_set)
{
    for (auto const limit : {std::size_t{100}, std::size_t{101}})
    {
        harness h(2, [&](settings& how) { how.batch_bytes = limit; });
        for (int i = 0; i < 4; ++i)
            h.submit(1, std::string(36, static_cast<char>('a' + i)));
        h.sent.clear();
        h.form({0, 1});
        BOOST_TEST(h.sent["submit"] == (limit == 100 ? 4u : 2u));
        BOOST_TEST(h.log(0).size() == 4u);
    }
}

BOOST_AUTO_TEST_CASE(of_all_that_was_refused_the_oldest_is_forgotten)
{
    auto const request = [](std::uint64_t n)
    {
        request_id out;
        out.bytes[0] = static_cast<std::uint8_t>(n);
        out.bytes[1] = static_cast<std::uint8_t>(n >> 8);
        return out;
    };
    constexpr std::uint64_t kept = 4096, more = 3;
    refused_requests refused;
    for (std::uint64_t n = 0; n < kept + more; ++n)
        refused.remember(request(n), refusal::busy);
    for (std::uint64_t n = 0; n < kept + more; ++n)
        BOOST_TEST(refused.find(request(n)).has_value() == (n >= more), n);
}

BOOST_AUTO_TEST_CASE(a_forgotten_command_is_not_sent_again)
{
    harness h(2);
    h.form({0, 1});
    h.lose = [](member const&, envelope const& what) { return std::holds_alternative<submit>(what.message); };
    auto const request = h.submit(1, "one");
    h.run();
    h.lose = {};
    (void)h.step(1, forget_local{request});

    h.pass(1s);

    BOOST_TEST(h.status(0).received == seq{0});
}

BOOST_AUTO_TEST_CASE(below_min_replicas_the_head_refuses)
{
    harness h(2, [](settings& how) { how.min_replicas = 2; });
    h.form({0, 1});
    h.submit(0);
    h.run();
    BOOST_TEST(h.status(0).applied == seq{1});
    h.crash(1);
    h.form({0});

    auto const request = h.submit(0);
    h.run();

    BOOST_TEST_REQUIRE(h.at(0).refusals.size() == 1u);
    BOOST_TEST(h.at(0).refusals[0].request == request);
    BOOST_TEST(h.at(0).refusals[0].why == refusal::read_only);
    BOOST_TEST(!h.at(0).refusals[0].maybe_logged);
    BOOST_TEST(h.status(0).pending_submissions == 0u);
}

// ---- room on the members' disks

// What `i`'s gateway asks for; `frees`: it deletes.
request_id ask(harness& h, std::size_t i, bool frees)
{
    static std::uint8_t count = 100;
    request_id id;
    id.bytes.fill(++count);
    (void)h.step(i, submit_local{{id, std::make_shared<std::string const>("x"), frees}});
    return id;
}

BOOST_AUTO_TEST_CASE(while_a_members_disk_is_low_only_what_frees_room_is_taken)
{
    for (std::size_t low = 0; low < 3; ++low)
    {
        harness h(3);
        h.form({0, 1, 2});
        (void)h.step(low, disk_room{room::low});
        h.run();
        h.pass(100ms);
        for (std::size_t i = 0; i < 3; ++i)
            BOOST_TEST(h.status(i).least == (least_room{h.triple(low).name, room::low}));

        auto const refused = ask(h, 1, false);
        ask(h, 1, true);
        h.run();
        BOOST_TEST(h.status(0).applied == seq{1});
        BOOST_TEST_REQUIRE(h.at(1).refusals.size() == 1u);
        BOOST_TEST(h.at(1).refusals[0].request == refused);
        BOOST_TEST(h.at(1).refusals[0].why == refusal::disk_full);
        BOOST_TEST(!h.at(1).refusals[0].maybe_logged);

        // A full one takes nothing.
        (void)h.step(low, disk_room{room::none});
        h.run();
        h.pass(100ms);
        ask(h, 1, true);
        h.run();
        BOOST_TEST(h.status(0).received == seq{1});
        BOOST_TEST(h.at(1).refusals.size() == 2u);

        (void)h.step(low, disk_room{room::enough});
        h.run();
        h.pass(100ms);
        for (std::size_t i = 0; i < 3; ++i)
            BOOST_TEST(h.status(i).least == least_room{});
        ask(h, 1, false);
        h.run();
        BOOST_TEST(h.status(0).applied == seq{2});
    }
}

BOOST_AUTO_TEST_CASE(nobody_has_a_say_in_the_room_of_those_above_it)
{
    harness h(3);
    h.form({0, 1, 2});
    (void)h.step(
        1, received{h.triple(2), ack{epoch{1}, {}, {}, {}, {.who = h.triple(0).name, .left = room::none}}}
    );
    (void)h.step(
        1, received{h.triple(2), ack{epoch{1}, {}, {}, {}, {.who = h.triple(1).name, .left = room::none}}}
    );
    h.pass(5ms);
    BOOST_TEST(h.status(0).least == least_room{});
    (void)h.step(
        1, received{h.triple(2), ack{epoch{1}, {}, {}, {}, {.who = h.triple(2).name, .left = room::low}}}
    );
    BOOST_TEST(h.status(1).least == (least_room{h.triple(2).name, room::low}));
}

BOOST_AUTO_TEST_CASE(who_has_left_the_chain_has_no_say_in_its_room)
{
    harness h(3);
    h.form({0, 1, 2});
    (void)h.step(2, disk_room{room::low});
    h.run();
    h.pass(100ms);
    h.form({0, 1});
    ask(h, 1, false);
    h.run();
    BOOST_TEST(h.status(0).applied == seq{1});
}

BOOST_AUTO_TEST_CASE(heartbeats_tell_of_the_room_at_once)
{
    harness h(2);
    h.form({0, 1});
    h.at(1).heartbeats.clear();
    (void)h.step(1, disk_room{room::low});
    h.run();
    BOOST_TEST_REQUIRE(!h.at(1).heartbeats.empty());
    BOOST_TEST(h.at(1).heartbeats.back().left == room::low);
}

BOOST_AUTO_TEST_CASE(a_full_head_refuses_and_a_gateway_hears_of_it)
{
    harness h(2, [](settings& how) { how.admission_entries = 3; });
    h.form({0, 1});
    h.at(1).disk_runs = false;
    for (int i = 0; i < 5; ++i)
        h.submit(1);
    h.run();
    BOOST_TEST(h.status(0).received == seq{3});
    BOOST_TEST_REQUIRE(h.at(1).refusals.size() == 2u);
    BOOST_TEST(h.at(1).refusals[0].why == refusal::busy);

    h.at(1).disk_runs = true;
    h.run();
    h.submit(1);
    h.run();

    BOOST_TEST(h.status(1).applied == seq{4});
}

BOOST_AUTO_TEST_CASE(a_full_head_counts_bytes_too)
{
    harness h(2, [](settings& how) { how.admission_bytes = 1000; });
    h.form({0, 1});
    h.at(1).disk_runs = false;

    for (int i = 0; i < 5; ++i)
        h.submit(0, std::string(600, 'x'));
    h.run();

    BOOST_TEST(h.status(0).received == seq{2});
    h.at(1).disk_runs = true;
    h.run();
    h.submit(0);
    h.run();
    BOOST_TEST(h.status(0).applied == seq{3});
}

BOOST_AUTO_TEST_CASE(a_copy_of_a_refused_submit_is_refused_again)
{
    harness h(2, [](settings& how) { how.admission_entries = 1; });
    h.form({0, 1});
    h.at(1).disk_runs = false;
    h.submit(0);
    submission const late{request_id{{42}}, std::make_shared<std::string const>("late")};
    (void)h.step(0, received{h.triple(1), submit{epoch{1}, {late}}});
    h.at(1).disk_runs = true;
    h.run();
    BOOST_TEST(h.status(0).commit == seq{1});

    (void)h.step(0, received{h.triple(1), submit{epoch{1}, {late}}});
    h.run();

    BOOST_TEST(h.status(0).received == seq{1});
    BOOST_TEST(h.sent["refused"] == 2u);
}

BOOST_AUTO_TEST_CASE(what_the_head_could_not_carry_out_gets_no_place_in_the_log)
{
    harness h(2, [](settings& how) { how.knows = [](std::string_view what) { return what != "newer"; }; });
    h.form({0, 1});
    submission const newer{request_id{{42}}, std::make_shared<std::string const>("newer")};

    (void)h.step(0, received{h.triple(1), submit{epoch{1}, {newer}}});
    (void)h.step(0, submit_local{newer});
    h.run();
    h.submit(1);
    h.run();

    BOOST_TEST(h.sent["refused"] == 1u);
    BOOST_TEST_REQUIRE(h.at(0).refusals.size() == 1u);
    BOOST_TEST(h.at(0).refusals[0].why == refusal::not_known);
    BOOST_TEST(!h.at(0).refusals[0].maybe_logged);
    BOOST_TEST(h.status(1).applied == seq{1});
}

BOOST_AUTO_TEST_CASE(a_refusal_after_an_earlier_attempt_says_that_the_outcome_is_unknown)
{
    harness h(3, [](settings& how) { how.min_replicas = 2; });
    h.form({0, 1, 2});
    h.lose = [&](member const& from, envelope const&) { return from == h.triple(0); };
    h.submit(2);
    h.run();
    h.lose = {};
    h.crash(0);
    h.crash(1);
    h.form({2});

    BOOST_TEST_REQUIRE(h.at(2).refusals.size() == 1u);
    BOOST_TEST(h.at(2).refusals[0].maybe_logged);
}

BOOST_AUTO_TEST_CASE(a_repeated_submit_takes_one_place)
{
    harness h(2);
    h.form({0, 1});
    submission const one{request_id{{42}}, std::make_shared<std::string const>("one")};

    for (int i = 0; i < 3; ++i)
        (void)h.step(0, received{h.triple(1), submit{epoch{1}, {one, one}}});
    h.run();
    (void)h.step(0, received{h.triple(1), submit{epoch{1}, {one}}});
    h.run();

    BOOST_TEST(h.status(0).received == seq{1});
}

BOOST_AUTO_TEST_CASE(only_members_may_submit)
{
    harness h(3);
    h.form({0, 1});
    submission const one{request_id{{42}}, std::make_shared<std::string const>("one")};

    (void)h.step(0, received{h.triple(2), submit{epoch{1}, {one}}});
    auto old = h.triple(1);
    old.boot = boot_id{{9}};
    (void)h.step(0, received{old, submit{epoch{1}, {one}}});
    (void)h.step(0, received{h.triple(1), submit{epoch{0}, {one}}});

    BOOST_TEST(h.status(0).received == seq{0});
}

// The first attempt may have reached the log even if the head refuses the second one.
BOOST_AUTO_TEST_CASE(a_remote_refusal_of_a_second_attempt_leaves_the_outcome_open)
{
    harness h(2, [](settings& how) { how.admission_entries = 1; });
    h.form({0, 1});
    h.at(0).disk_runs = h.at(1).disk_runs = false;
    h.lose = [&](member const& from, envelope const& what)
    { return from == h.triple(1) && std::holds_alternative<submit>(what.message); };
    h.submit(1, "its first attempt is lost");
    h.run();
    h.lose = {};
    h.submit(0, "fills the head");
    h.run();

    h.pass(700ms);

    BOOST_TEST_REQUIRE(h.at(1).refusals.size() == 1u);
    BOOST_TEST(h.at(1).refusals[0].maybe_logged);
}

BOOST_AUTO_TEST_CASE(what_came_between_the_promise_and_active_is_assigned_with_active)
{
    harness h(2);
    h.direct(h.config({0, 1}, config_state::pending, epoch{1}));
    h.run();
    auto const active = h.config({0, 1}, config_state::active, epoch{1});
    h.direct_one(1, active);
    h.submit(1, "early");
    h.run();
    BOOST_TEST(h.status(0).received == seq{0});
    h.direct_one(0, active);
    h.run();  // no time passes

    BOOST_TEST(h.status(1).applied == seq{1});
}

// A head keeps what comes between its promise and ACTIVE; in the next epoch somebody else may assign.
BOOST_AUTO_TEST_CASE(submits_that_came_too_early_end_with_their_epoch)
{
    harness h(2);
    h.form({0, 1});
    auto const pending = h.config({0, 1}, config_state::pending, epoch{2});
    h.direct(pending);
    h.run();
    h.direct_one(1, h.config({0, 1}, config_state::active, epoch{2}));
    h.submit(1, "early at a");
    h.run();

    h.form({1});
    h.assign({1}, 0, 1);
    h.pass(100ms);
    h.form({1, 0});
    h.pass(600ms);

    BOOST_TEST(h.status(0).part == role::tail);
    BOOST_TEST(!h.at(0).halted.has_value());
    BOOST_TEST(h.log(0) == h.log(1));
    BOOST_TEST(h.status(1).applied == seq{1});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
