// Wall clocks that are set wrong, at the head and behind it.
#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

using texts = std::vector<std::string>;
constexpr microseconds day = 24h;

struct told_chain : harness
{
    explicit told_chain(std::size_t count = 3, std::function<void(settings&)> tune = {})
        : harness(count, std::move(tune))
    {
        now.wall_us = 1'700'000'000'000'000;
        time_is_told = true;
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i < count; ++i)
            all.push_back(i);
        form(all);
    }
    std::int64_t stamp(std::size_t i) { return at(i).store.rows.back().ts_us; }
    // Is the newest row stamped at about the time that it is?
    bool stamp_is_right(std::size_t i)
    {
        auto const ahead = stamp(i) - now.wall_us;
        return ahead <= 5'000'000 && ahead >= -5'000'000;
    }
};

BOOST_AUTO_TEST_SUITE(wall_clocks)

BOOST_AUTO_TEST_CASE(a_head_whose_clock_jumps_stamps_by_what_most_clocks_say)
{
    for (auto const ahead : {6 * 60s + 0 * day, 40 * day, -40 * day, 4000 * day, -20'000 * day})
    {
        told_chain h;
        h.submit(1, "before");
        h.run();
        h.at(0).clock_ahead = ahead;
        h.submit(1, "during");
        h.pass(200ms);
        BOOST_TEST(h.log(2) == (texts{"before", "during"}));
        BOOST_TEST(h.stamp_is_right(2));
        // Also long after the config service has gone.
        h.now.steady += 3600s;
        h.now.wall_us += 3'600'000'000;
        h.submit(1, "later");
        h.pass(200ms);
        BOOST_TEST(h.log(2) == (texts{"before", "during", "later"}));
        BOOST_TEST(h.stamp_is_right(2));
        BOOST_TEST((h.status(0).clock_error == ahead));
        h.at(0).clock_ahead = {};
        h.submit(1, "after");
        h.pass(200ms);
        BOOST_TEST(h.log(2).size() == 4u);
        BOOST_TEST(h.stamp_is_right(2));
        BOOST_TEST(!h.status(0).clock_error.has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_follower_whose_clock_is_wrong_takes_every_row)
{
    for (auto const ahead : {40 * day, -40 * day, -20'000 * day})
    {
        told_chain h;
        h.at(1).clock_ahead = ahead;
        h.at(2).clock_ahead = ahead;
        h.submit(2, "x");
        h.pass(200ms);
        for (std::size_t i = 0; i < 3; ++i)
            BOOST_TEST(h.log(i) == (texts{"x"}));
        BOOST_TEST(h.stamp_is_right(0));
    }
}

// It believes nobody, as one of an older version does.
struct chain_with_a_stubborn_head : told_chain
{
    explicit chain_with_a_stubborn_head(std::size_t count = 3)
        : told_chain(
              count,
              [](settings& how)
              {
                  if (how.self.name.name == "a") how.clock_tolerance = 100'000 * day;
              }
          )
    {
        at(0).clock_ahead = 40 * day;
    }
};

BOOST_AUTO_TEST_CASE(a_row_far_ahead_of_all_clocks_is_not_taken_and_that_is_said)
{
    chain_with_a_stubborn_head h;
    h.submit(0, "ahead");
    h.pass(500ms);
    BOOST_TEST(h.log(0) == (texts{"ahead"}));
    BOOST_TEST(h.log(1).empty());
    BOOST_TEST(h.status(0).commit == seq{0});
    BOOST_TEST(h.status(1).refused_us >= (39 * day).count());
    BOOST_TEST(h.at(1).heartbeats.back().refused_us >= (39 * day).count());

    // Another head goes on, and the row is gone with nobody having seen it.
    h.form({1, 2});
    BOOST_TEST(h.status(1).refused_us == 0);
    h.submit(2, "right");
    h.pass(200ms);
    h.assign({1, 2}, 0, 2);
    h.pass(500ms);
    // What was asked for is asked for again, and stamped by somebody else.
    for (std::size_t i = 0; i < 3; ++i)
    {
        BOOST_TEST(h.log(i) == (texts{"right", "ahead"}), boost::test_tools::per_element());
        BOOST_TEST(h.stamp_is_right(i));
    }
    BOOST_TEST(h.at(1).heartbeats.back().refused_us == 0);
}

// What is ahead already stays in the log, and the log goes on.
BOOST_AUTO_TEST_CASE(a_learner_and_its_next_epoch_take_rows_that_are_ahead)
{
    harness h(
        3,
        [](settings& how)
        {
            if (how.self.name.name == "a") how.clock_tolerance = 100'000 * day;
        }
    );
    h.now.wall_us = 1'700'000'000'000'000;
    h.time_is_told = true;
    h.at(0).clock_ahead = 40 * day;
    h.form({0});
    h.submit(0, "alone");
    h.pass(50ms);
    h.assign({0}, 1, 0);
    h.submit(0, "with a learner");
    h.pass(500ms);
    BOOST_TEST(h.log(1) == (texts{"alone", "with a learner"}));

    // As a member it goes on behind them, each stamped a microsecond later, also as the head.
    h.form({0, 1});
    h.at(0).clock_ahead = {};
    h.submit(1, "together");
    h.pass(200ms);
    BOOST_TEST(h.log(1).size() == 3u);
    h.form({1});
    h.submit(1, "the other alone");
    h.pass(200ms);
    BOOST_TEST(h.log(1).size() == 4u);
    BOOST_TEST(h.status(1).commit == seq{4});
}

// Without a second opinion there is no telling who is wrong.
BOOST_AUTO_TEST_CASE(as_long_as_nobody_says_what_time_it_is_no_row_is_refused)
{
    harness h(2);
    h.now.wall_us = 1'700'000'000'000'000;
    h.form({0, 1});
    h.at(0).clock_ahead = 40 * day;
    h.submit(1, "x");
    h.pass(200ms);
    BOOST_TEST(h.log(1) == (texts{"x"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
