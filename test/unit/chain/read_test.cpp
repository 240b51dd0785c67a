#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

using verdicts = std::vector<read_verdict>;
constexpr auto run = read_verdict::run;
constexpr auto answer = read_verdict::answer;
constexpr auto again = read_verdict::again;
constexpr auto unavailable = read_verdict::unavailable;

bool same(verdicts const& is, verdicts const& want)
{
    return is == want;
}

BOOST_AUTO_TEST_SUITE(reads)

BOOST_AUTO_TEST_CASE(with_a_lease_a_read_asks_nobody)
{
    harness h(3);
    h.form({0, 1, 2});
    h.lease_all();
    h.sent.clear();

    (void)h.step(1, read_wanted{7});
    (void)h.step(1, read_done{7});

    BOOST_TEST(same(h.verdicts(1, 7), {run, answer}));
    BOOST_TEST(h.sent["still_at"] == 0u);
}

BOOST_AUTO_TEST_CASE(a_read_waits_for_all_that_its_log_held_when_it_came)
{
    harness h(3);
    h.form({0, 1, 2});
    h.lease_all();
    h.at(2).disk_runs = false;
    h.submit(0);
    h.run();
    (void)h.step(0, read_wanted{1});
    h.run();
    BOOST_TEST(h.verdicts(0, 1).empty());
    h.submit(0);  // later: not waited for
    h.at(2).disk_runs = true;
    h.at(0).disk_runs = false;
    h.run();
    BOOST_TEST(h.status(0).commit == seq{1});
    BOOST_TEST(h.status(0).applied == seq{0});
    BOOST_TEST(h.verdicts(0, 1).empty());

    h.at(0).disk_runs = true;
    h.run();

    BOOST_TEST(same(h.verdicts(0, 1), {run}));
}

BOOST_AUTO_TEST_CASE(without_a_lease_all_other_members_are_asked)
{
    harness h(3);
    h.form({0, 1, 2});

    (void)h.step(1, read_wanted{1});
    BOOST_TEST(h.verdicts(1, 1).empty());
    h.run();
    (void)h.step(1, read_done{1});

    BOOST_TEST(same(h.verdicts(1, 1), {run, answer}));
    BOOST_TEST(h.sent["still_at"] == 2u);
}

BOOST_AUTO_TEST_CASE(a_read_by_barrier_waits_for_what_its_log_held_too)
{
    harness h(2);
    h.form({0, 1});
    h.at(1).disk_runs = false;
    h.submit(0);
    h.run();
    (void)h.step(0, read_wanted{1});
    h.run();
    BOOST_TEST(h.sent["still_at_yes"] == 1u);
    BOOST_TEST(h.verdicts(0, 1).empty());

    h.at(1).disk_runs = true;
    h.run();

    BOOST_TEST(same(h.verdicts(0, 1), {run}));
}

BOOST_AUTO_TEST_CASE(one_member_that_does_not_answer_makes_a_barrier_fail)
{
    for (std::size_t silent : {0u, 2u})
    {
        harness h(3);
        h.form({0, 1, 2});
        h.lose = [&](member const& from, envelope const&) { return from == h.triple(silent); };

        (void)h.step(1, read_wanted{1});
        h.pass(1100ms);

        BOOST_TEST(same(h.verdicts(1, 1), {unavailable}));
    }
}

BOOST_AUTO_TEST_CASE(a_lost_question_is_asked_again_when_the_next_mark_would_go)
{
    harness h(2);
    h.form({0, 1});
    h.lose = [](member const&, envelope const& m) { return std::holds_alternative<still_at>(m.message); };
    (void)h.step(0, read_wanted{1});
    h.pass(20ms);
    BOOST_TEST(h.sent["still_at"] == 1u);
    h.lose = {};
    h.pass(5ms);
    BOOST_TEST(h.sent["still_at"] == 2u);
    BOOST_TEST(same(h.verdicts(0, 1), {run}));
}

BOOST_AUTO_TEST_CASE(a_member_that_has_seen_a_newer_epoch_does_not_say_yes)
{
    harness h(2);
    h.form({0, 1});
    h.direct_one(1, h.config({1}, config_state::pending, epoch{2}));

    (void)h.step(0, read_wanted{1});
    h.pass(1100ms);

    BOOST_TEST(same(h.verdicts(0, 1), {unavailable}));
}

BOOST_AUTO_TEST_CASE(one_barrier_serves_all_reads_that_wait_and_a_later_read_has_its_own)
{
    harness h(2);
    h.form({0, 1});
    for (read_token t = 1; t <= 50; ++t)
        (void)h.step(0, read_wanted{t});
    h.run();

    for (read_token t = 1; t <= 50; ++t)
        BOOST_TEST(same(h.verdicts(0, t), {run}));
    // The first asked alone, the others came after that question.
    BOOST_TEST(h.sent["still_at"] == 2u);
}

BOOST_AUTO_TEST_CASE(an_old_answer_does_not_serve_a_new_barrier)
{
    harness h(2);
    h.form({0, 1});
    (void)h.step(0, read_wanted{1});
    h.run();
    h.lose = [](member const&, envelope const&) { return true; };
    (void)h.step(0, read_wanted{2});
    h.run();

    (void)h.step(0, received{h.triple(1), still_at_yes{epoch{1}, 1}});

    BOOST_TEST(h.verdicts(0, 2).empty());
}

