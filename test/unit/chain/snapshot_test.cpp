#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

constexpr std::size_t all_chunks = 11;

template <class T>
std::size_t count(machine const& m)
{
    std::size_t out = 0;
    for (auto const& each : m.ordered)
        out += std::holds_alternative<T>(each);
    return out;
}

// a and b are the chain, c learns from b; what is older than 100 rows has been dropped.
struct world : harness
{
    explicit world(std::function<void(settings&)> tune = {}, std::size_t rows = 300) : harness(3, tune)
    {
        form({0, 1});
        fill(rows);
        for (std::size_t i : {0, 1})
            compact(i, seq{rows - 100});
        // Only what comes from the disk counts.
        restart(1);
        restart(0);
        form({0, 1});
        pass(50ms);
    }
    void fill(std::size_t rows)
    {
        for (std::size_t i = 0; i < rows; ++i)
            submit(0, "row " + std::to_string(i));
        run();
    }
    void assign(std::size_t source = 1) { harness::assign(in_chain, 2, source); }
    // Until c asks for its new store.
    bool arrives(microseconds within = 5s)
    {
        for (auto const end = now.steady + within; now.steady < end && !at(2).anew;)
            pass(5ms);
        return at(2).anew && at(2).anew->install;
    }
    // The same log on both: c became the store that it asked for, and follows.
    void check_complete()
    {
        start_anew(2);
        assign();
        submit(0, "afterwards");
        pass(200ms);
        BOOST_TEST(status(2).applied == status(0).applied);
        BOOST_TEST(status(2).end.hash == status(0).end.hash);
        BOOST_TEST(!at(2).anew.has_value());
    }
    learner_progress feeding(std::size_t source = 1)
    {
        pass(55ms);
        auto const out = at(source).heartbeats.back().feeding;
        BOOST_TEST_REQUIRE(out.has_value());
        return *out;
    }

    std::vector<std::size_t> in_chain{0, 1};
};

BOOST_AUTO_TEST_SUITE(snapshots)

BOOST_AUTO_TEST_CASE(a_learner_below_the_logs_beginning_gets_a_snapshot)
{
    world h;
    h.assign();
    BOOST_TEST(h.arrives());
    BOOST_TEST(h.at(2).store.rows.empty());
    auto const told = h.feeding();
    BOOST_TEST(told.needs_snapshot);
    BOOST_TEST(told.snapshot_bytes == h.at(1).snapshot_bytes);
    BOOST_TEST(told.snapshot_done == h.at(1).snapshot_bytes);
    BOOST_TEST(told.sent_bytes >= h.at(1).snapshot_bytes);
    BOOST_TEST(told.trouble == "");

    h.check_complete();

    BOOST_TEST(h.at(2).store.base.at == seq{200});
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
    BOOST_TEST(count<drop_snapshot>(h.at(1)) == 1u);
    BOOST_TEST(!h.feeding().needs_snapshot);
}

BOOST_AUTO_TEST_CASE(a_learner_that_misses_too_much_gets_a_snapshot_though_the_log_reaches_back)
{
    harness h(3, [](settings& how) { how.snapshot_after = 50; });
    h.form({0, 1});
    for (int i = 0; i < 51; ++i)
        h.submit(0);
    h.run();
    h.assign({0, 1}, 2, 1);
    h.pass(100ms);
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
    BOOST_TEST(h.status(2).received == seq{0});
}

// c was a member for ten rows; then a and b go on for sixty.
void leave_behind(harness& h)
{
    h.form({0, 1, 2});
    for (int i = 0; i < 10; ++i)
        h.submit(0);
    h.run();
    h.crash(2);
    h.form({0, 1});
    for (int i = 0; i < 60; ++i)
        h.submit(0);
    h.run();
}

bool fetches(harness& h)
{
    h.restart(2);
    h.form({0, 1});
    h.assign({0, 1}, 2, 1);
    for (int i = 0; i < 1000 && !h.at(2).anew; ++i)
        h.pass(5ms);
    return h.at(2).anew && h.at(2).anew->install;
}

BOOST_AUTO_TEST_CASE(a_store_that_met_the_chains_log_is_replaced)
{
    harness h(3, [](settings& how) { how.snapshot_after = 50; });
    leave_behind(h);
    BOOST_TEST_REQUIRE(fetches(h));
    BOOST_TEST(h.at(2).anew->set_aside == "");
}

