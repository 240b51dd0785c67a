#pragma once
// A chain and a learner that the log does not reach, for the tests of snapshots.

#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
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
struct snapshot_world : harness
{
    explicit snapshot_world(std::function<void(settings&)> tune = {}, std::size_t rows = 300)
        : harness(3, tune)
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
    // The transfer begins, but at `place` nothing is done for it yet.
    void assign_and_stop(std::size_t place, microseconds passed)
    {
        at(place).snapshots_run = false;
        assign();
        pass(passed);
    }
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

}  // namespace chaind::chain