BOOST_AUTO_TEST_CASE(a_lease_that_lapsed_while_reading_makes_it_read_again_by_barrier)
{
    harness h(2);
    h.form({0, 1});
    h.lease_all();
    (void)h.step(0, read_wanted{1});
    h.pass(250ms);
    (void)h.step(0, read_done{1});
    BOOST_TEST(same(h.verdicts(0, 1), {run, again}));

    h.run();
    (void)h.step(0, read_done{1});

    BOOST_TEST(same(h.verdicts(0, 1), {run, again, run, answer}));
}

BOOST_AUTO_TEST_CASE(a_lease_counts_from_when_the_heartbeat_was_sent)
{
    harness h(1);
    h.form({0});
    auto const sent = h.now.steady;
    h.pass(150ms);
    h.direct_one(0, h.config({0}, config_state::active, epoch{1}), sent);
    BOOST_TEST(h.at(0).core->lease_valid(sent + 199ms));
    BOOST_TEST(!h.at(0).core->lease_valid(sent + 200ms));

    h.direct_one(0, h.config({0}, config_state::active, epoch{1}), h.now.steady + 1h);  // not ours

    BOOST_TEST(!h.at(0).core->lease_valid(sent + 200ms));
}

BOOST_AUTO_TEST_CASE(a_lease_ends_with_its_epoch)
{
    harness h(2);
    h.form({0, 1});
    h.lease_all();
    BOOST_TEST(h.at(0).core->lease_valid(h.now.steady));

    h.direct(h.config({0, 1}, config_state::pending, epoch{2}));
    BOOST_TEST(!h.at(0).core->lease_valid(h.now.steady));
    h.run();
    h.direct(h.config({0, 1}, config_state::active, epoch{2}));
    h.run();

    BOOST_TEST(!h.at(0).core->lease_valid(h.now.steady));
}

BOOST_AUTO_TEST_CASE(an_epoch_change_while_reading_makes_it_read_again)
{
    harness h(2);
    h.form({0, 1});
    h.lease_all();
    (void)h.step(0, read_wanted{1});
    h.form({0, 1});
    h.lease_all();

    (void)h.step(0, read_done{1});
    (void)h.step(0, read_done{1});

    BOOST_TEST(same(h.verdicts(0, 1), {run, again, run, answer}));
}

BOOST_AUTO_TEST_CASE(a_removed_member_says_unavailable)
{
    harness h(2);
    h.form({0, 1});
    h.lease_all();
    (void)h.step(1, read_wanted{1});
    h.form({0});

    (void)h.step(1, read_done{1});
    (void)h.step(1, read_wanted{2});

    BOOST_TEST(same(h.verdicts(1, 1), {run, unavailable}));
    BOOST_TEST(same(h.verdicts(1, 2), {unavailable}));
}

BOOST_AUTO_TEST_CASE(a_read_that_waits_for_rows_that_are_cut_begins_again)
{
    harness h(2);
    h.form({1, 0});
    h.lose = [](member const&, envelope const&) { return true; };
    auto const gone = h.submit(1, "stale");
    h.run();
    h.lease_all();
    (void)h.step(1, read_wanted{1});
    h.run();
    BOOST_TEST(h.verdicts(1, 1).empty());
    (void)h.step(1, forget_local{gone});

    h.lose = {};
    h.form({0, 1});

    BOOST_TEST(same(h.verdicts(1, 1), {run}));
}

BOOST_AUTO_TEST_CASE(reads_wait_out_a_change_of_the_chain)
{
    harness h(2);
    h.form({0, 1});
    h.direct(h.config({0, 1}, config_state::pending, epoch{2}));
    (void)h.step(0, read_wanted{1});
    h.pass(100ms);
    BOOST_TEST(h.verdicts(0, 1).empty());

    h.direct(h.config({0, 1}, config_state::active, epoch{2}));
    h.run();

    BOOST_TEST(same(h.verdicts(0, 1), {run}));
}

BOOST_AUTO_TEST_CASE(the_sole_member_needs_no_lease)
{
    harness h(1);
    h.form({0});

    (void)h.step(0, read_wanted{1});
    (void)h.step(0, read_done{1});

    BOOST_TEST(same(h.verdicts(0, 1), {run, answer}));
}

// Rows that wait for a member's disk are cut by the next head, and nothing is ever written after them.
BOOST_AUTO_TEST_CASE(a_read_does_not_wait_for_cut_rows_on_a_chain_that_stays_idle)
{
    harness h(3);
    h.form({0, 1, 2});
    h.submit(0, "everywhere");
    h.run();
    h.lose = [&](member const& from, envelope const& what)
    { return from == h.triple(1) && what.to == h.triple(2); };
    h.submit(0, "never at c");
    h.run();
    h.crash(0);
    h.lose = [&](member const& from, envelope const&) { return from == h.triple(2); };
    h.form({2, 1});
    h.lease_all();
    (void)h.step(1, read_wanted{1});
    h.run();
    BOOST_TEST(h.verdicts(1, 1).empty());

    h.lose = {};
    h.pass(300ms);

    BOOST_TEST(same(h.verdicts(1, 1), {run}));
}

// A barrier that was asked in one epoch gets no answers in the next: later ones must not wait for it.
BOOST_AUTO_TEST_CASE(a_barrier_under_way_ends_with_its_epoch)
{
    harness h(3);
    h.form({0, 1, 2});
    h.lose = [&](member const& from, envelope const&) { return from == h.triple(2); };
    (void)h.step(1, read_wanted{1});
    h.run();
    BOOST_TEST(h.verdicts(1, 1).empty());
    h.crash(2);
    h.lose = {};
    h.form({0, 1});
    h.pass(100ms);

    (void)h.step(1, read_wanted{2});
    h.pass(50ms);

    BOOST_TEST(same(h.verdicts(1, 2), {run}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