BOOST_AUTO_TEST_CASE(a_store_that_could_not_be_compared_is_kept_aside)
{
    harness h(3);
    leave_behind(h);
    for (std::size_t i : {0, 1})
        h.compact(i, seq{40});
    h.restart(1);
    h.restart(0);
    BOOST_TEST_REQUIRE(fetches(h));
    BOOST_TEST(h.at(2).anew->set_aside != "");
}

BOOST_AUTO_TEST_CASE(a_returning_store_is_checked_before_it_learns)
{
    harness h(3);
    leave_behind(h);
    h.at(2).snapshots_run = false;
    h.restart(2);
    auto const before = h.status(2).received;
    h.pass(100ms);
    BOOST_TEST(count<check_rows>(h.at(2)) == 1u);
    BOOST_TEST(h.at(2).heartbeats.back().in_doubt);
    h.assign({0, 1}, 2, 1);
    h.pass(1s);
    BOOST_TEST(h.status(2).received == before);
    BOOST_TEST(!h.at(1).heartbeats.back().feeding.has_value());
    h.at(2).snapshots_run = true;
    h.pass(200ms);
    BOOST_TEST(!h.at(2).heartbeats.back().in_doubt);
    BOOST_TEST(h.status(2).received == h.status(1).received);
    // Once for each run of the process.
    h.direct(h.config({0, 1}, config_state::active, h.current));
    h.assign({0, 1}, 2, 1);
    h.pass(50ms);
    BOOST_TEST(count<check_rows>(h.at(2)) == 1u);
}

// No memory, a database that is locked: that is no verdict.
BOOST_AUTO_TEST_CASE(rows_that_could_not_be_checked_are_checked_again)
{
    harness h(3);
    leave_behind(h);
    h.at(2).snapshots_run = false;
    h.restart(2);
    (void)h.step(2, rows_checked{.error = "locked", .again = true});
    h.assign({0, 1}, 2, 1);
    h.pass(1s);
    BOOST_TEST(count<check_rows>(h.at(2)) == 1u);
    BOOST_TEST(h.at(2).heartbeats.back().in_doubt);
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "locked");
    h.pass(5s);
    BOOST_TEST(count<check_rows>(h.at(2)) == 2u);
    (void)h.step(2, rows_checked{});
    h.pass(200ms);
    BOOST_TEST(!h.at(2).anew.has_value());
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "");
    BOOST_TEST(h.status(2).received == h.status(1).received);
}

BOOST_AUTO_TEST_CASE(a_store_with_changed_rows_is_kept_aside_when_it_is_a_learners)
{
    harness h(3);
    leave_behind(h);
    h.at(2).fault = [](snapshot_order const& what)
    { return std::holds_alternative<check_rows>(what) ? "a row has changed" : ""; };
    h.restart(2);
    h.pass(100ms);
    BOOST_TEST(!h.at(2).heartbeats.back().in_doubt);
    BOOST_TEST(!h.at(2).anew.has_value());
    h.assign({0, 1}, 2, 1);
    h.pass(50ms);
    BOOST_TEST_REQUIRE(h.at(2).anew.has_value());
    BOOST_TEST(!h.at(2).anew->install.has_value());
    BOOST_TEST(h.at(2).anew->set_aside == "a row has changed");
}

// A cold start takes its members as they are.
BOOST_AUTO_TEST_CASE(a_member_with_changed_rows_keeps_its_store)
{
    harness h(3);
    h.form({0, 1, 2});
    h.submit(0);
    h.run();
    for (std::size_t i : {0, 1, 2})
    {
        h.at(i).fault = [](snapshot_order const& what)
        { return std::holds_alternative<check_rows>(what) ? "a row has changed" : ""; };
        h.crash(i);
    }
    for (std::size_t i : {0, 1, 2})
        h.restart(i);
    h.pass(100ms);
    h.form({0, 1, 2});
    h.submit(0);
    h.run();
    for (std::size_t i : {0, 1, 2})
    {
        BOOST_TEST(count<check_rows>(h.at(i)) == 1u);
        BOOST_TEST(!h.at(i).anew.has_value());
        BOOST_TEST(h.status(i).applied == seq{2});
    }
}

