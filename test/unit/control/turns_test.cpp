// Which refusals end by themselves: `passing` in a reply.

#include "unit/control/town.hpp"

using namespace chaind;
using namespace chaind::control;
using namespace chaind::control::testing;

namespace
{

// n1 is dead, and n2 does not promise the chain without it.
struct town_in_between : settled_town
{
    town_in_between()
    {
        of("n2").promises = false;
        kill("n1");
        BOOST_REQUIRE(run_until([&] { return config().state == config_state::pending; }, 500ms));
    }
};

admin_reply reply_to(town const& t, std::uint64_t request)
{
    for (auto const& r : t.replies)
        if (r.request == request) return r;
    BOOST_FAIL("no reply");
    return {};
}

bool passes(town const& t, std::uint64_t request)
{
    auto const reply = reply_to(t, request);
    BOOST_CHECK_EQUAL(reply.verdict, admin_verdict::not_now);
    return reply.passing;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(turns)

BOOST_AUTO_TEST_CASE(a_reconfiguration_alone_passes_by_itself)
{
    town_in_between t;
    BOOST_CHECK(t.ctl->changing());
    BOOST_CHECK(passes(t, t.remove("n3")));
    BOOST_CHECK(passes(t, t.add("n4")));
    BOOST_CHECK(passes(t, t.drain("n3")));
    BOOST_CHECK(passes(t, t.move("n3", true)));
    BOOST_CHECK(passes(t, t.replace("n1")));
    t.of("n2").promises = true;
    BOOST_REQUIRE(t.becomes("n2 n3", 500ms));
    t.run(10ms);
    BOOST_CHECK(!t.ctl->changing());
    BOOST_CHECK_EQUAL(t.outcome(t.remove("n3"), 500ms), admin_verdict::done);
}

BOOST_AUTO_TEST_CASE(who_is_refused_hears_whether_anybody_is_there_to_make_a_change)
{
    town_in_between t;
    t.of("n3").promises = false;
    auto const nobody_heard = [&]
    {
        auto const said = reply_to(t, t.add("n4"));
        BOOST_CHECK_EQUAL(said.verdict, admin_verdict::not_now);
        return said.nobody_heard;
    };
    BOOST_CHECK(!nobody_heard());
    t.kill("n2");
    t.run(2s);
    BOOST_CHECK(!nobody_heard());
    t.kill("n3");
    t.run(2s);
    BOOST_CHECK(nobody_heard());
}

BOOST_AUTO_TEST_CASE(a_reconfiguration_passes_whether_it_is_stored_already_or_not)
{
    settled_town t;
    t.kill("n1");
    // Between the decision and the registry's answer the old configuration is still the current one.
    BOOST_REQUIRE(t.run_until([&] { return t.ctl->changing(); }, 500ms));
    BOOST_CHECK_EQUAL(t.config().state, config_state::active);
    BOOST_CHECK(passes(t, t.remove("n3")));
}

BOOST_AUTO_TEST_CASE(what_another_request_is_waiting_for_does_not_pass_by_itself)
{
    settled_town t;
    t.of("n2").promises = false;
    auto const first = t.remove("n1");
    BOOST_CHECK(!passes(t, t.remove("n3")));
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 100ms));
    BOOST_CHECK(t.ctl->changing());
    BOOST_CHECK(!passes(t, t.remove("n3")));
    t.of("n2").promises = true;
    BOOST_CHECK_EQUAL(t.outcome(first, 500ms), admin_verdict::done);
    BOOST_CHECK(!reply_to(t, first).passing);
}

BOOST_AUTO_TEST_CASE(a_move_that_waits_for_a_machine_does_not_pass_by_itself)
{
    settled_town t;
    t.of("n1").learns = false;
    t.move("n1", false);
    BOOST_REQUIRE(t.becomes("n2 n3", 500ms));
    t.run(10ms);
    BOOST_CHECK(!passes(t, t.move("n2", false)));
}

BOOST_AUTO_TEST_CASE(an_older_registry_does_not_pass_by_itself)
{
    settled_town t;
    t.restore_older_registry();
    auto const reply = reply_to(t, t.remove("n3"));
    BOOST_CHECK_EQUAL(reply.verdict, admin_verdict::old_registry);
    BOOST_CHECK(!reply.passing);
}

BOOST_AUTO_TEST_CASE(what_an_older_registry_ends_is_told_why)
{
    settled_town t;
    auto const copy = t.registry;
    t.kill("n1");
    BOOST_REQUIRE(t.becomes("n2 n3", 100ms));
    t.of("n2").speaks = t.of("n3").speaks = false;
    t.stop_config();
    t.registry = copy;
    t.start_config();
    auto const removal = t.remove("n3");
    BOOST_CHECK(!t.verdict_of(removal));
    t.of("n2").speaks = true;
    BOOST_CHECK_EQUAL(t.outcome(removal, 500ms), admin_verdict::old_registry);
}

BOOST_AUTO_TEST_SUITE_END()
