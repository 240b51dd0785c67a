// One link by itself: how much of a learner's way one step does.

#include "chain/outgoing_link.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <variant>

namespace chaind::chain
{
namespace
{

constexpr std::size_t row_bytes = 50'000;
constexpr std::size_t small_enough = 128u << 10;

recovered forty_rows()
{
    recovered out;
    log_point last;
    for (std::uint64_t i = 1; i <= 40; ++i)
    {
        entry e;
        e.at = seq(i);
        e.in = epoch(1);
        e.ts_us = static_cast<std::int64_t>(i);
        e.command = std::make_shared<std::string const>(row_bytes, 'x');
        e.hash = entry_hash(last.hash, e);
        last = e.point();
        out.suffix.push_back(e);
    }
    out.epochs.emplace_back(epoch(1), seq(1));
    return out;
}

// A source with forty rows, and a link to an empty peer whose log has just been met.
struct source
{
    explicit source(bool to_learner) : link(member{node_id{"b"}, {}, {}}, to_learner)
    {
        pump();
        auto at_nack = view();
        link.on_nack({.in = epoch(1), .number = numbers, .hint = seq{}}, at_nack);
        pump();
        auto at_ok = view();
        link.on_ok({.in = epoch(1), .number = numbers, .verified = seq{}, .durable = seq{}}, at_ok);
        out = {};
    }

    link_view view()
    {
        return {
            .log = log,
            .how = how,
            .now = now,
            .verified = seq(40),
            .may_send = seq(40),
            .stable = seq(40),
            .commit = seq(40),
            .open = seq(40),
            .given = {},
            .in = epoch(1),
            .last_number = numbers,
            .out = out,
        };
    }

    // The bytes of entries that one step sends.
    std::size_t pump()
    {
        auto v = view();
        out = {};
        link.pump(v);
        std::size_t sum = 0;
        for (auto const& each : out.sends)
            if (auto const* a = std::get_if<append>(&each.message))
                for (auto const& e : a->entries)
                    sum += e.bytes();
        return sum;
    }