BOOST_AUTO_TEST_CASE(a_new_store_is_not_checked)
{
    world h;
    h.assign();
    h.pass(100ms);
    BOOST_TEST(count<check_rows>(h.at(2)) == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_misses_less_does_not)
{
    harness h(3, [](settings& how) { how.snapshot_after = 50; });
    h.form({0, 1});
    for (int i = 0; i < 50; ++i)
        h.submit(0);
    h.run();
    h.assign({0, 1}, 2, 1);
    h.pass(100ms);
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 0u);
    BOOST_TEST(h.status(2).received == seq{50});
}

BOOST_AUTO_TEST_CASE(after_its_snapshot_a_learner_takes_the_log_however_long_the_way)
{
    world h([](settings& how) { how.snapshot_after = 50; });
    h.assign();
    BOOST_TEST(h.arrives());
    h.fill(500);

    h.check_complete();

    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_of_a_snapshot_moves_before_the_learners_promise_is_durable)
{
    world h;
    h.at(2).disk_runs = false;
    h.form({0, 1});
    h.assign();
    h.pass(200ms);
    (void)h.step(
        2,
        received{
            h.triple(1),
            snap_offer{.in = h.current, .what = {.id = chunk_hash("x"), .at = {}, .state = {}, .bytes = 1}}
        }
    );
    h.pass(200ms);
    BOOST_TEST(h.at(2).ordered.empty());

    h.at(2).disk_runs = true;
    BOOST_TEST(h.arrives());
}

BOOST_AUTO_TEST_CASE(a_member_takes_no_snapshot)
{
    world h;
    h.assign();
    h.pass(50ms);
    snapshot_info const info{.id = chunk_hash("x"), .at = {}, .state = {}, .bytes = 1};
    (void)h.step(1, received{h.triple(0), snap_offer{.in = h.current, .what = info}});
    h.pass(50ms);
    BOOST_TEST(count<open_incoming>(h.at(1)) == 0u);
}

BOOST_AUTO_TEST_CASE(a_replica_that_becomes_a_member_meanwhile_keeps_its_store)
{
    world h;
    h.assign();
    h.at(2).fault = [&](snapshot_order const& what) -> std::string
    {
        if (std::holds_alternative<check_incoming>(what)) h.form({0, 1, 2});
        return {};
    };
    h.pass(200ms);
    BOOST_TEST(count<check_incoming>(h.at(2)) == 1u);
    BOOST_TEST(!h.at(2).anew.has_value());
    BOOST_TEST(!h.status(2).receiving.has_value());
}

BOOST_AUTO_TEST_CASE(a_few_chunks_are_on_their_way_at_once)
{
    world h;
    h.at(1).fault = [&](snapshot_order const& what) -> std::string
    {
        if (std::holds_alternative<make_snapshot>(what))
            h.lose = [](member const&, envelope const& m)
            { return std::holds_alternative<snap_chunk>(m.what); };
        return {};
    };
    h.assign();
    h.pass(300ms);
    BOOST_TEST(h.sent["snap_want"] == 8u);
    BOOST_TEST(h.sent["snap_chunk"] == 8u);
}

BOOST_AUTO_TEST_CASE(an_offer_is_repeated_until_a_chunk_is_asked_for)
{
    world h;
    h.lose = [](member const&, envelope const& m) { return std::holds_alternative<snap_offer>(m.what); };
    h.assign();
    h.pass(500ms);
    BOOST_TEST(h.sent["snap_offer"] >= 15u);
    BOOST_TEST(h.sent["snap_offer"] <= 21u);

    h.lose = {};
    BOOST_TEST(h.arrives());
    auto const offers = h.sent["snap_offer"];
    BOOST_TEST(offers <= 22u);
}

BOOST_AUTO_TEST_CASE(a_lost_chunk_is_asked_for_again)
{
    world h;
    std::size_t lost = 0;
    h.lose = [&](member const&, envelope const& m)
    {
        bool const chunk =
            std::holds_alternative<snap_chunk>(m.what) || std::holds_alternative<snap_want>(m.what);
        return chunk && ++lost % 3 == 0;
    };
    h.assign();
    BOOST_TEST(h.arrives(20s));
    BOOST_TEST(lost > all_chunks);
    h.check_complete();
}

