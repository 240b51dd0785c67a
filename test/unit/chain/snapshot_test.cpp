// A learner gets a snapshot.
#include "snapshot_world.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

BOOST_AUTO_TEST_SUITE(snapshots)

BOOST_AUTO_TEST_CASE(a_learner_below_the_logs_beginning_gets_a_snapshot)
{
    snapshot_world h;
    h.assign();
    BOOST_TEST(h.arrives());
    BOOST_TEST(h.sent["snap_want"] == all_chunks);
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

// Of what is changed nobody makes a snapshot; the rows of the log say themselves that they are sound.
BOOST_AUTO_TEST_CASE(a_source_with_changed_rows_feeds_all_that_its_log_reaches)
{
    for (bool const known_before : {true, false})
    {
        harness h(3, [](settings& how) { how.snapshot_after = 50; });
        h.form({0, 1});
        for (int i = 0; i < 60; ++i)
            h.submit(0);
        h.run();
        auto const found = [&] { (void)h.step(1, rows_checked{rows_verdict::changed, "a row has changed"}); };
        h.at(1).snapshots_run = false;
        if (known_before) found();
        h.assign({0, 1}, 2, 1);
        h.pass(100ms);
        BOOST_TEST(count<make_snapshot>(h.at(1)) == (known_before ? 0u : 1u));
        if (!known_before) found();
        h.pass(100ms);
        BOOST_TEST(h.status(2).received == seq{60});
    }
}

// Asked for what its log does not reach, it tries to make one each time that is due, and no more.
BOOST_FIXTURE_TEST_CASE(a_source_with_changed_rows_says_of_what_its_log_does_not_reach_why, snapshot_world)
{
    at(1).snapshots_run = false;
    assign();
    pass(100ms);
    auto const appends_when_found = [&]
    {
        auto const out = step(1, rows_checked{rows_verdict::changed, "a row has changed"}).sends;
        return std::count_if(
            out.begin(),
            out.end(),
            [](envelope const& one) { return std::holds_alternative<append>(one.message); }
        );
    };
    BOOST_TEST(appends_when_found() == 1);  // where the logs meet
    pass(100ms);
    BOOST_TEST(feeding().needs_snapshot);
    BOOST_TEST(appends_when_found() == 0);
    BOOST_TEST(status(2).received == seq{0});
}

BOOST_AUTO_TEST_CASE(a_learner_that_misses_little_gets_no_snapshot)
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
    snapshot_world h([](settings& how) { how.snapshot_after = 50; });
    h.assign();
    BOOST_TEST(h.arrives());
    h.fill(500);

    h.check_complete();

    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
}

BOOST_AUTO_TEST_CASE(nothing_of_a_snapshot_moves_before_the_learners_promise_is_durable)
{
    snapshot_world h;
    h.at(2).disk_runs = false;
    h.form({0, 1});
    h.assign();
    h.pass(200ms);
    (void)h.step(
        2,
        received{
            h.triple(1),
            snap_offer{
                .in = h.current, .snapshot = {.id = chunk_hash("x"), .at = {}, .state = {}, .bytes = 1}
            }
        }
    );
    h.pass(200ms);
    BOOST_TEST(h.at(2).ordered.empty());

    h.at(2).disk_runs = true;
    BOOST_TEST(h.arrives());
}

BOOST_AUTO_TEST_CASE(a_member_takes_no_snapshot)
{
    snapshot_world h;
    h.assign();
    h.pass(50ms);
    snapshot_info const info{.id = chunk_hash("x"), .at = {}, .state = {}, .bytes = 1};
    (void)h.step(1, received{h.triple(0), snap_offer{.in = h.current, .snapshot = info}});
    h.pass(50ms);
    BOOST_TEST(count<open_incoming>(h.at(1)) == 0u);
}