    log_index log{forty_rows()};
    settings how;
    instant now = 1s;
    std::uint64_t numbers = 0;
    effects out;
    outgoing_link link;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(outgoing)

BOOST_AUTO_TEST_CASE(a_learner_gets_one_small_append_a_step)
{
    source s(true);
    std::size_t sum = 0;
    for (int step = 0; step < 40; ++step)
    {
        auto const bytes = s.pump();
        BOOST_TEST(bytes <= small_enough);
        sum += bytes;
    }
    BOOST_TEST(sum >= 16 * 2 * row_bytes);  // as many as may be unanswered
}

BOOST_AUTO_TEST_CASE(what_a_learner_does_not_answer_comes_again_whole_but_not_at_once)
{
    source s(true);
    std::size_t sum = 0;
    while (auto const bytes = s.pump())
        sum += bytes;
    s.now += s.how.resend_after;
    std::size_t again = 0;
    for (int step = 0; step < 40; ++step)
    {
        auto const bytes = s.pump();
        BOOST_TEST(bytes <= small_enough);
        again += bytes;
    }
    BOOST_TEST(again == sum);
}

BOOST_AUTO_TEST_CASE(what_stays_unanswered_comes_again_ever_later)
{
    source s(false);
    BOOST_TEST(s.pump() > 0u);
    auto const comes_again_after = [&]
    {
        auto const since = s.now;
        do
            s.now += 1ms;
        while (s.pump() == 0);
        return (s.now - since) / s.how.resend_after;
    };
    for (int times : {1, 2, 4, 4})
        BOOST_TEST(comes_again_after() == times);

    auto v = s.view();
    s.link.on_ok({.in = epoch(1), .number = s.numbers, .verified = seq(1), .durable = seq(1)}, v);
    BOOST_TEST(comes_again_after() == 1);
}

BOOST_AUTO_TEST_CASE(a_new_connection_asks_at_once_where_the_logs_meet)
{
    source s(false);
    BOOST_TEST(s.pump() > 0u);
    s.link.reset();
    (void)s.pump();
    BOOST_TEST_REQUIRE(s.out.sends.size() == 1u);
    auto const* probe = std::get_if<append>(&s.out.sends[0].message);
    BOOST_TEST_REQUIRE(probe != nullptr);
    BOOST_TEST(probe->entries.empty());
}

// Whoever says that has lost what was committed, or never had it: no member.
BOOST_AUTO_TEST_CASE(a_hint_below_the_logs_beginning_leads_to_that)
{
    source s(false);
    s.log.base_moved(*s.log.point(seq(20)));
    s.log.evict(seq(20), 0);
    s.link.reset();
    (void)s.pump();
    auto v = s.view();
    s.link.on_nack({.in = epoch(1), .number = s.numbers, .hint = seq(3)}, v);
    (void)s.pump();
    BOOST_TEST_REQUIRE(s.out.sends.size() == 1u);
    auto const* probe = std::get_if<append>(&s.out.sends[0].message);
    BOOST_TEST_REQUIRE(probe != nullptr);
    BOOST_TEST(probe->prev.at == seq(20));
}

// A learner hears of it from nobody else.
BOOST_AUTO_TEST_CASE(each_append_says_what_is_committed)
{
    source s(true);
    BOOST_TEST(s.pump() > 0u);
    BOOST_TEST_REQUIRE(s.out.sends.size() == 1u);
    auto const* rows = std::get_if<append>(&s.out.sends[0].message);
    BOOST_TEST_REQUIRE(rows != nullptr);
    BOOST_TEST(rows->stable == seq(40));
    BOOST_TEST(rows->commit == seq(40));
}

BOOST_AUTO_TEST_CASE(a_successor_gets_all_at_once)
{
    source s(false);
    BOOST_TEST(s.pump() > 10 * small_enough);
}

BOOST_AUTO_TEST_CASE(an_append_is_filled_up_to_its_limit)
{
    source s(false);
    s.how.batch_bytes = 2 * s.log.row(seq(1))->bytes();
    (void)s.pump();
    BOOST_TEST_REQUIRE(!s.out.sends.empty());
    for (auto const& each : s.out.sends)
        if (auto const* a = std::get_if<append>(&each.message)) BOOST_TEST(a->entries.size() == 2u);
}

BOOST_AUTO_TEST_CASE(rows_that_do_not_come_are_asked_for_again)
{
    source s(false);
    s.log.evict(seq(40), 0);
    auto const asks = [&]
    {
        (void)s.pump();
        return s.out.log_reads.size() == 1u;
    };
    BOOST_TEST(asks());
    s.now += 10 * s.how.resend_after;
    BOOST_TEST(!asks());
    s.now += 1us;
    BOOST_TEST(asks());

    // They have been dropped: soon it is known what is left.
    auto v = s.view();
    BOOST_TEST(s.link.on_rows({}, v));
    s.now += s.how.resend_after;
    BOOST_TEST(!asks());
    s.now += 1us;
    BOOST_TEST(asks());
}

// They come when the link is further on, and are none that it could send.
BOOST_AUTO_TEST_CASE(rows_that_the_peer_has_got_elsewhere_are_waited_for_no_more)
{
    source s(false);
    s.log.evict(seq(40), 0);
    (void)s.pump();
    BOOST_TEST_REQUIRE(s.out.log_reads.size() == 1u);
    auto const id = s.out.log_reads.front().id;
    BOOST_TEST(s.link.awaits_rows(id));
    auto v = s.view();
    s.link.on_ack({.in = epoch(1), .commit = seq{}, .durable = seq{}, .verified = seq(40)}, v);
    (void)s.pump();
    BOOST_TEST(!s.link.awaits_rows(id));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::chain