BOOST_AUTO_TEST_CASE(a_chunk_that_is_being_read_is_not_read_twice)
{
    world h;
    h.at(1).fault = [&](snapshot_order const& what)
    {
        if (std::holds_alternative<read_chunk>(what)) h.at(1).snapshots_run = false;
        return "";
    };
    h.assign();
    h.pass(3s);
    h.at(1).fault = {};
    h.at(1).snapshots_run = true;
    BOOST_TEST(h.arrives());
    BOOST_TEST(count<read_chunk>(h.at(1)) == all_chunks);
}

BOOST_AUTO_TEST_CASE(a_restarted_learner_gets_only_the_chunks_that_it_lacks)
{
    world h;
    h.at(2).fault = [&](snapshot_order const& what) -> std::string
    {
        auto const* keep = std::get_if<keep_chunk>(&what);
        if (keep != nullptr && keep->index == 7) h.at(2).snapshots_run = false;
        return {};
    };
    h.assign();
    h.pass(200ms);
    BOOST_TEST(h.at(2).part.size() == 8u);
    BOOST_TEST(h.status(2).receiving->bytes_total == h.at(1).snapshot_bytes);
    BOOST_TEST(h.status(2).receiving->bytes_done >= 7 * snapshot_chunk_bytes);

    h.at(2).fault = {};
    h.at(2).snapshots_run = true;
    h.restart(2);
    h.assign();
    BOOST_TEST(h.arrives());

    BOOST_TEST(h.status(2).moved_bytes == 2 * snapshot_chunk_bytes + 100);
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
    h.check_complete();
}

BOOST_AUTO_TEST_CASE(another_epoch_does_not_begin_again)
{
    world h([](settings& how) { how.snapshot_rate = 1u << 20; });
    h.assign();
    h.pass(1s);
    auto const before = h.status(2).receiving;
    BOOST_TEST_REQUIRE(before.has_value());
    BOOST_TEST(before->bytes_done > 0u);
    h.form({0, 1});
    auto const wants = h.sent["snap_want"];
    h.assign();
    h.pass(50ms);
    BOOST_TEST(h.status(2).receiving->bytes_done >= before->bytes_done);
    BOOST_TEST(h.sent["snap_want"] >= wants + 5);  // the questions of the old epoch are void

    BOOST_TEST(h.arrives());

    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
    BOOST_TEST(count<open_incoming>(h.at(2)) == 1u);
    h.check_complete();
}

BOOST_AUTO_TEST_CASE(another_source_sends_only_what_differs)
{
    world h([](settings& how) { how.snapshot_rate = 1u << 20; });
    h.assign();
    h.pass(1500ms);
    auto const before = h.status(2).receiving->bytes_done;
    BOOST_TEST(before > 4 * snapshot_chunk_bytes);
    h.crash(1);
    h.form({0});
    h.in_chain = {0};
    h.submit(0, "another position");
    h.assign(0);
    BOOST_TEST(h.arrives());

    BOOST_TEST(count<open_incoming>(h.at(2)) == 2u);
    BOOST_TEST(h.status(2).moved_bytes <= h.at(0).snapshot_bytes + 8 * snapshot_chunk_bytes);
    BOOST_TEST(h.feeding(0).sent_bytes <= h.at(0).snapshot_bytes - before + snapshot_chunk_bytes);
}

BOOST_AUTO_TEST_CASE(the_rate_is_kept)
{
    // 2.6 MB at 512 KiB a second, the first chunk at once.
    world h([](settings& how) { how.snapshot_rate = 512u << 10; });
    h.assign();
    BOOST_TEST(!h.arrives(4500ms));
    BOOST_TEST(h.arrives(1500ms));
}

BOOST_AUTO_TEST_CASE(a_source_that_cannot_make_one_says_why_and_tries_again)
{
    world h;
    h.at(1).fault = [](snapshot_order const& what)
    { return std::holds_alternative<make_snapshot>(what) ? "no space" : ""; };
    h.assign();
    h.pass(1s);
    BOOST_TEST(h.feeding().trouble == "no space");
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
    h.at(1).fault = {};
    h.pass(5s);
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 2u);
    BOOST_TEST(h.arrives());
    BOOST_TEST(h.feeding().trouble == "");
}

