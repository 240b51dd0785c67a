#include "chain/log_index.hpp"
#include "chain/write_queue.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

entry row(log_point const& after, std::uint64_t in, std::uint8_t request = 0)
{
    entry out{
        after.at.next(),
        epoch{in},
        after.ts_us + 1,
        request_id{{request}},
        std::make_shared<std::string const>("x"),
        {}
    };
    out.hash = entry_hash(after.hash, out);
    return out;
}

// Epochs 1 1 3 3 3 4.
log_index six_rows()
{
    log_index log;
    for (std::uint64_t in : {1, 1, 3, 3, 3, 4})
        log.append(row(log.end_point(), in, static_cast<std::uint8_t>(log.end().value() + 1)));
    return log;
}

BOOST_AUTO_TEST_SUITE(log_and_disk)

BOOST_AUTO_TEST_CASE(an_entrys_hash_depends_on_each_field_and_on_all_before_it)
{
    auto const e = row({}, 1);
    auto differs = [&](auto change)
    {
        auto other = e;
        change(other);
        return entry_hash({}, other) != e.hash;
    };

    BOOST_TEST(entry_hash(digest{{1}}, e) != e.hash);
    BOOST_TEST(differs([](entry& x) { x.at = seq{2}; }));
    BOOST_TEST(differs([](entry& x) { x.in = epoch{2}; }));
    BOOST_TEST(differs([](entry& x) { x.ts_us = 2; }));
    BOOST_TEST(differs([](entry& x) { x.request = request_id{{1}}; }));
    BOOST_TEST(differs([](entry& x) { x.command = std::make_shared<std::string const>("y"); }));
}

BOOST_AUTO_TEST_CASE(a_log_knows_where_each_epochs_run_begins)
{
    auto log = six_rows();
    for (auto [at, start] : {std::pair{1, 1}, {2, 1}, {3, 3}, {5, 3}, {6, 6}})
        BOOST_TEST(log.run_start(seq(at)) == seq(start));
}

BOOST_AUTO_TEST_CASE(a_cut_log_knows_no_run_of_rows_that_are_gone)
{
    auto const whole = six_rows();
    for (std::uint64_t last = 0; last <= 5; ++last)
    {
        auto log = whole;
        log.truncate_after(seq{last});
        // Of the epoch that comes there, if it is not that of the row below.
        auto const in = whole.row(seq{last + 1})->in.value();
        log.append(row(log.end_point(), in));
        for (std::uint64_t at = 1; at <= last + 1; ++at)
            BOOST_TEST(log.run_start(seq{at}) == whole.run_start(seq{at}));

        log.append(row(log.end_point(), 9));
        BOOST_TEST(log.run_start(seq{last + 1}) == whole.run_start(seq{last + 1}));
        BOOST_TEST(log.run_start(seq{last + 2}) == seq{last + 2});
    }
}

BOOST_AUTO_TEST_CASE(evicted_rows_leave_the_point_below_the_rest)
{
    auto log = six_rows();
    auto const third = *log.point(seq{3});

    log.evict(seq{3}, 0);

    BOOST_TEST(log.row(seq{3}) == nullptr);
    BOOST_TEST(log.point(seq{3}) == third);
    BOOST_TEST(!log.point(seq{2}).has_value());
    BOOST_TEST(log.row(seq{4})->at == seq{4});
    BOOST_TEST(log.run_start(seq{1}) == seq{1});
    BOOST_TEST(!log.holds(request_id{{3}}));
    BOOST_TEST(log.holds(request_id{{4}}));
}

