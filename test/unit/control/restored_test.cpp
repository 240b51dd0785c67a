// A chain begins from a store that was made from a backup.

#include "unit/control/town.hpp"

namespace chaind::control
{
namespace
{

using namespace testing;

BOOST_AUTO_TEST_SUITE(restored)

struct restored_town : town
{
    restored_town()
    {
        epochs_may_jump = true;
        start("n1");
        start("n3");
        auto& n2 = start("n2");
        n2.restored = true;
        n2.end = n2.commit = acknowledged = seq{500};
        n2.end_in = epoch{7};
    }
};

BOOST_AUTO_TEST_CASE(one_restored_store_begins_alone_and_the_others_learn_from_it)
{
    restored_town t;
    BOOST_REQUIRE(t.becomes("n2"));
    BOOST_CHECK_GT(t.config().at, epoch{7});
    BOOST_CHECK_EQUAL(t.registry.want, 3u);
    BOOST_CHECK_EQUAL(t.registry.known.size(), 3u);
    BOOST_CHECK(t.becomes("n2 n1 n3", 2s));
}

BOOST_AUTO_TEST_CASE(two_restored_stores_are_one_too_many)
{
    restored_town t;
    t.of("n1").restored = true;
    t.of("n1").end = seq{400};
    t.run(2s);
    BOOST_CHECK(t.registry.current.members.empty());
    BOOST_CHECK_EQUAL(t.noticed("refused", "n2"), 1u);
}

BOOST_AUTO_TEST_CASE(a_log_that_was_not_restored_is_refused_as_ever)
{
    restored_town t;
    t.of("n2").restored = false;
    t.run(2s);
    BOOST_CHECK(t.registry.current.members.empty());
    BOOST_CHECK_EQUAL(t.why("refused", "n2"), "a new chain cannot begin with a replica that has a log");
}

BOOST_AUTO_TEST_CASE(a_restored_one_that_restarts_before_the_first_chain_is_active_goes_on)
{
    restored_town t;
    t.of("n2").promises = false;
    BOOST_REQUIRE(t.run_until([&] { return t.config().state == config_state::pending; }, 1s));
    t.start("n2");
    t.of("n2").promises = true;
    t.of("n2").restored = false;
    BOOST_CHECK(t.becomes("n2", 2s));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