BOOST_AUTO_TEST_CASE(a_chunk_that_cannot_be_read_ends_that_file)
{
    world h;
    h.at(1).fault = [](snapshot_order const& what)
    {
        auto const* read = std::get_if<read_chunk>(&what);
        return read != nullptr && read->index == 3 ? "i/o error" : "";
    };
    h.assign();
    h.pass(1s);
    BOOST_TEST(h.feeding().trouble == "i/o error");
    BOOST_TEST(!h.at(1).made.has_value());
    h.at(1).fault = {};
    BOOST_TEST(h.arrives(10s));
    h.check_complete();
}

BOOST_AUTO_TEST_CASE(a_learner_without_space_says_so_and_takes_the_next_offer)
{
    world h;
    h.at(2).fault = [](snapshot_order const& what)
    {
        auto const* keep = std::get_if<keep_chunk>(&what);
        return keep != nullptr && keep->index == 3 ? "no space" : "";
    };
    h.assign();
    h.pass(1s);
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "no space");
    BOOST_TEST(count<open_incoming>(h.at(2)) == 1u);
    h.at(2).fault = {};
    h.pass(3s);
    BOOST_TEST(count<open_incoming>(h.at(2)) == 1u);
    BOOST_TEST(h.arrives(10s));
    BOOST_TEST(count<open_incoming>(h.at(2)) == 2u);
    h.check_complete();
}

BOOST_AUTO_TEST_CASE(another_try_begins_without_the_troubles_of_the_last)
{
    world h;
    h.at(2).fault = [](snapshot_order const& what)
    { return std::holds_alternative<keep_chunk>(what) ? "no space" : ""; };
    h.at(1).fault = [](snapshot_order const& what)
    {
        auto const* read = std::get_if<read_chunk>(&what);
        return read != nullptr && read->index == 3 ? "i/o error" : "";
    };
    h.assign();
    h.pass(200ms);
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "no space");
    BOOST_TEST(h.feeding().trouble == "i/o error");

    // The config service ends the join, and begins another one.
    h.direct(h.config({0, 1}, config_state::active, h.current));
    h.pass(100ms);
    h.at(1).snapshots_run = false;
    h.assign();
    h.pass(100ms);
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "");
    BOOST_TEST(h.feeding().trouble == "");
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 2u);
}

BOOST_AUTO_TEST_CASE(another_try_takes_the_offer_of_another_source_at_once)
{
    world h;
    h.at(2).fault = [](snapshot_order const& what)
    { return std::holds_alternative<keep_chunk>(what) ? "no space" : ""; };
    h.assign();
    h.pass(200ms);
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "no space");

    h.direct(h.config({0, 1}, config_state::active, h.current));
    h.pass(100ms);
    h.at(2).fault = {};
    h.assign(0);
    BOOST_TEST(h.arrives(2s));
}

BOOST_AUTO_TEST_CASE(what_a_learner_was_sent_is_counted_for_each_join)
{
    harness h(3);
    auto const sent_to_learner = [&]
    {
        h.assign({0, 1}, 2, 1);
        h.pass(200ms);
        return h.at(1).heartbeats.back().feeding->sent_bytes;
    };
    h.form({0, 1});
    h.submit(0, std::string(1000, 'x'));
    BOOST_TEST(sent_to_learner() == 1064u);
    BOOST_TEST(h.status(2).moved_bytes == 1064u);
    h.form({0, 1});
    h.submit(0, std::string(100, 'x'));
    BOOST_TEST(sent_to_learner() == 1228u);
    BOOST_TEST(h.status(2).moved_bytes == 1228u);

    h.form({0, 1, 2});
    h.form({0, 1});
    h.submit(0, std::string(10, 'x'));
    BOOST_TEST(sent_to_learner() == 74u);
    BOOST_TEST(h.status(2).moved_bytes == 74u);
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_is_not_sound_is_not_installed)
{
    world h;
    h.at(2).fault = [](snapshot_order const& what)
    { return std::holds_alternative<check_incoming>(what) ? "another digest" : ""; };
    h.assign();
    h.pass(1s);
    BOOST_TEST(!h.at(2).anew.has_value());
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "another digest");

    h.at(2).fault = [&](snapshot_order const& what)
    {
        if (std::holds_alternative<open_incoming>(what)) h.at(2).snapshots_run = false;
        return "";
    };
    h.pass(10s);
    BOOST_TEST(count<open_incoming>(h.at(2)) == 2u);
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "");
    h.at(2).snapshots_run = true;
    BOOST_TEST(h.arrives());
}