BOOST_AUTO_TEST_CASE(no_row_is_evicted_that_fits)
{
    auto log = six_rows();
    std::size_t three = 0;
    for (std::uint64_t at = 4; at <= 6; ++at)
        three += log.row(seq{at})->bytes();

    log.evict(seq{6}, three);

    BOOST_TEST(log.row(seq{3}) == nullptr);
    BOOST_TEST(log.row(seq{4}) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_recovered_log_knows_the_epochs_of_rows_on_the_disk)
{
    auto const whole = six_rows();
    recovered from;
    from.applied = *whole.point(seq{4});
    from.epochs = {{epoch{1}, seq{1}}, {epoch{3}, seq{3}}, {epoch{4}, seq{6}}};
    from.suffix = {*whole.row(seq{5}), *whole.row(seq{6})};

    log_index const log(from);

    BOOST_TEST(log.end_point() == whole.end_point());
    for (std::uint64_t at = 1; at <= 6; ++at)
        BOOST_TEST(log.run_start(seq{at}) == whole.run_start(seq{at}));
}

BOOST_AUTO_TEST_CASE(a_truncated_request_may_come_again)
{
    auto log = six_rows();

    log.truncate_after(seq{5});

    BOOST_TEST(!log.holds(request_id{{6}}));
    BOOST_TEST(log.holds(request_id{{5}}));
}

BOOST_AUTO_TEST_CASE(durable_and_applied_move_only_with_the_confirmation)
{
    write_queue queue;
    auto const first = row({}, 1);
    queue.append(first);
    queue.apply(seq{1});
    std::vector<store_write> writes;
    queue.flush(writes);
    BOOST_TEST_REQUIRE(writes.size() == 1u);
    BOOST_TEST(queue.durable() == seq{0});
    BOOST_TEST(queue.applied() == seq{0});

    BOOST_TEST(queue.confirm(writes[0].id));

    BOOST_TEST(queue.durable() == seq{1});
    BOOST_TEST(queue.applied() == seq{1});
}

BOOST_AUTO_TEST_CASE(a_truncation_takes_back_what_is_still_on_its_way_to_the_disk)
{
    auto const whole = six_rows();
    write_queue queue;
    std::vector<store_write> writes;
    for (std::uint64_t at = 1; at <= 6; ++at)
        queue.append(*whole.row(seq{at}));
    queue.flush(writes);
    queue.truncate_after(seq{2});
    auto const other = row(*whole.point(seq{2}), 9);
    queue.append(other);
    queue.flush(writes);
    BOOST_TEST_REQUIRE(writes.size() == 2u);

    BOOST_TEST(queue.confirm(writes[0].id));
    BOOST_TEST(queue.durable() == seq{2});
    BOOST_TEST(queue.confirm(writes[1].id));

    BOOST_TEST(queue.durable() == seq{3});
}

BOOST_AUTO_TEST_CASE(a_truncation_after_rows_of_the_same_step_is_a_write_of_its_own)
{
    auto const whole = six_rows();
    write_queue queue;
    queue.append(*whole.row(seq{1}));
    queue.append(*whole.row(seq{2}));
    queue.truncate_after(seq{1});
    std::vector<store_write> writes;

    queue.flush(writes);

    BOOST_TEST_REQUIRE(writes.size() == 2u);
    BOOST_TEST(!writes[0].truncate_after.has_value());
    BOOST_TEST(writes[1].truncate_after == seq{1});
    BOOST_TEST(queue.confirm(writes[1].id));
    BOOST_TEST(queue.durable() == seq{1});
}

BOOST_AUTO_TEST_CASE(a_confirmation_of_a_write_that_was_never_asked_for_is_noticed)
{
    write_queue queue;

    BOOST_TEST(!queue.confirm(1));
}

BOOST_AUTO_TEST_CASE(an_empty_log_has_no_beginning_that_could_move)
{
    log_index log;
    log.base_moved({});
    BOOST_TEST(log.end() == seq{});
    log.append(row(log.end_point(), 2));
    BOOST_TEST(log.run_start(seq{1}) == seq{1});
}

BOOST_AUTO_TEST_CASE(a_log_whose_beginning_is_dropped_knows_the_runs_above)
{
    for (std::uint64_t base = 1; base <= 6; ++base)
    {
        auto log = six_rows();
        auto const rows = log;
        log.base_moved(*log.point(seq{base}));

        BOOST_TEST(log.base().at == seq{base});
        BOOST_TEST(log.end() == seq{6});
        for (auto at = base + 1; at <= 6; ++at)
            BOOST_TEST(log.run_start(seq{at}) == std::max(rows.run_start(seq{at}), seq{base + 1}));

        log.append(row(log.end_point(), 4));
        BOOST_TEST(log.run_start(seq{7}) == std::max(seq{6}, seq{base + 1}));
        log.truncate_after(seq{base});
        log.append(row(log.end_point(), 5));
        BOOST_TEST(log.run_start(seq{base + 1}) == seq{base + 1});
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
