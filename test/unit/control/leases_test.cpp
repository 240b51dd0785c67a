#include "control/leases.hpp"

#include "control/back_off.hpp"
#include "control/link_watch.hpp"
#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using testing::a_member;
using testing::name;

member const holder = a_member("n1", 1, 1);
member const other = a_member("n2", 2, 2);

BOOST_AUTO_TEST_SUITE(leases_suite)

BOOST_AUTO_TEST_CASE(a_lease_counts_five_percent_longer_here_than_there)
{
    leases l(200ms, 5, 0ms);
    l.granted(holder, 1000ms);
    BOOST_CHECK(!l.over(holder, 1209999us));
    BOOST_CHECK(l.over(holder, 1210ms));
}

BOOST_AUTO_TEST_CASE(the_newest_grant_counts)
{
    leases l(200ms, 5, 0ms);
    l.granted(holder, 1000ms);
    l.granted(holder, 1050ms);
    BOOST_CHECK(!l.over(holder, 1259ms));
    BOOST_CHECK(l.over(holder, 1260ms));
}

BOOST_AUTO_TEST_CASE(who_never_got_one_has_none)
{
    leases l(200ms, 5, 0ms);
    l.granted(holder, 1000ms);
    BOOST_CHECK(l.over(other, 1000ms));
}

BOOST_AUTO_TEST_CASE(for_one_lease_after_the_start_everybody_may_hold_one)
{
    leases l(200ms, 5, 5000ms);
    BOOST_CHECK(!l.over(other, 5209ms));
    BOOST_CHECK(l.over(other, 5210ms));
}

BOOST_AUTO_TEST_CASE(settled_leases_are_forgotten_but_not_the_grace)
{
    leases l(200ms, 5, 900ms);
    l.granted(holder, 1000ms);
    l.clear();
    BOOST_CHECK(!l.over(holder, 1109ms));
    BOOST_CHECK(l.over(holder, 1110ms));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(back_off_suite)

BOOST_AUTO_TEST_CASE(the_first_return_is_free_and_each_further_one_waits_twice_as_long)
{
    back_off b;
    instant now = 100s;
    b.left(now, 1s, 1s, 60s);
    BOOST_CHECK(!b.waits(now));
    for (auto const expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s})
    {
        b.left(now, 5s, 1s, 60s);
        BOOST_CHECK(b.until() == now + expected);
        now += 5s;
    }
}

BOOST_AUTO_TEST_CASE(a_long_stay_makes_the_next_return_free_again)
{
    back_off b;
    for (int i = 0; i < 5; ++i)
        b.left(100s, 1s, 1s, 60s);
    BOOST_CHECK(b.waits(100s));
    b.left(200s, 60s, 1s, 60s);
    BOOST_CHECK(!b.waits(200s));
}

BOOST_AUTO_TEST_CASE(a_wait_can_be_bounded)
{
    back_off b;
    for (int i = 0; i < 5; ++i)
        b.left(100s, 1s, 1s, 60s);
    BOOST_CHECK(b.until() == instant{108s});
    BOOST_CHECK(b.until(3s) == instant{103s});
    BOOST_CHECK(b.waits(102s, 3s));
    BOOST_CHECK(!b.waits(103s, 3s));
    BOOST_CHECK(!b.waits(100s, 0s));
    BOOST_CHECK(b.until(30s) == instant{108s});
    BOOST_CHECK(!b.failed());
    b.failed_to_join(100s, 1s, 60s);
    BOOST_CHECK(b.failed());
}

BOOST_AUTO_TEST_CASE(a_failed_splice_is_never_free)
{
    back_off b;
    b.failed_to_join(100s, 1s, 60s);
    BOOST_CHECK(b.until() == instant{101s});
    b.failed_to_join(100s, 1s, 60s);
    BOOST_CHECK(b.until() == instant{102s});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(link_watch_suite)

BOOST_AUTO_TEST_CASE(a_dead_link_counts_when_the_report_has_stood_for_long_enough)
{
    link_watch w;
    link_watch::link const l{name("n1"), name("n2")};
    w.observe(l, true, 1000ms);
    w.observe(l, true, 1200ms);
    BOOST_CHECK(w.dead(1249ms, 250ms).empty());
    BOOST_CHECK(w.dead(1250ms, 250ms) == std::vector{l});
    w.observe(l, false, 1260ms);
    w.observe(l, true, 1270ms);
    BOOST_CHECK(w.dead(1300ms, 250ms).empty());
    w.clear();
    BOOST_CHECK(w.dead(2000ms, 250ms).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
