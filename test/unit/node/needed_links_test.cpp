// What a replica may say of its writes when it does not reach everybody.

#include "node/needed_links.hpp"

#include "support/members.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace chaind;
using test::made_member;

namespace
{

// Of n1 to n4, seen from `self`.
std::string missing(
    std::string const& self,
    std::set<std::string> const& unreached,
    std::set<std::string> const& silent,
    std::set<std::string> const& apart = {}
)
{
    chain_config chain;
    for (auto const* name : {"n1", "n2", "n3", "n4"})
        chain.members.push_back(made_member(name));
    node::known_links const known{
        .reached = [&](member const& m) { return !unreached.contains(m.name.name.str()); },
        .heard_by_config = [&](node_id const& name) { return !silent.contains(name.name.str()); },
        .apart = [&](member const& m) { return apart.contains(m.name.name.str()); },
    };
    std::string out;
    for (auto const& name : node::missing_for_writes(chain, made_member(self), known))
        out += (out.empty() ? "" : " ") + name;
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(needed_links)

BOOST_AUTO_TEST_CASE(writes_need_the_head_and_the_neighbours)
{
    BOOST_TEST(missing("n3", {}, {}) == "");
    BOOST_TEST(missing("n3", {"n1"}, {}) == "n1");
    BOOST_TEST(missing("n4", {"n1", "n3"}, {}) == "n1 n3");
    BOOST_TEST(missing("n2", {"n3"}, {}) == "n3");
}

BOOST_AUTO_TEST_CASE(a_link_that_carries_nothing_of_the_chain_is_not_missed)
{
    BOOST_TEST(missing("n1", {"n3", "n4"}, {}) == "");
    BOOST_TEST(missing("n2", {"n4"}, {}) == "");
    BOOST_TEST(missing("n4", {"n2"}, {}) == "");
}

BOOST_AUTO_TEST_CASE(whom_nobody_hears_is_dead_and_missed_by_all)
{
    BOOST_TEST(missing("n1", {"n4"}, {"n4"}) == "n4");
    BOOST_TEST(missing("n4", {"n2"}, {"n2"}) == "n2");
    BOOST_TEST(missing("n1", {}, {"n4"}) == "");
}

BOOST_AUTO_TEST_CASE(a_chain_that_ends_at_somebody_is_missed_by_all)
{
    BOOST_TEST(missing("n1", {}, {}, {"n3", "n4"}) == "n3 n4");
    BOOST_TEST(missing("n4", {"n3"}, {}, {"n3"}) == "n3");
    BOOST_TEST(missing("n2", {}, {}, {"n4"}) == "n4");
}

BOOST_AUTO_TEST_SUITE_END()
