// Work on snapshots leaves the processor to others.
#include "store/pace.hpp"

#include "store/snapshot_work.hpp"
#include "unit/store/snapshot_fixture.hpp"

namespace chaind::test
{

using namespace std::chrono_literals;

namespace
{

struct pace_fixture : snapshot_fixture
{
    store::pace::clock clock()
    {
        return {
            .worked = [this] { return worked += piece; },
            .sleep =
                [this](store::pace::duration how_long)
            {
                ++rests;
                rested += how_long;
            }
        };
    }

    store::pace::duration worked{};
    store::pace::duration rested{};
    store::pace::duration piece = 1ms;  // passes with each look
    int rests = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pace, pace_fixture)

BOOST_AUTO_TEST_CASE(a_piece_of_work_is_its_share_of_the_time)
{
    store::pace quarter(25, clock());
    quarter.begin();
    quarter.rest();
    BOOST_TEST((rested == 3ms));
    quarter.rest();
    BOOST_TEST((rested == 6ms));
    BOOST_TEST(rests == 2);
}

BOOST_AUTO_TEST_CASE(no_rest_is_longer_than_somebody_can_wait_for)
{
    piece = 10s;
    store::pace quarter(25, clock());
    quarter.begin();
    quarter.rest();
    BOOST_TEST((rested == store::pace::longest_rest));
}

BOOST_AUTO_TEST_CASE(with_all_of_the_processor_there_are_no_rests)
{
    store::pace all(100, clock());
    all.begin();
    all.rest();
    BOOST_TEST(rests == 0);
}

// The share is for the others' sake: where there are none it grows, and is back with the first of them.
BOOST_AUTO_TEST_CASE(who_is_alone_rests_less_until_somebody_comes)
{
    store::pace::duration waited{};
    store::pace::duration waits{};
    auto told = clock();
    told.waited = [&] { return waited += waits; };
    store::pace fifth(20, told);
    auto const rest = [&]
    {
        auto const before = rested;
        fifth.rest();
        return rested - before;
    };
    fifth.begin();
    BOOST_TEST((rest() == 4ms));
    for (int i = 0; i < 400; ++i)
        fifth.rest();
    auto const alone = rest();
    BOOST_TEST((alone < 500us && alone > 300us));
    waits = 200us;
    BOOST_TEST((rest() == 4ms));
    waits = 0us;
    BOOST_TEST((rest() == 4ms));
    for (int i = 0; i < 400; ++i)
        fifth.rest();
    BOOST_TEST((rest() < 500us));
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_made_and_checked_with_rests_in_between)
{
    filled(3000);
    store::pace half(50, clock());
    store::long_work const work{.progress = {}, .cancelled = nullptr, .rests = &half};
    BOOST_TEST_REQUIRE(store::make_snapshot(db(), path("s"), {}, nullptr, work).has_value());
    BOOST_TEST(rests > 1);
    BOOST_TEST((rested >= 1ms * rests));
    rests = 0;
    BOOST_TEST(store::check_snapshot(path("s"), nullptr, work).has_value());
    BOOST_TEST(rests > 1);
}

BOOST_AUTO_TEST_CASE(the_chunks_of_a_file_are_hashed_with_rests_in_between)
{
    filled(6000);
    store::pace half(50, clock());
    store::snapshot_work giving({.database = db()}, {.progress = {}, .cancelled = nullptr, .rests = &half});
    auto const made = giving.perform(chain::make_snapshot{.order = 1});
    BOOST_TEST_REQUIRE(!made.failed);

    store::snapshot_work taking(
        {.database = path("other.db")}, {.progress = {}, .cancelled = nullptr, .rests = &half}
    );
    static_cast<void>(taking.perform(chain::open_incoming{made.snapshot}));
    rests = 0;
    auto const again = taking.perform(chain::open_incoming{made.snapshot});
    BOOST_TEST_REQUIRE(!again.failed);
    BOOST_TEST(again.held.size() > 1u);
    BOOST_TEST(static_cast<std::size_t>(rests) == again.held.size());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