BOOST_AUTO_TEST_CASE(a_long_check_keeps_the_source_waiting)
{
    world h;
    h.at(2).fault = [&](snapshot_order const& what)
    {
        if (std::holds_alternative<keep_chunk>(what) && std::get<keep_chunk>(what).index == 10)
            h.at(2).snapshots_run = false;
        return "";
    };
    h.assign();
    h.pass(90s);
    BOOST_TEST(count<check_incoming>(h.at(2)) == 1u);
    BOOST_TEST(h.at(1).made.has_value());
    BOOST_TEST(h.feeding().sent_bytes <= h.at(1).snapshot_bytes);
    h.at(2).snapshots_run = true;
    BOOST_TEST(h.arrives());
}

BOOST_AUTO_TEST_CASE(a_long_look_at_an_earlier_part_keeps_the_source_waiting)
{
    world h;
    h.at(2).snapshots_run = false;
    h.assign();
    h.pass(90s);
    BOOST_TEST(count<open_incoming>(h.at(2)) == 1u);
    BOOST_TEST(count<read_chunk>(h.at(1)) == 0u);
    BOOST_TEST(h.at(1).made.has_value());
    BOOST_TEST(h.sent["snap_want"] >= 40u);
    BOOST_TEST(h.sent["snap_want"] <= 46u);
    h.at(2).snapshots_run = true;
    BOOST_TEST(h.arrives());
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
    BOOST_TEST(count<read_chunk>(h.at(1)) == all_chunks);
}

BOOST_AUTO_TEST_CASE(a_question_that_stays_open_is_asked_again_ever_later)
{
    world h;
    h.lose = [](member const&, envelope const& m) { return std::holds_alternative<snap_want>(m.what); };
    h.assign();
    h.pass(300ms);
    BOOST_TEST(h.sent["snap_want"] == 8u);
    // After 0.5, 1.5, 3.5 and 7.5 s, and every 5 s from then on.
    h.pass(3s);
    BOOST_TEST(h.sent["snap_want"] == 3 * 8u);
    h.pass(29s);
    BOOST_TEST(h.sent["snap_want"] == 9 * 8u);

    h.lose = {};
    BOOST_TEST(h.arrives(6s));
}

BOOST_AUTO_TEST_CASE(another_epoch_asks_at_once_and_again_soon)
{
    world h;
    h.lose = [](member const&, envelope const& m) { return std::holds_alternative<snap_want>(m.what); };
    h.assign();
    h.pass(20s);
    auto const before = h.sent["snap_want"];
    h.form({0, 1});
    h.assign();
    h.pass(300ms);
    BOOST_TEST(h.sent["snap_want"] == before + 8);
    h.pass(500ms);
    BOOST_TEST(h.sent["snap_want"] == before + 2 * 8);
}

// Every 200 ms, to c, the chunk that it had first.
void repeat_a_chunk(world& h, microseconds time, std::function<void()> also = {})
{
    auto const info = h.at(1).made->info;
    auto const bytes = std::make_shared<std::string const>(h.at(1).made->chunk(0));
    for (auto const end = h.now.steady + time; h.now.steady < end; h.pass(200ms))
    {
        (void)h.step(2, received{h.triple(1), snap_chunk{h.current, info.id, 0, chunk_hash(*bytes), bytes}});
        if (also) also();
    }
}

bool other_chunk(member const&, envelope const& m)
{
    auto const* chunk = std::get_if<snap_chunk>(&m.what);
    return chunk != nullptr && chunk->index > 0;
}

BOOST_AUTO_TEST_CASE(a_source_that_repeats_itself_is_not_silent)
{
    world h;
    h.lose = other_chunk;
    h.assign();
    h.pass(300ms);
    auto const wants = h.sent["snap_want"];
    repeat_a_chunk(h, 4s);
    BOOST_TEST(h.sent["snap_want"] == wants);
    BOOST_TEST(count<keep_chunk>(h.at(2)) == 1u);
}

BOOST_AUTO_TEST_CASE(a_source_that_repeats_itself_is_not_given_up)
{
    world h;
    h.lose = other_chunk;
    h.assign();
    h.pass(300ms);
    repeat_a_chunk(h, 80s, [&] { BOOST_TEST_REQUIRE(h.status(2).receiving.has_value()); });
    BOOST_TEST(count<open_incoming>(h.at(2)) == 1u);
    h.lose = {};
    BOOST_TEST(h.arrives(6s));
}

