// What peers may not do to a replica.
#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

// b, the tail of a chain of two with one committed entry, and what a could send it.
struct tail_fixture
{
    harness h{2};

    tail_fixture()
    {
        h.form({0, 1});
        h.submit(0, "one");
        h.run();
    }

    [[nodiscard]] append next(std::string text) const
    {
        auto const prev = h.status(1).end;
        append out{epoch{1}, 1000, prev, {}, seq{}, seq{}, seq{}};
        entry e{prev.at.next(), epoch{1}, prev.ts_us + 1, {}, std::make_shared<std::string const>(text), {}};
        e.hash = entry_hash(prev.hash, e);
        out.entries.push_back(e);
        return out;
    }
    effects deliver(message what) { return h.step(1, received{h.triple(0), std::move(what)}); }
};

BOOST_FIXTURE_TEST_SUITE(messages, tail_fixture)

BOOST_AUTO_TEST_CASE(a_proper_append_is_taken_and_answered)
{
    auto const out = deliver(next("two"));

    BOOST_TEST(h.status(1).received == seq{2});
    BOOST_TEST_REQUIRE(!out.sends.empty());
    auto const* answer = std::get_if<ok>(&out.sends.front().message);
    BOOST_TEST_REQUIRE(answer != nullptr);
    BOOST_TEST(answer->number == 1000u);
    BOOST_TEST(answer->verified == seq{2});
    BOOST_TEST(answer->durable == seq{1});
}

BOOST_AUTO_TEST_CASE(the_same_append_twice_changes_nothing_and_is_answered_twice)
{
    auto const what = next("two");
    (void)deliver(what);
    auto const again = deliver(what);

    BOOST_TEST(h.status(1).received == seq{2});
    BOOST_TEST(again.writes.empty());
    BOOST_TEST(std::holds_alternative<ok>(again.sends.front().message));
}

