// What the core prints of itself.

#include "control/describe.hpp"

#include "unit/control/town.hpp"

namespace chaind::control::testing
{

BOOST_AUTO_TEST_SUITE(printing)

BOOST_AUTO_TEST_CASE(a_heartbeat_says_what_is_not_as_usual)
{
    heartbeat what;
    what.from = a_member("n1", 1, 0xAB);
    what.promised = epoch{2};
    what.end = {.at = seq{7}, .in = epoch{2}, .hash = {}};
    what.verified = what.commit = seq{7};
    BOOST_TEST(one_line(heard{what}) == "heartbeat of n1/ab00 promised e2 end 7/e2 verified 7 commit 7");
    what.sent = 1050ms;
    what.left = room::low;
    node_facts facts;
    facts.can_write = true;
    what.facts = facts;
    BOOST_TEST(
        one_line(what) ==
        "heartbeat of n1/ab00 sent 1050ms promised e2 end 7/e2 verified 7 commit 7 room low "
        "takes writes"
    );
}

BOOST_AUTO_TEST_CASE(a_step_is_one_line_and_each_of_its_effects_too)
{
    effects what;
    BOOST_TEST(is_idle(tick{}, what));
    what.replies.push_back(
        {.request = 3,
         .verdict = admin_verdict::not_now,
         .current = epoch{4},
         .with = {},
         .passing = true,
         .nobody_heard = true}
    );
    what.notices.push_back(
        {.what = "removed", .at = epoch{4}, .who = name("n1"), .why = "no heartbeat for 250 ms"}
    );
    BOOST_TEST(
        one_line(what) ==
        "reply to request 3: not_now in e4, passing, nobody of the chain is heard; "
        "notice in e4: n1 removed: no heartbeat for 250 ms"
    );
    BOOST_TEST(lines(what).size() == 2u);
    BOOST_TEST(!is_idle(tick{}, what));
    BOOST_TEST(one_line(move_node{5, name("n2"), true}) == "move_node n2 to head, request 5");
}

BOOST_AUTO_TEST_CASE(a_record_says_what_is_wished)
{
    record what;
    what.revision = 8;
    what.current = {
        .at = epoch{3}, .state = config_state::active, .members = {a_member("n1", 1, 1)}, .joiner = {}
    };
    what.last_active = what.current;
    what.want = 3;
    what.removed = {name("n2"), name("n3")};
    BOOST_TEST(one_line(what) == "r8 e3 ACTIVE [n1/0100], watermark 0/e0, want 3, removed n2 n3");
    what.removed.clear();
    what.moving = {.who = name("n3"), .leaving = {name("n1"), name("n2")}, .members = 3};
    what.replacing = {.old = name("n1"), .with = name("n4"), .members = 2};
    BOOST_TEST(
        one_line(what) ==
        "r8 e3 ACTIVE [n1/0100], watermark 0/e0, want 3, moving n1 n2 for n3 of 3, "
        "replacing n1 by n4 of 2"
    );
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::control::testing