BOOST_AUTO_TEST_CASE(a_source_that_offers_the_same_again_is_not_given_up)
{
    world h;
    h.lose = other_chunk;
    h.assign();
    h.pass(300ms);
    auto const info = h.at(1).made->info;
    h.lose = [&](member const& from, envelope const& m)
    { return from == h.triple(2) || m.to == h.triple(2); };
    for (auto const end = h.now.steady + 80s; h.now.steady < end; h.pass(1s))
    {
        (void)h.step(2, received{h.triple(1), snap_offer{h.current, info}});
        BOOST_TEST_REQUIRE(h.status(2).receiving.has_value());
    }
    BOOST_TEST(count<open_incoming>(h.at(2)) == 1u);
}

BOOST_AUTO_TEST_CASE(a_source_without_a_word_is_given_up)
{
    world h;
    h.lose = other_chunk;
    h.assign();
    h.pass(300ms);
    h.lose = [&](member const& from, envelope const&) { return from == h.triple(1); };
    h.pass(59s);
    BOOST_TEST(h.status(2).receiving.has_value());
    h.pass(2s);
    BOOST_TEST(!h.status(2).receiving.has_value());
}

BOOST_AUTO_TEST_CASE(a_snapshot_whose_learner_has_gone_is_not_made_to_its_end)
{
    world h;
    h.at(1).snapshots_run = false;
    h.assign();
    h.pass(20s);
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
    BOOST_TEST(count<drop_snapshot>(h.at(1)) == 0u);

    h.direct(h.config({0, 1}, config_state::active, h.current));
    h.pass(11s);
    BOOST_TEST(count<drop_snapshot>(h.at(1)) == 1u);
    h.at(1).snapshots_run = true;
    h.pass(10s);
    BOOST_TEST(!h.at(1).made.has_value());
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);

    h.assign();
    BOOST_TEST(h.arrives());
    h.check_complete();
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_is_being_made_outlives_an_epoch)
{
    world h;
    h.at(1).snapshots_run = false;
    h.assign();
    h.pass(100ms);
    h.form({0, 1});
    h.pass(9s);
    h.assign();
    h.pass(100ms);
    h.at(1).snapshots_run = true;
    BOOST_TEST(h.arrives());
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
}

BOOST_AUTO_TEST_CASE(a_snapshot_whose_learner_has_got_another_is_not_made_to_its_end)
{
    world h;
    h.at(1).snapshots_run = false;
    h.assign();
    h.pass(100ms);
    h.form({0, 1});
    h.assign(0);
    BOOST_TEST_REQUIRE(h.arrives());
    h.start_anew(2);
    h.assign(1);
    h.pass(500ms);
    BOOST_TEST(h.status(2).applied == h.status(1).applied);
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
    BOOST_TEST(count<drop_snapshot>(h.at(1)) == 1u);
    h.at(1).snapshots_run = true;
    h.pass(100ms);
    BOOST_TEST(!h.at(1).made.has_value());
    BOOST_TEST(h.feeding().trouble == "");
}

BOOST_AUTO_TEST_CASE(what_is_wanted_again_after_it_was_dropped_is_made_again)
{
    world h;
    h.at(1).snapshots_run = false;
    h.assign();
    h.pass(100ms);
    h.direct(h.config({0, 1}, config_state::active, h.current));
    h.pass(11s);
    h.assign();
    h.pass(100ms);
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 2u);
    h.at(1).fault = [&](snapshot_order const& what)
    {
        // The second one takes its time: what the first one answers is no trouble of it, and not it.
        if (std::holds_alternative<drop_snapshot>(what)) h.at(1).snapshots_run = false;
        return "";
    };
    h.at(1).snapshots_run = true;
    h.pass(100ms);
    auto const told = h.feeding();
    BOOST_TEST(told.trouble == "");
    BOOST_TEST(told.snapshot_bytes == 0u);
    BOOST_TEST(h.sent["snap_offer"] == 0u);

    h.at(1).snapshots_run = true;
    BOOST_TEST(h.arrives());
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 2u);
    h.check_complete();
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_holds_the_log_back_too_long_is_not_made_to_its_end)
{
    world h([](settings& how) { how.pin_entries = 100; });
    h.at(1).snapshots_run = false;
    h.assign();
    h.pass(100ms);
    h.fill(101);
    h.pass(100ms);
    BOOST_TEST(count<drop_snapshot>(h.at(1)) == 1u);
    BOOST_TEST(h.feeding().trouble.find("more than 100 log entries") != std::string::npos);
    h.pass(5s);
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 2u);
    h.at(1).snapshots_run = true;
    BOOST_TEST(h.arrives());
    BOOST_TEST(h.feeding().trouble == "");
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_nobody_asks_for_is_dropped)
{
    world h;
    h.assign();
    h.pass(100ms);
    h.crash(2);
    h.pass(59s);
    BOOST_TEST(h.at(1).made.has_value());
    h.pass(2s);
    BOOST_TEST(count<drop_snapshot>(h.at(1)) == 1u);
}

