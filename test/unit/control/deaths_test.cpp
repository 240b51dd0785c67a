// What is proof of a death, and until when the dead may serve reads.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(deaths)

BOOST_AUTO_TEST_CASE(a_process_that_is_surely_dead_is_replaced_without_waiting)
{
    settled_town t;
    t.kill("n2");
    BOOST_REQUIRE(t.becomes("n1 n3", 20ms));
    BOOST_CHECK_EQUAL(t.why("removed", "n2"), "its process is gone");
}

BOOST_AUTO_TEST_CASE(a_clean_stop_needs_no_probe)
{
    settled_town t;
    t.of("n3").kernel = "elsewhere";
    t.feed(connected{t.of("n3").who, "elsewhere"});
    t.of("n3").stepping_down = true;
    t.of("n3").lease_until = {};
    t.run(60ms);
    BOOST_CHECK(t.active("n1 n2 n3"));
    t.kill("n3");
    BOOST_CHECK(t.probes.empty());
    BOOST_REQUIRE(t.becomes("n1 n2", 20ms));
    BOOST_CHECK_EQUAL(t.why("removed", "n3"), "it stopped cleanly");
}

// n3 has just been heard, from another machine.
struct town_with_n3_elsewhere : settled_town
{
    town_with_n3_elsewhere()
    {
        run(200ms);
        feed(connected{of("n3").who, "elsewhere"});
        of("n3").next_heartbeat = now;
        run(2ms);
    }
};

// Between two machines there may be a forwarder: its end is not the replica's.
BOOST_AUTO_TEST_CASE(a_lost_connection_and_a_refusal_from_elsewhere_do_not_end_a_lease)
{
    town_with_n3_elsewhere t;
    auto& n3 = t.of("n3");
    BOOST_REQUIRE_GT(n3.lease_until.count(), t.now.count());
    n3.speaks = n3.hears = false;
    t.feed(connection_lost{n3.who});
    BOOST_CHECK(t.probes.empty());
    BOOST_CHECK(!t.becomes("n1 n2", 200ms));  // it may be that link alone: what counts is silence
    t.of("n2").unreachable = {n3.who.name};
    // The town checks that nobody who was left out may still serve reads.
    BOOST_CHECK(t.becomes("n1 n2", 300ms));
}

BOOST_AUTO_TEST_CASE(a_lost_connection_of_a_living_process_of_the_same_kernel_does_not_either)
{
    settled_town t;
    t.run(200ms);
    auto& n3 = t.of("n3");
    n3.next_heartbeat = t.now;
    t.run(2ms);
    n3.speaks = n3.hears = false;
    t.feed(connection_lost{n3.who});
    BOOST_REQUIRE_EQUAL(t.probes.size(), 1u);
    t.feed(probed{n3.who, false});
    BOOST_CHECK(!t.becomes("n1 n2", 200ms));
    t.of("n2").unreachable = {n3.who.name};
    BOOST_CHECK(t.becomes("n1 n2", 300ms));
}

BOOST_AUTO_TEST_CASE(a_control_link_that_comes_back_within_the_silence_costs_nobody_its_place)
{
    settled_town t;
    for (int i = 0; i < 5; ++i)
    {
        t.feed(connection_lost{t.of("n2").who});
        t.run(20ms);
        t.feed(connected{t.of("n2").who, i % 2 == 0 ? "elsewhere" : "here"});
        t.run(300ms);
    }
    BOOST_CHECK(t.active("n1 n2 n3"));
    BOOST_CHECK_EQUAL(t.config().at, epoch{1});
}

// Its last words are lost, and with them that it has given up its lease.
BOOST_AUTO_TEST_CASE(who_leaves_unheard_is_waited_for_like_everybody)
{
    town_with_n3_elsewhere t;
    auto& n3 = t.of("n3");
    n3.speaks = n3.hears = false;
    n3.stepping_down = true;
    t.feed(connection_lost{n3.who});
    BOOST_CHECK(t.becomes("n1 n2", 3s));
}

BOOST_AUTO_TEST_CASE(a_member_that_steps_down_gets_no_lease)
{
    settled_town t;
    t.run(200ms);
    auto& n3 = t.of("n3");
    n3.stepping_down = true;
    n3.lease_until = {};
    t.directives.clear();
    t.feed(heard{t.word_of(n3)});
    BOOST_REQUIRE(!t.directives.empty());
    for (auto const& d : t.directives)
        if (d.to == n3.who) BOOST_CHECK(!d.directive.lease_for);
}

BOOST_AUTO_TEST_CASE(no_member_can_still_serve_reads_when_a_chain_without_it_is_active)
{
    // It is silent to us, but it hears us: the answers that it got last granted it a lease. The town checks.
    settled_town t;
    t.how.silence = 100ms;
    t.restart_config();
    t.run(1s);
    t.of("n1").speaks = t.of("n1").promises = false;
    t.of("n2").unreachable = {name("n1")};
    auto const since = t.now;
    BOOST_REQUIRE(t.becomes("n2 n3", 1s));
    BOOST_CHECK_GE((t.now - since).count(), 155000);  // its lease may have been granted 50 ms ago
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
