#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

void fill(harness& h, std::size_t rows, std::size_t head = 0)
{
    for (std::size_t i = 0; i < rows; ++i)
        h.submit(head, "row");
    h.run();
}

seq allowed(machine const& m)
{
    return m.may_drop.empty() ? seq{} : m.may_drop.back();
}

void feed(harness& h, std::vector<std::size_t> const& members, std::size_t source, std::size_t learner)
{
    h.assign(members, learner, source);
    h.pass(100ms);
}

BOOST_AUTO_TEST_SUITE(compaction)

BOOST_AUTO_TEST_CASE(what_is_applied_may_go_and_that_is_not_said_for_each_row)
{
    harness h(2);
    h.form({0, 1});
    fill(h, 255);
    h.pass(50ms);
    BOOST_TEST(h.at(1).may_drop.empty());

    fill(h, 745);
    h.pass(50ms);

    for (std::size_t i : {0, 1})
    {
        BOOST_TEST(allowed(h.at(i)) <= seq{1000});
        BOOST_TEST(allowed(h.at(i)) > seq{744});
        BOOST_TEST(h.at(i).may_drop.size() <= 3u);
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_committed_stays)
{
    harness h(2);
    h.form({0, 1});
    h.at(1).disk_runs = false;
    fill(h, 600);
    h.pass(100ms);
    BOOST_TEST(h.at(0).may_drop.empty());
}

BOOST_AUTO_TEST_CASE(a_learners_position_holds_the_log_back)
{
    harness h(3);
    h.form({0, 1});
    fill(h, 100);
    feed(h, {0, 1}, 1, 2);
    h.at(2).disk_runs = false;
    fill(h, 1000);
    h.pass(100ms);
    BOOST_TEST(allowed(h.at(0)) > seq{800});
    BOOST_TEST(allowed(h.at(1)) <= seq{100});

    // Also over an epoch change, before its log has been met again.
    h.form({0, 1});
    h.pass(50ms);
    BOOST_TEST(allowed(h.at(1)) <= seq{100});

    h.at(2).disk_runs = true;
    feed(h, {0, 1}, 1, 2);
    h.pass(100ms);
    BOOST_TEST(allowed(h.at(1)) > seq{800});
}

BOOST_AUTO_TEST_CASE(a_learner_that_comes_later_takes_the_word_back)
{
    harness h(3);
    h.form({0, 1});
    fill(h, 1000);
    h.pass(50ms);
    BOOST_TEST(allowed(h.at(1)) > seq{700});
    h.lose = [&](member const&, envelope const& what)
    {
        auto const* a = std::get_if<append>(&what.message);
        return a != nullptr && what.to == h.triple(2) && !a->entries.empty();
    };
    feed(h, {0, 1}, 1, 2);
    BOOST_TEST(allowed(h.at(1)) == seq{0});
}

BOOST_AUTO_TEST_CASE(a_learner_that_is_gone_holds_nothing_back)
{
    harness h(3);
    h.form({0, 1});
    feed(h, {0, 1}, 1, 2);
    h.crash(2);
    h.direct(h.config({0, 1}, config_state::active, h.current));
    fill(h, 600);
    h.pass(3s);
    BOOST_TEST(allowed(h.at(1)) > seq{300});
}

BOOST_AUTO_TEST_CASE(a_learner_too_far_behind_is_given_up)
{
    harness h(3, [](settings& how) { how.pin_entries = 500; });
    h.form({0, 1});
    feed(h, {0, 1}, 1, 2);
    h.at(2).disk_runs = false;
    fill(h, 400);
    h.pass(50ms);
    BOOST_TEST(allowed(h.at(1)) == seq{0});
    fill(h, 600);
    h.pass(50ms);
    BOOST_TEST(allowed(h.at(1)) > seq{200});
    BOOST_TEST(allowed(h.at(1)) <= seq{500});
}

BOOST_AUTO_TEST_CASE(a_snapshot_holds_its_log_back_until_the_learner_follows)
{
    harness h(3, [](settings& how) { how.snapshot_after = 10; });
    h.form({0, 1});
    fill(h, 600);
    h.pass(50ms);
    h.at(1).snapshots_run = false;
    feed(h, {0, 1}, 1, 2);
    fill(h, 1000);
    h.pass(50ms);
    BOOST_TEST(allowed(h.at(1)) <= seq{600});

    // The file is of the position at which it is made.
    h.at(1).snapshots_run = true;
    h.pass(1s);
    fill(h, 1000);
    h.pass(50ms);
    BOOST_TEST(allowed(h.at(1)) <= seq{1600});
    BOOST_TEST(allowed(h.at(1)) > seq{1300});

    BOOST_TEST_REQUIRE(h.at(2).anew.has_value());
    h.start_anew(2);
    feed(h, {0, 1}, 1, 2);
    h.pass(200ms);
    BOOST_TEST(h.status(2).applied == seq{2600});
    BOOST_TEST(allowed(h.at(1)) > seq{2300});
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_holds_back_too_much_is_given_up)
{
    harness h(
        3,
        [](settings& how)
        {
            how.snapshot_after = 10;
            how.pin_entries = 500;
            how.snapshot_rate = 64u << 10;
        }
    );
    h.form({0, 1});
    fill(h, 600);
    feed(h, {0, 1}, 1, 2);
    BOOST_TEST(h.at(1).made.has_value());
    fill(h, 501);
    h.pass(100ms);

    BOOST_TEST(!h.at(1).made.has_value());
    auto const feeding = h.at(1).heartbeats.back().feeding;
    BOOST_TEST_REQUIRE(feeding.has_value());
    BOOST_TEST(feeding->trouble.find("500") != std::string::npos);
    BOOST_TEST(allowed(h.at(1)) > seq{800});
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_holds_back_too_much_is_given_up_while_it_is_being_made)
{
    harness h(
        3,
        [](settings& how)
        {
            how.snapshot_after = 10;
            how.pin_entries = 500;
        }
    );
    h.form({0, 1});
    fill(h, 600);
    h.at(1).snapshots_run = false;
    feed(h, {0, 1}, 1, 2);
    fill(h, 501);
    h.pass(100ms);
    BOOST_TEST(allowed(h.at(1)) > seq{800});

    h.at(1).snapshots_run = true;
    h.pass(100ms);
    BOOST_TEST(!h.at(1).made.has_value());
    h.pass(6s);
    BOOST_TEST(h.at(2).anew.has_value());
}

// Reconfigurations of a chain whose logs begin at different places, some of them in memory only.
BOOST_AUTO_TEST_CASE(members_with_short_logs_reconcile)
{
    harness h(3, [](settings& how) { how.cache_bytes = 0; });
    h.form({0, 1, 2});
    fill(h, 100);
    h.pass(50ms);
    h.compact(0, seq{100});
    h.compact(1, seq{40});
    h.compact(2, seq{99});
    BOOST_TEST(h.status(0).base.at == seq{100});
    fill(h, 5);
    h.form({0, 1, 2});
    fill(h, 5);
    h.crash(0);
    h.form({1, 2});
    fill(h, 5, 1);
    h.pass(200ms);
    BOOST_TEST(h.status(1).applied == seq{115});
    BOOST_TEST(h.status(2).applied == seq{115});

    h.compact(1, seq{115});
    h.compact(2, seq{110});
    // Everybody dies; members' uncommitted tails differ.
    h.lose = [](member const&, envelope const&) { return true; };
    h.submit(1, "only here");
    h.run();
    h.lose = {};
    h.restart(1);
    h.restart(2);
    h.form({2, 1});
    fill(h, 3, 2);
    h.pass(500ms);
    BOOST_TEST(h.status(1).applied == seq{118});
    BOOST_TEST(h.status(1).end.hash == h.status(2).end.hash);
    for (std::size_t i : {1, 2})
        BOOST_TEST(!h.at(i).halted.has_value());
}

BOOST_AUTO_TEST_CASE(a_member_that_heard_late_of_the_commit_is_asked_at_the_base)
{
    harness h(2, [](settings& how) { how.cache_bytes = 0; });
    h.form({0, 1});
    fill(h, 10);
    h.pass(50ms);
    // The tail commits; its head does not hear of it, nor does it apply.
    h.lose = [&](member const& from, envelope const& what)
    { return from == h.triple(1) && std::holds_alternative<ack>(what.message); };
    fill(h, 20);
    BOOST_TEST(h.status(1).applied == seq{30});
    BOOST_TEST(h.status(0).applied == seq{10});
    h.compact(1, seq{30});
    h.lose = {};
    h.restart(0);
    h.restart(1);

    h.form({1, 0});
    h.submit(1, "last");
    h.pass(300ms);

    BOOST_TEST(h.status(0).applied == seq{31});
    BOOST_TEST(h.status(0).end.hash == h.status(1).end.hash);
}

// Where the two logs met first has been dropped since.
BOOST_AUTO_TEST_CASE(a_learner_that_follows_needs_no_snapshot_for_another_connection)
{
    harness h(3, [](settings& how) { how.cache_bytes = 0; });
    h.form({0, 1});
    fill(h, 10);
    feed(h, {0, 1}, 1, 2);
    fill(h, 50);
    h.pass(50ms);
    h.compact(1, seq{60});

    (void)h.step(1, peer_up{h.triple(2)});
    fill(h, 1);
    h.pass(50ms);

    BOOST_TEST(!h.at(1).heartbeats.back().feeding->needs_snapshot);
    BOOST_TEST(h.status(2).applied == seq{61});
}

BOOST_AUTO_TEST_CASE(rows_that_go_while_a_learner_is_met_lead_to_a_snapshot)
{
    harness h(3, [](settings& how) { how.cache_bytes = 0; });
    h.form({0, 1});
    fill(h, 50);
    h.pass(50ms);
    // The store has dropped them and has not yet said so.
    auto rows = h.at(1).store;
    h.at(1).store.base = rows.row(seq{50}).point();
    h.at(1).store.rows.clear();

    feed(h, {0, 1}, 1, 2);

    BOOST_TEST_REQUIRE(h.at(2).anew.has_value());
    BOOST_TEST(h.at(2).anew->install.has_value());
}

BOOST_AUTO_TEST_CASE(rows_that_go_while_a_member_is_met_are_not_asked_for_without_end)
{
    harness h(2, [](settings& how) { how.cache_bytes = 0; });
    h.form({0, 1});
    fill(h, 50);
    h.pass(50ms);
    // The second is slower to hear of the end; the first cannot find its own rows.
    h.restart(0);
    h.restart(1);
    auto const whole = h.at(0).store;
    h.at(0).store.base = whole.row(seq{50}).point();
    h.at(0).store.rows.clear();
    h.at(1).store.rows.resize(40);
    h.at(1).store.applied = seq{40};
    h.restart(1);
    auto const before = h.at(0).log_reads;

    h.form({0, 1});
    h.pass(1s);

    BOOST_TEST(h.at(0).log_reads - before > 0u);
    BOOST_TEST(h.at(0).log_reads - before <= 12u);
    BOOST_TEST(!h.at(0).halted.has_value());
}

BOOST_AUTO_TEST_CASE(a_restarted_replica_knows_where_its_log_begins)
{
    harness h(2);
    h.form({0, 1});
    fill(h, 30);
    h.form({0, 1});
    fill(h, 30);
    h.compact(1, seq{40});
    h.restart(1);
    BOOST_TEST(h.status(1).base.at == seq{40});
    BOOST_TEST(h.status(1).received == seq{60});
    h.pass(60ms);
    BOOST_TEST(h.at(1).heartbeats.back().end.at == seq{60});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