BOOST_AUTO_TEST_CASE(bytes_of_a_peer_never_stop_a_replica)
{
    world h([](settings& how) { how.snapshot_rate = 64u << 10; });
    h.assign();
    h.pass(300ms);
    BOOST_TEST_REQUIRE(h.at(1).made.has_value());
    auto const info = h.at(1).made->info;
    auto const chunk = [](std::size_t size) { return std::make_shared<std::string const>(size, 'x'); };
    auto const kept = count<keep_chunk>(h.at(2));
    for (auto const& bad : {
             snap_chunk{h.current, info.id, ~std::uint64_t{}, chunk_hash("x"), chunk(5)},
             snap_chunk{h.current, info.id, 10, chunk_hash("x"), chunk(5)},
             snap_chunk{h.current, chunk_hash("?"), 0, chunk_hash("x"), chunk(5)},
             snap_chunk{h.current, info.id, 5, chunk_hash("x"), chunk(2 * snapshot_chunk_bytes)},
             snap_chunk{h.current, info.id, 5, {}, nullptr},
             snap_chunk{h.current, info.id, 5, chunk_hash("x"), nullptr},
         })
        (void)h.step(2, received{h.triple(1), bad});
    BOOST_TEST(count<keep_chunk>(h.at(2)) == kept);

    auto const reads = count<read_chunk>(h.at(1));
    for (auto const& bad : {
             snap_want{h.current, info.id, 11, {}},
             snap_want{h.current, info.id, ~std::uint64_t{}, {}},
             snap_want{h.current, chunk_hash("?"), 0, {}},
         })
        (void)h.step(1, received{h.triple(2), bad});
    for (std::uint64_t i = 0; i < 1000; ++i)
        (void)h.step(1, received{h.triple(0), snap_want{h.current, info.id, i % 11, {}}});
    BOOST_TEST(count<read_chunk>(h.at(1)) == reads);

    auto const opened = count<open_incoming>(h.at(2));
    for (auto const bytes : {std::uint64_t{0}, ~std::uint64_t{}, std::uint64_t{1} << 50})
    {
        auto bad = info;
        bad.id = chunk_hash("other");
        bad.bytes = bytes;
        (void)h.step(2, received{h.triple(1), snap_offer{h.current, bad}});
    }
    (void)h.step(2, received{h.triple(0), snap_offer{h.current, {chunk_hash("other"), {}, {}, 5}}});
    BOOST_TEST(count<open_incoming>(h.at(2)) == opened);
    BOOST_TEST(h.arrives(60s));
}

BOOST_AUTO_TEST_CASE(a_restored_store_says_so_until_it_is_a_member)
{
    harness h(2);
    h.at(0).store.restored = true;
    h.restart(0);
    h.pass(60ms);
    BOOST_TEST(h.at(0).heartbeats.back().restored);
    BOOST_TEST(!h.at(1).heartbeats.back().restored);

    h.form({0, 1});
    h.pass(60ms);
    BOOST_TEST(!h.at(0).heartbeats.back().restored);

    h.restart(0);
    h.pass(60ms);
    BOOST_TEST(!h.at(0).heartbeats.back().restored);
}

BOOST_AUTO_TEST_CASE(a_replica_tells_whether_it_is_to_be_drained)
{
    harness h(1);
    h.form({0});
    BOOST_TEST(!h.status(0).drain);
    (void)h.step(0, directed{{.config = h.status(0).config, .learning = {}, .lease_for = {}, .drain = true}});
    BOOST_TEST(h.status(0).drain);
    h.direct_one(0, h.status(0).config);
    BOOST_TEST(!h.status(0).drain);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