BOOST_AUTO_TEST_CASE(a_replica_that_becomes_a_member_meanwhile_keeps_its_store)
{
    snapshot_world h;
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

BOOST_AUTO_TEST_CASE(a_snapshot_of_whole_chunks_has_no_other_one)
{
    snapshot_world w;
    w.at(1).snapshot_bytes = 4 * snapshot_chunk_bytes;
    w.assign();
    BOOST_TEST(w.arrives());
    BOOST_TEST(w.at(2).part.size() == 4u);
    w.check_complete();
}

BOOST_AUTO_TEST_CASE(a_few_chunks_are_on_their_way_at_once)
{
    snapshot_world h;
    h.at(1).fault = [&](snapshot_order const& what) -> std::string
    {
        if (std::holds_alternative<make_snapshot>(what))
            h.lose = [](member const&, envelope const& m)
            { return std::holds_alternative<snap_chunk>(m.message); };
        return {};
    };
    h.assign();
    h.pass(300ms);
    BOOST_TEST(h.sent["snap_want"] == 8u);
    BOOST_TEST(h.sent["snap_chunk"] == 8u);
}

BOOST_AUTO_TEST_CASE(an_offer_is_repeated_until_a_chunk_is_asked_for)
{
    snapshot_world h;
    h.lose = [](member const&, envelope const& m) { return std::holds_alternative<snap_offer>(m.message); };
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
    snapshot_world h;
    std::size_t lost = 0;
    h.lose = [&](member const&, envelope const& m)
    {
        bool const chunk =
            std::holds_alternative<snap_chunk>(m.message) || std::holds_alternative<snap_want>(m.message);
        return chunk && ++lost % 3 == 0;
    };
    h.assign();
    BOOST_TEST(h.arrives(20s));
    BOOST_TEST(lost > all_chunks);
    h.check_complete();
}

BOOST_AUTO_TEST_CASE(a_chunk_that_is_being_read_is_not_read_twice)
{
    snapshot_world h;
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
    snapshot_world h;
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
    h.at(1).snapshots_run = false;
    h.restart(2);
    h.assign();
    BOOST_TEST(h.feeding().snapshot_done == 0u);  // by this run of it nothing was answered
    h.at(1).snapshots_run = true;
    BOOST_TEST(h.arrives());

    BOOST_TEST(h.feeding().snapshot_done == h.at(1).snapshot_bytes);
    BOOST_TEST(h.status(2).moved_bytes == 2 * snapshot_chunk_bytes + 100);
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
    h.check_complete();
}

BOOST_AUTO_TEST_CASE(another_epoch_does_not_begin_again)
{
    snapshot_world h([](settings& how) { how.snapshot_rate = 1u << 20; });
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
    snapshot_world h([](settings& how) { how.snapshot_rate = 1u << 20; });
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
    snapshot_world h([](settings& how) { how.snapshot_rate = 512u << 10; });
    h.assign();
    BOOST_TEST(!h.arrives(4500ms));
    BOOST_TEST(h.arrives(1500ms));
}

BOOST_AUTO_TEST_CASE(over_a_full_link_go_only_the_chunks_that_are_being_read)
{
    snapshot_world h;
    auto const is_full = [&](bool full)
    { (void)h.step(1, peer_links{.peer = h.triple(2), .reached = true, .full = full}); };
    is_full(true);
    h.assign();
    h.pass(1s);
    BOOST_TEST(h.sent["snap_want"] > 0u);
    BOOST_TEST(h.sent["snap_chunk"] == 0u);
    is_full(false);
    BOOST_TEST(h.arrives());
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 1u);
    h.check_complete();
}

// The rate is owed for what was read, and not beyond the file that it was read of.
BOOST_AUTO_TEST_CASE(a_file_owes_nothing_for_the_one_before)
{
    snapshot_world h([](settings& how) { how.snapshot_rate = 10'000; });
    bool first = true;
    h.at(1).fault = [&](snapshot_order const& what) -> std::string
    { return std::holds_alternative<read_chunk>(what) && std::exchange(first, false) ? "torn" : ""; };
    h.assign();
    h.pass(100ms);
    BOOST_TEST(count<read_chunk>(h.at(1)) == 1u);
    h.pass(5s);
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 2u);
    h.pass(100ms);
    BOOST_TEST(count<read_chunk>(h.at(1)) == 2u);
}

BOOST_AUTO_TEST_CASE(a_source_that_cannot_make_one_says_why_and_tries_again)
{
    snapshot_world h;
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
    snapshot_world h;
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
    snapshot_world h;
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
    snapshot_world h;
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
    h.assign_and_stop(1, 100ms);
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "");
    BOOST_TEST(h.feeding().trouble == "");
    BOOST_TEST(count<make_snapshot>(h.at(1)) == 2u);
}

