// A replica that comes back with the store of an earlier run.
#include "snapshot_world.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

BOOST_AUTO_TEST_SUITE(snapshots)

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
    BOOST_TEST(!h.at(2).heartbeats.back().damaged);
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
    (void)h.step(2, rows_checked{rows_verdict::not_known, "locked"});
    h.assign({0, 1}, 2, 1);
    h.pass(1s);
    BOOST_TEST(count<check_rows>(h.at(2)) == 1u);
    BOOST_TEST(h.at(2).heartbeats.back().in_doubt);
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "locked");
    BOOST_TEST(!h.at(2).heartbeats.back().damaged);
    h.pass(5s);
    BOOST_TEST(count<check_rows>(h.at(2)) == 2u);
    (void)h.step(2, rows_checked{});
    h.pass(200ms);
    BOOST_TEST(!h.at(2).anew.has_value());
    BOOST_TEST(h.at(2).heartbeats.back().trouble == "");
    BOOST_TEST(h.status(2).received == h.status(1).received);
}

// There are too many to be read while the chain is one short.
BOOST_AUTO_TEST_CASE(a_large_store_is_believed_until_its_rows_have_been_read)
{
    for (bool const sound : {true, false})
    {
        harness h(3);
        leave_behind(h);
        h.at(2).snapshots_run = false;
        h.restart(2);
        h.pass(50ms);
        auto const out = h.step(2, rows_checked{rows_verdict::believed, {}});
        // At once: the chain is one short until the config service knows.
        BOOST_TEST_REQUIRE(out.heartbeats.size() == 1u);
        BOOST_TEST(!out.heartbeats[0].in_doubt);
        h.assign({0, 1}, 2, 1);
        h.pass(200ms);
        BOOST_TEST(h.status(2).received == h.status(1).received);
        (void)h.step(2, sound ? rows_checked{} : rows_checked{rows_verdict::changed, "a row has changed"});
        h.pass(50ms);
        BOOST_TEST(h.at(2).anew.has_value() == !sound);
        if (!sound) BOOST_TEST(h.at(2).anew->set_aside == "a row has changed");
    }
}

BOOST_AUTO_TEST_CASE(a_member_whose_rows_turn_out_to_have_changed_says_so_and_serves_on)
{
    // The scrub finds it, or who makes a snapshot of them.
    event const found[] = {
        rows_checked{rows_verdict::changed, "a row has changed"},
        snapshot_made{
            .order = 0,
            .snapshot = {},
            .failed = order_failure{order_fault::rows_changed, "a row has changed"}
        }
    };
    for (auto const& each : found)
    {
        harness h(3);
        h.form({0, 1, 2});
        h.submit(0);
        h.run();
        (void)h.step(1, each);
        h.submit(0);
        h.run();
        h.pass(100ms);
        BOOST_TEST(h.at(1).heartbeats.back().damaged);
        BOOST_TEST(h.at(1).heartbeats.back().trouble == "a row has changed");
        BOOST_TEST(!h.at(1).anew.has_value());
        BOOST_TEST(h.status(1).applied == seq{2});
    }
}

BOOST_AUTO_TEST_CASE(of_a_suspect_store_all_rows_are_read_before_anything)
{
    for (bool const suspect : {true, false})
    {
        harness h(3);
        leave_behind(h);
        h.at(2).snapshots_run = false;
        h.at(2).store.rows_suspect = suspect;
        h.restart(2);
        h.pass(100ms);
        bool all = false;
        for (auto const& order : h.at(2).ordered)
            if (auto const* what = std::get_if<check_rows>(&order)) all = what->all;
        BOOST_TEST(all == suspect);
    }
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
        BOOST_TEST(h.at(i).heartbeats.back().damaged);
        BOOST_TEST(h.at(i).heartbeats.back().trouble == "a row has changed");
    }
}

BOOST_AUTO_TEST_CASE(a_new_store_is_not_checked)
{
    snapshot_world h;
    h.assign();
    h.pass(100ms);
    BOOST_TEST(count<check_rows>(h.at(2)) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