BOOST_AUTO_TEST_CASE(of_an_append_that_begins_with_rows_that_are_here_the_others_are_taken)
{
    append what{epoch{1}, 1000, {}, {h.at(1).store.row(seq{1})}, seq{}, seq{}, seq{}};
    what.entries.push_back(next("two").entries[0]);

    auto const out = deliver(what);

    BOOST_TEST(h.status(1).received == seq{2});
    BOOST_TEST_REQUIRE(!out.sends.empty());
    auto const* answer = std::get_if<ok>(&out.sends.front().message);
    BOOST_TEST_REQUIRE(answer != nullptr);
    BOOST_TEST(answer->verified == seq{2});
    h.run();
    BOOST_TEST(h.log(1) == (std::vector<std::string>{"one", "two"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_append_from_anybody_but_the_predecessor_is_dropped)
{
    auto stranger = h.triple(0);
    stranger.boot = boot_id{{7}};

    (void)h.step(1, received{stranger, next("two")});
    (void)h.step(1, received{h.triple(1), next("two")});

    BOOST_TEST(h.status(1).received == seq{1});
}

BOOST_AUTO_TEST_CASE(an_append_of_another_epoch_is_dropped)
{
    for (auto wrong : {epoch{0}, epoch{2}})
    {
        auto what = next("two");
        what.in = wrong;
        (void)deliver(what);
    }

    BOOST_TEST(h.status(1).received == seq{1});
}

BOOST_AUTO_TEST_CASE(rows_that_were_changed_on_the_way_are_dropped)
{
    auto rotten = next("two");
    rotten.entries[0].command = std::make_shared<std::string const>("twp");
    (void)deliver(rotten);
    auto gap = next("two");
    gap.entries[0].at = seq{3};
    (void)deliver(gap);
    auto nothing = next("two");
    nothing.entries[0].command = nullptr;
    (void)deliver(nothing);
    auto future = next("two");
    future.entries[0].in = epoch{2};
    future.entries[0].hash = entry_hash(future.prev.hash, future.entries[0]);
    (void)deliver(future);
    auto back_in_time = next("two");
    back_in_time.entries[0].ts_us = 0;
    back_in_time.entries[0].hash = entry_hash(back_in_time.prev.hash, back_in_time.entries[0]);
    (void)deliver(back_in_time);
    auto at_the_same_time = next("two");
    at_the_same_time.entries[0].ts_us = at_the_same_time.prev.ts_us;
    at_the_same_time.entries[0].hash = entry_hash(at_the_same_time.prev.hash, at_the_same_time.entries[0]);
    (void)deliver(at_the_same_time);
    auto huge = next("two");
    huge.prev.at = seq{~std::uint64_t{0}};
    huge.entries.clear();
    (void)deliver(huge);

    BOOST_TEST(h.status(1).received == seq{1});
    BOOST_TEST(!h.at(1).halted.has_value());
}

BOOST_AUTO_TEST_CASE(a_gap_is_answered_with_the_own_end)
{
    auto what = next("three");
    what.prev.at = seq{9};
    what.entries.clear();

    auto const out = deliver(what);

    auto const* answer = std::get_if<nack>(&out.sends.front().message);
    BOOST_TEST_REQUIRE(answer != nullptr);
    BOOST_TEST(answer->hint == seq{1});
}

BOOST_AUTO_TEST_CASE(a_conflict_below_the_commit_stops_the_replica)
{
    auto what = next("two");
    what.prev.hash = digest{{1}};
    auto const out = deliver(what);

    BOOST_TEST(out.halt.has_value());
    BOOST_TEST(out.writes.empty());
    BOOST_TEST(out.sends.empty());
    // It stays stopped.
    BOOST_TEST(h.step(1, tick{}).halt.has_value());
}

BOOST_AUTO_TEST_CASE(an_entry_that_differs_from_a_committed_one_stops_the_replica)
{
    append what{epoch{1}, 1000, {}, {}, seq{}, seq{}, seq{}};
    entry e{seq{1}, epoch{1}, 1, {}, std::make_shared<std::string const>("another"), {}};
    e.hash = entry_hash({}, e);
    what.entries.push_back(e);
    h.submit(0, "two");  // so that row 1 is not the last
    h.run();

    auto const out = deliver(what);

    BOOST_TEST(out.halt.has_value());
    BOOST_TEST(out.writes.empty());
}

BOOST_AUTO_TEST_CASE(stable_and_commit_beyond_the_log_move_nothing_beyond_it)
{
    (void)deliver(mark{epoch{1}, seq{50}, seq{50}});
    h.run();

    BOOST_TEST(h.status(1).stable == seq{1});
    BOOST_TEST(h.status(1).commit == seq{1});
}

BOOST_AUTO_TEST_CASE(answers_with_unknown_numbers_are_ignored)
{
    auto const before = h.status(0);

    for (std::uint64_t number : {0ull, 1ull, ~0ull})
    {
        (void)h.step(0, received{h.triple(1), ok{epoch{1}, number, seq{77}, seq{77}}});
        (void)h.step(0, received{h.triple(1), nack{epoch{1}, number, seq{0}}});
    }
    (void)h.step(0, received{h.triple(1), ack{epoch{1}, seq{77}, seq{77}, seq{77}}});
    h.run();

    BOOST_TEST(h.status(0).commit == before.commit);
    h.submit(0, "two");
    h.pass(500ms);
    BOOST_TEST(h.status(1).applied == seq{2});
}

// Nobody's log has such a point, so that nothing is said of the own one.
BOOST_AUTO_TEST_CASE(an_append_behind_another_beginning_is_void)
{
    log_point const beginning{.at = seq{}, .in = {}, .hash = digest{{1}}, .ts_us = 0};
    auto const out =
        h.step(1, received{h.triple(0), append{epoch{1}, 1000, beginning, {}, seq{}, seq{}, seq{}}});
    BOOST_TEST(out.sends.empty());
    BOOST_TEST(!h.at(1).halted.has_value());
}

BOOST_AUTO_TEST_CASE(a_member_reports_a_neighbour_that_fell_silent)
{
    h.pass(200ms);
    BOOST_TEST(h.at(0).heartbeats.back().unreachable.empty());
    h.lose = [](member const&, envelope const&) { return true; };

    h.pass(200ms);

    BOOST_TEST_REQUIRE(h.at(0).heartbeats.back().unreachable.size() == 1u);
    BOOST_TEST(h.at(0).heartbeats.back().unreachable[0] == h.triple(1).name);
    BOOST_TEST(h.at(1).heartbeats.back().unreachable.size() == 1u);
}

// The second change after two deaths: nothing comes down the chain, since its new head is dead, too.
BOOST_AUTO_TEST_CASE(who_waits_for_a_dead_predecessor_is_missed_by_nobody_behind_it)
{
    harness four(4);
    four.form({0, 1, 2, 3});
    four.crash(0);
    four.direct(four.config({0, 1, 2, 3}, config_state::pending, epoch{2}));
    four.pass(1s);
    BOOST_TEST_REQUIRE(four.at(1).heartbeats.back().unreachable.size() == 1u);
    BOOST_TEST(four.at(1).heartbeats.back().unreachable[0] == four.triple(0).name);
    for (std::size_t const behind : {2, 3})
        BOOST_TEST(four.at(behind).heartbeats.back().unreachable.empty());
}

BOOST_AUTO_TEST_CASE(who_was_late_itself_waits_longer_for_a_word_of_its_neighbours)
{
    h.pass(200ms);
    // What arrived meanwhile has not been read yet.
    h.now.steady += 200ms;
    (void)h.step(0, tick{});
    BOOST_TEST(h.at(0).heartbeats.back().unreachable.empty());

    h.lose = [](member const&, envelope const&) { return true; };
    h.pass(100ms);
    BOOST_TEST(h.at(0).heartbeats.back().unreachable.empty());
    // Twice the lateness, which is 140 to 190 ms, and not more.
    h.pass(270ms);
    BOOST_TEST(h.at(0).heartbeats.back().unreachable.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_lateness_of_seconds_makes_no_link_last_longer_than_the_longest_silence)
{
    h.now.steady += 20s;
    h.pass(200ms);
    h.lose = [](member const&, envelope const&) { return true; };
    h.pass(900ms);
    BOOST_TEST(h.at(0).heartbeats.back().unreachable.empty());
    h.pass(200ms);
    BOOST_TEST(h.at(0).heartbeats.back().unreachable.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_connection_that_ended_is_reported_however_late_one_was)
{
    h.now.steady += 400ms;
    h.pass(200ms);
    h.lose = [](member const&, envelope const&) { return true; };
    (void)h.step(0, peer_down{h.triple(1)});
    h.pass(100ms);
    BOOST_TEST(h.at(0).heartbeats.back().unreachable.size() == 1u);
}

BOOST_AUTO_TEST_CASE(heartbeats_go_out_every_interval_and_say_when_it_steps_down)
{
    h.at(0).heartbeats.clear();
    h.pass(1s);
    BOOST_TEST(h.at(0).heartbeats.size() >= 19u);
    BOOST_TEST(h.at(0).heartbeats.size() <= 21u);
    BOOST_TEST(h.at(0).heartbeats.back().end.at == seq{1});
    BOOST_TEST(h.at(0).heartbeats.back().commit == seq{1});
    BOOST_TEST(!h.at(0).heartbeats.back().stepping_down);

    auto const out = h.step(0, step_down{});

    BOOST_TEST_REQUIRE(out.heartbeats.size() == 1u);
    BOOST_TEST(out.heartbeats[0].stepping_down);
}

BOOST_AUTO_TEST_CASE(a_member_says_to_whom_it_has_lost_its_link_neighbour_or_not)
{
    harness three(3);
    three.form({0, 1, 2});
    three.pass(100ms);
    BOOST_TEST(three.at(0).heartbeats.back().missed.empty());
    for (bool const reached : {true, false})
        (void)three.step(0, peer_links{.peer = three.triple(2), .reached = reached, .apart = false});
    three.pass(100ms);
    BOOST_TEST_REQUIRE(three.at(0).heartbeats.back().missed.size() == 1u);
    BOOST_TEST(three.at(0).heartbeats.back().missed[0] == three.triple(2).name);
}

BOOST_AUTO_TEST_CASE(who_is_no_member_says_which_members_it_does_not_reach)
{
    harness three(3);
    three.form({0, 1});
    three.assign({0, 1}, 2, 1);
    three.pass(100ms);
    auto const missed = [&] { return three.at(2).heartbeats.back().missed; };
    BOOST_TEST(missed().size() == 2u);  // nothing has been told of any link
    for (std::size_t const i : {0, 1})
        (void)three.step(2, peer_links{.peer = three.triple(i), .reached = true, .apart = false});
    three.pass(100ms);
    BOOST_TEST(missed().empty());
    (void)three.step(2, peer_links{.peer = three.triple(1), .reached = false, .apart = false});
    three.pass(100ms);
    BOOST_TEST_REQUIRE(missed().size() == 1u);
    BOOST_TEST(missed()[0] == three.triple(1).name);
}

BOOST_AUTO_TEST_CASE(whose_disk_stands_still_says_so_until_the_write_is_done)
{
    (void)h.step(0, disk_stalled{.since = h.now.steady - 1s});
    h.at(0).heartbeats.clear();
    h.pass(500ms);
    BOOST_TEST_REQUIRE(!h.at(0).heartbeats.empty());
    for (auto const& each : h.at(0).heartbeats)
        BOOST_TEST(each.stalled);

    (void)h.step(0, disk_stalled{});
    h.pass(100ms);

    BOOST_TEST_REQUIRE(!h.at(0).heartbeats.empty());
    BOOST_TEST(!h.at(0).heartbeats.back().stalled);
    BOOST_TEST(h.at(0).heartbeats.back().late.count() == 0);
}

// Two replicas that restarted with three committed rows each, which are on their disks only; b has promised
// the next epoch and knows its predecessor.
struct rows_on_disk_fixture
{
    harness h{2};

    rows_on_disk_fixture()
    {
        h.form({0, 1});
        for (auto const* text : {"one", "two", "three"})
            h.submit(0, text);
        h.run();
        h.restart(0);
        h.restart(1);
        h.direct_one(1, h.config({0, 1}, config_state::pending, epoch{2}));
        h.run();
    }
    effects probe(log_point const& at)
    {
        return h.step(1, received{h.triple(0), append{epoch{2}, 1000, at, {}, seq{}, seq{}, seq{}}});
    }
};

BOOST_FIXTURE_TEST_CASE(a_point_that_only_the_disk_has_is_compared_too, rows_on_disk_fixture)
{
    auto other = h.at(1).store.row(seq{2}).point();
    other.hash = digest{{1}};

    auto const asked = probe(other);
    BOOST_TEST(asked.log_reads.size() == 1u);
    BOOST_TEST(asked.sends.empty());
    h.run();

    BOOST_TEST(h.at(1).halted.has_value());
}

// The row that was asked for comes when its epoch is over: the append that waited for it is void.
BOOST_FIXTURE_TEST_CASE(an_append_that_waits_for_the_disk_ends_with_its_epoch, rows_on_disk_fixture)
{
    BOOST_TEST(probe(h.at(1).store.row(seq{2}).point()).log_reads.size() == 1u);
    h.sent.clear();

    h.direct_one(1, h.config({1}, config_state::pending, epoch{3}));
    h.run();

    BOOST_TEST(h.sent["ok"] == 0u);
    BOOST_TEST(h.status(1).received == seq{3});
}

BOOST_AUTO_TEST_CASE(who_steps_down_gives_up_its_lease_before_it_says_so_and_takes_none_any_more)
{
    h.lease_all();
    BOOST_TEST(h.at(1).core->lease_valid(h.now.steady));

    auto const out = h.step(1, step_down{});

    BOOST_TEST_REQUIRE(out.heartbeats.size() == 1u);
    BOOST_TEST(!h.at(1).core->lease_valid(h.now.steady));
    h.lease_all();
    BOOST_TEST(!h.at(1).core->lease_valid(h.now.steady));
    (void)h.step(1, read_wanted{7});
    h.run();
    BOOST_TEST(h.verdicts(1, 7).front() == read_verdict::run);  // the others have said yes
}

BOOST_AUTO_TEST_CASE(heartbeats_say_by_how_much_they_were_late_for_a_while)
{
    h.pass(200ms);
    BOOST_TEST(h.at(0).heartbeats.back().late.count() == 0);
    h.now.steady += 300ms;
    h.pass(100ms);
    BOOST_TEST(h.at(0).heartbeats.back().late.count() >= microseconds(240ms).count());
    BOOST_TEST(h.at(0).heartbeats.back().late.count() <= microseconds(300ms).count());
    h.pass(4s);
    BOOST_TEST(h.at(0).heartbeats.back().late.count() > 0);
    h.pass(11s);
    BOOST_TEST(h.at(0).heartbeats.back().late.count() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