// The learner has no space for what it asked for, the config service ends the join, and the space is there
// again.
void fail_once(snapshot_world& h)
{
    h.at(2).fault = [](snapshot_order const& what)
    { return std::holds_alternative<keep_chunk>(what) ? "no space" : ""; };
    h.assign();
    h.pass(200ms);
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "no space");

    h.direct(h.config({0, 1}, config_state::active, h.current));
    h.pass(100ms);
    h.at(2).fault = {};
}

BOOST_AUTO_TEST_CASE(another_try_takes_the_offer_of_another_source_at_once)
{
    snapshot_world h;
    fail_once(h);
    h.assign(0);
    BOOST_TEST(h.arrives(2s));
}

BOOST_AUTO_TEST_CASE(another_try_at_the_same_source_is_offered_the_snapshot_at_once)
{
    snapshot_world h;
    fail_once(h);
    h.assign();
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
    snapshot_world h;
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

BOOST_AUTO_TEST_CASE(bytes_of_a_peer_never_stop_a_replica)
{
    snapshot_world h([](settings& how) { how.snapshot_rate = 64u << 10; });
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

// Such a chunk would make the whole file another one than the source's.
BOOST_AUTO_TEST_CASE(a_chunk_of_another_than_the_source_is_neither_kept_nor_counted)
{
    snapshot_world h;
    h.lose = [](member const&, envelope const& m) { return std::holds_alternative<snap_chunk>(m.message); };
    h.assign();
    h.pass(100ms);
    BOOST_TEST_REQUIRE(h.at(1).made.has_value());
    auto const other = std::make_shared<std::string const>("another's");
    auto const before = h.status(2).moved_bytes;

    (void)h.step(
        2, received{h.triple(0), snap_chunk{h.current, h.at(1).made->info.id, 0, chunk_hash(*other), other}}
    );
    BOOST_TEST(h.status(2).moved_bytes == before);
    BOOST_TEST(count<keep_chunk>(h.at(2)) == 0u);
    h.lose = {};
    BOOST_TEST(h.arrives());
    h.check_complete();
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
    BOOST_TEST(!h.can_do(0).draining);
    (void)h.step(0, directed{{.config = h.status(0).config, .learning = {}, .lease_for = {}, .drain = true}});
    BOOST_TEST(h.can_do(0).draining);
    h.direct_one(0, h.status(0).config);
    BOOST_TEST(!h.can_do(0).draining);
}

// The learner has the whole file and checks it, until it is let go on.
struct world_in_check : snapshot_world
{
    world_in_check()
    {
        at(2).fault = [this](snapshot_order const& order)
        {
            if (std::holds_alternative<keep_chunk>(order))
                at(2).snapshots_run = at(2).part.size() + 1 < all_chunks;
            return std::string{};
        };
        assign();
        pass(2s);
        BOOST_TEST_REQUIRE(count<check_incoming>(at(2)) == 1u);
    }
    void ends_with_that_file()
    {
        at(2).fault = {};
        at(2).snapshots_run = true;

        BOOST_TEST(arrives());
        BOOST_TEST(count<open_incoming>(at(2)) == 1u);
        check_complete();
    }
};

// Such a word answers an order of an earlier try at the same file.
BOOST_AUTO_TEST_CASE(a_chunk_is_not_there_because_one_was_kept_before)
{
    snapshot_world h;
    h.lose = [](member const&, envelope const& m) { return std::holds_alternative<snap_chunk>(m.message); };
    h.assign();
    h.pass(100ms);
    BOOST_TEST_REQUIRE(h.at(1).made.has_value());
    for (std::uint64_t index = 0; index < all_chunks; ++index)
        (void)h.step(2, chunk_kept{h.at(1).made->info.id, index, {}});
    h.lose = {};
    BOOST_TEST(h.arrives());
    BOOST_TEST(count<check_incoming>(h.at(2)) == 1u);
}

BOOST_AUTO_TEST_CASE(another_offer_does_not_throw_away_a_file_that_is_being_checked)
{
    world_in_check w;
    auto other = w.at(1).made->info;
    other.id = digest{{1}};
    other.at.at = other.at.at.next();

    (void)w.step(2, received{w.triple(1), snap_offer{w.current, other}});
    w.ends_with_that_file();
}

BOOST_AUTO_TEST_CASE(a_word_of_the_log_without_rows_does_not_throw_away_a_file_that_is_being_checked)
{
    world_in_check w;

    append probe;
    probe.in = w.current;
    probe.number = 1'000'000;
    (void)w.step(2, received{w.triple(1), probe});
    w.ends_with_that_file();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
