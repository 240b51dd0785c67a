// Who is slow or silent while a snapshot is given, who is asked again, and what nobody wants any more.
#include "snapshot_world.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

BOOST_AUTO_TEST_SUITE(snapshots)

BOOST_AUTO_TEST_CASE(a_long_check_keeps_the_source_waiting)
{
    snapshot_world h;
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
    snapshot_world h;
    h.assign_and_stop(2, 90s);
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
    snapshot_world h;
    h.lose = [](member const&, envelope const& m) { return std::holds_alternative<snap_want>(m.message); };
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
    snapshot_world h;
    h.lose = [](member const&, envelope const& m) { return std::holds_alternative<snap_want>(m.message); };
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
void repeat_a_chunk(snapshot_world& h, microseconds time, std::function<void()> also = {})
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
    auto const* chunk = std::get_if<snap_chunk>(&m.message);
    return chunk != nullptr && chunk->index > 0;
}

// c has that one, and has asked for others that are lost.
void get_the_first_chunk(snapshot_world& h)
{
    h.lose = other_chunk;
    h.assign();
    h.pass(300ms);
}

BOOST_AUTO_TEST_CASE(a_source_that_repeats_itself_is_not_silent)
{
    snapshot_world h;
    get_the_first_chunk(h);
    auto const wants = h.sent["snap_want"];
    repeat_a_chunk(h, 4s);
    BOOST_TEST(h.sent["snap_want"] == wants);
    BOOST_TEST(count<keep_chunk>(h.at(2)) == 1u);
}

BOOST_AUTO_TEST_CASE(a_source_that_repeats_itself_is_not_given_up)
{
    snapshot_world h;
    get_the_first_chunk(h);
    repeat_a_chunk(h, 80s, [&] { BOOST_TEST_REQUIRE(h.status(2).receiving.has_value()); });
    BOOST_TEST(count<open_incoming>(h.at(2)) == 1u);
    h.lose = {};
    BOOST_TEST(h.arrives(6s));
}

BOOST_AUTO_TEST_CASE(a_source_that_offers_the_same_again_is_not_given_up)
{
    snapshot_world h;
    get_the_first_chunk(h);
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
    snapshot_world h;
    get_the_first_chunk(h);
    h.lose = [&](member const& from, envelope const&) { return from == h.triple(1); };
    h.pass(59s);
    BOOST_TEST(h.status(2).receiving.has_value());
    h.pass(2s);
    BOOST_TEST(!h.status(2).receiving.has_value());
}

BOOST_AUTO_TEST_CASE(a_source_that_says_nothing_more_before_the_last_chunk_is_given_up)
{
    snapshot_world h;
    h.lose = [](member const&, envelope const& m)
    {
        auto const* chunk = std::get_if<snap_chunk>(&m.message);
        return chunk != nullptr && chunk->index + 1 == all_chunks;
    };
    h.assign();
    h.pass(5s);
    BOOST_TEST_REQUIRE(h.status(2).receiving.has_value());
    BOOST_TEST(count<keep_chunk>(h.at(2)) == all_chunks - 1);
    h.lose = [&](member const& from, envelope const&) { return from == h.triple(1); };
    h.pass(61s);
    BOOST_TEST(!h.status(2).receiving.has_value());
}

BOOST_AUTO_TEST_CASE(a_snapshot_whose_learner_has_gone_is_not_made_to_its_end)
{
    snapshot_world h;
    h.assign_and_stop(1, 20s);
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
    snapshot_world h;
    h.assign_and_stop(1, 100ms);
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
    snapshot_world h;
    h.assign_and_stop(1, 100ms);
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
    snapshot_world h;
    h.assign_and_stop(1, 100ms);
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
    snapshot_world h([](settings& how) { how.pin_entries = 100; });
    h.assign_and_stop(1, 100ms);
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
    snapshot_world h;
    h.assign();
    h.pass(100ms);
    h.crash(2);
    h.pass(59s);
    BOOST_TEST(h.at(1).made.has_value());
    h.pass(2s);
    BOOST_TEST(count<drop_snapshot>(h.at(1)) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
