// The policy over every small state. Each member of a chain of one to four is in one of seven conditions,
// with every set of dead links between neighbours and with or without a joiner: what must never happen does
// not.

#include "control/next_chain.hpp"

#include "unit/control/town.hpp"

#include <array>

namespace chaind::control
{
namespace
{

using testing::a_member;
using testing::name;

std::vector<member> chain_of(std::size_t n)
{
    std::vector<member> out;
    for (std::size_t i = 1; i <= n; ++i)
    {
        auto const id = static_cast<std::uint8_t>(i);
        out.push_back(a_member("n" + std::to_string(i), id, id));
    }
    return out;
}

std::array<seen_member, 7> const conditions{
    seen_member{.heard = true},
    seen_member{},
    seen_member{.vouched = true},
    seen_member{.heard = true, .deaf = true},
    seen_member{.heard = true, .removed = true},
    seen_member{.removed = true},
    seen_member{.vouched = true, .removed = true},
};

// Calls f with every state of a chain of n.
template <class F>
void for_each_state(std::size_t n, F f)
{
    auto const chain = chain_of(n);
    auto const joiner = a_member("n9", 9, 9);
    std::size_t states = 1;
    for (std::size_t i = 0; i < n; ++i)
        states *= conditions.size();
    for (std::size_t s = 0; s < states; ++s)
        for (std::size_t links = 0; links < (1u << (n - 1)); ++links)
            for (bool const joins : {false, true})
            {
                observations seen;
                auto rest = s;
                for (auto const& m : chain)
                {
                    seen.members[m.name] = conditions[rest % conditions.size()];
                    rest /= conditions.size();
                }
                bool possible = true;
                for (std::size_t i = 0; i + 1 < n; ++i)
                    if (links & (1u << i))
                    {
                        seen.dead_links.emplace_back(chain[i].name, chain[i + 1].name);
                        // Only links between two that are heard are known to be dead.
                        possible = possible && seen.members[chain[i].name].heard &&
                                   seen.members[chain[i + 1].name].heard;
                    }
                if (!possible) continue;
                if (joins) seen.joiner = joiner;
                f(chain, seen);
            }
}

bool present(observations const& seen, member const& m)
{
    auto const hears = [](seen_member const& s) { return s.heard && !s.deaf; };
    // When all seem deaf nobody is.
    bool const some = std::any_of(
        seen.members.begin(), seen.members.end(), [&](auto const& each) { return hears(each.second); }
    );
    auto const& s = seen.members.at(m.name);
    return some ? hears(s) : s.heard;
}

BOOST_AUTO_TEST_SUITE(next_chain_suite)

BOOST_AUTO_TEST_CASE(in_every_state_the_next_chain_keeps_the_invariants)
{
    std::size_t count = 0;
    std::size_t changed = 0;
    std::size_t joined = 0;
    for (std::size_t n = 1; n <= 4; ++n)
        for_each_state(
            n,
            [&](std::vector<member> const& active, observations const& seen)
            {
                auto const next = next_chain(active, seen);
                ++count;
                changed += next != active;

                BOOST_REQUIRE(!next.empty());
                auto survivors = next;
                if (seen.joiner && next.back() == *seen.joiner)
                {
                    survivors.pop_back();
                    ++joined;
                    // A splice never rides on another change, and all members take part in it.
                    BOOST_REQUIRE_EQUAL(survivors, active);
                    for (auto const& m : active)
                        BOOST_REQUIRE(present(seen, m));
                }
                // Only members of the active chain, in its order.
                BOOST_REQUIRE(!survivors.empty());
                auto place = active.begin();
                for (auto const& m : survivors)
                {
                    place = std::find(place, active.end(), m);
                    BOOST_REQUIRE(place != active.end());
                    ++place;
                }
                if (survivors != active)
                {
                    // Whoever takes part in a change is there to promise it.
                    for (auto const& m : survivors)
                        BOOST_REQUIRE(present(seen, m));
                    // Nobody goes without a reason.
                    for (auto const& m : active)
                    {
                        if (std::find(next.begin(), next.end(), m) != next.end()) continue;
                        auto const& s = seen.members.at(m.name);
                        auto linked = [&](auto const& l) { return l.first == m.name || l.second == m.name; };
                        BOOST_REQUIRE(
                            !s.heard || s.deaf || s.removed ||
                            std::any_of(seen.dead_links.begin(), seen.dead_links.end(), linked)
                        );
                    }
                }
                if (active.size() == 1) BOOST_REQUIRE_EQUAL(survivors, active);
                // Without anybody there, there is no verdict.
                auto there = [&](member const& m) { return present(seen, m); };
                if (std::none_of(active.begin(), active.end(), there)) BOOST_REQUIRE_EQUAL(next, active);
                // The dead that nobody vouches for go, if anybody is left.
                else if (active.size() > 1)
                    for (auto const& m : next)
                    {
                        if (seen.joiner == m) continue;
                        BOOST_REQUIRE(present(seen, m) || seen.members.at(m.name).vouched);
                    }
                // No dead link is left in the chain.
                if (survivors != active || seen.dead_links.empty())
                    for (auto const& l : seen.dead_links)
                    {
                        auto in = [&](node_id const& x)
                        {
                            return std::any_of(
                                next.begin(), next.end(), [&](member const& m) { return m.name == x; }
                            );
                        };
                        BOOST_REQUIRE(!in(l.first) || !in(l.second));
                    }
                // It is a fixed point: the same observations of the result change nothing more.
                auto again = seen;
                again.joiner.reset();
                BOOST_REQUIRE_EQUAL(next_chain(survivors, again), survivors);
            }
        );
    BOOST_TEST_MESSAGE(count << " states, " << changed << " changed, " << joined << " joined");
    BOOST_CHECK_GT(count, 5000u);
    BOOST_CHECK_GT(changed, 1000u);
    BOOST_CHECK_GT(joined, 3u);
}

BOOST_AUTO_TEST_CASE(an_administrators_removal_happens_when_another_member_is_there)
{
    for (std::size_t n = 1; n <= 4; ++n)
        for_each_state(
            n,
            [&](std::vector<member> const& active, observations const& seen)
            {
                auto kept = [&](member const& m)
                { return present(seen, m) && !seen.members.at(m.name).removed; };
                if (std::none_of(active.begin(), active.end(), kept)) return;
                for (auto const& m : next_chain(active, seen))
                    if (seen.joiner != m) BOOST_REQUIRE(!seen.members.at(m.name).removed);
            }
        );
}

observations all_heard(std::vector<member> const& chain)
{
    observations seen;
    for (auto const& m : chain)
        seen.members[m.name].heard = true;
    return seen;
}

BOOST_AUTO_TEST_CASE(a_learner_that_is_ready_becomes_the_tail)
{
    auto chain = chain_of(2);
    auto seen = all_heard(chain);
    seen.joiner = a_member("n3", 3, 3);
    auto const next = next_chain(chain, seen);
    chain.push_back(*seen.joiner);
    BOOST_CHECK_EQUAL(next, chain);
}

BOOST_AUTO_TEST_CASE(a_restarted_member_is_not_joined_while_the_chain_has_its_name)
{
    auto const chain = chain_of(2);
    auto seen = all_heard(chain);
    seen.joiner = a_member("n2", 2, 99);
    BOOST_CHECK_EQUAL(next_chain(chain, seen), chain);
}

BOOST_AUTO_TEST_CASE(of_two_with_a_dead_link_the_later_goes)
{
    auto const chain = chain_of(3);
    auto seen = all_heard(chain);
    seen.dead_links = {{name("n1"), name("n2")}};
    BOOST_CHECK_EQUAL(next_chain(chain, seen), (std::vector{chain[0], chain[2]}));
    seen.dead_links = {{name("n2"), name("n3")}};
    BOOST_CHECK_EQUAL(next_chain(chain, seen), (std::vector{chain[0], chain[1]}));
}

// Whoever calls each neighbour's link dead would else be the only one that stays.
BOOST_AUTO_TEST_CASE(of_two_with_a_dead_link_goes_who_lost_one_with_another_machine_lately)
{
    auto const chain = chain_of(4);
    auto seen = all_heard(chain);
    seen.parted_lately = {{name("n1"), name("n9")}};
    seen.dead_links = {{name("n1"), name("n2")}};
    BOOST_TEST(next_chain(chain, seen) == (std::vector{chain[1], chain[2], chain[3]}));
    // The same pair again says nothing of which of them it is.
    seen.parted_lately = {{name("n1"), name("n2")}};
    BOOST_TEST(next_chain(chain, seen) == (std::vector{chain[0], chain[2], chain[3]}));
    // Nor does the past of one that has no dead link now.
    seen.parted_lately = {{name("n4"), name("n9")}, {name("n4"), name("n8")}};
    BOOST_TEST(next_chain(chain, seen) == (std::vector{chain[0], chain[2], chain[3]}));
}

BOOST_AUTO_TEST_CASE(the_node_with_more_dead_links_goes)
{
    auto const chain = chain_of(4);
    auto seen = all_heard(chain);
    seen.dead_links = {{name("n1"), name("n2")}, {name("n2"), name("n3")}};
    BOOST_CHECK_EQUAL(next_chain(chain, seen), (std::vector{chain[0], chain[2], chain[3]}));
}

BOOST_AUTO_TEST_CASE(vouching_delays_a_change_but_is_no_part_in_one)
{
    auto const chain = chain_of(3);
    auto seen = all_heard(chain);
    seen.members[name("n2")] = {.vouched = true};
    BOOST_CHECK_EQUAL(next_chain(chain, seen), chain);
    seen.members[name("n3")] = {};
    BOOST_CHECK_EQUAL(next_chain(chain, seen), std::vector{chain[0]});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cold_chain_suite)

returned back(member const& m, std::uint64_t in, std::uint64_t at)
{
    returned out{.who = m, .end = {}};
    out.who.boot = testing::numbered<boot_id>(77);
    out.end.in = epoch{in};
    out.end.at = seq{at};
    return out;
}

std::string names_of(std::vector<member> const& chain)
{
    chain_config c;
    c.members = chain;
    return testing::names(c);
}

BOOST_AUTO_TEST_CASE(the_longest_log_of_the_newest_epoch_leads)
{
    auto const chain = chain_of(3);
    auto const out =
        cold_chain(chain, {back(chain[0], 4, 90), back(chain[1], 5, 40), back(chain[2], 5, 41)}, {});
    BOOST_CHECK_EQUAL(names_of(out.members), "n3 n2 n1");
    BOOST_CHECK_EQUAL(out.members[0].boot, testing::numbered<boot_id>(77));
}

BOOST_AUTO_TEST_CASE(equal_logs_keep_the_old_order)
{
    auto const chain = chain_of(3);
    auto const out =
        cold_chain(chain, {back(chain[2], 5, 40), back(chain[1], 5, 40), back(chain[0], 5, 40)}, {});
    BOOST_CHECK_EQUAL(names_of(out.members), "n1 n2 n3");
}

BOOST_AUTO_TEST_CASE(a_stranger_and_a_wiped_disk_take_no_part)
{
    auto const chain = chain_of(2);
    auto const out =
        cold_chain(chain, {back(a_member("n3", 3, 3), 9, 99), back(a_member("n1", 66, 1), 9, 99)}, {});
    BOOST_CHECK(out.members.empty());
    BOOST_CHECK(out.refused.empty());
}

BOOST_AUTO_TEST_CASE(a_log_that_ends_below_a_reported_commit_is_refused)
{
    auto const chain = chain_of(2);
    auto const out = cold_chain(chain, {back(chain[0], 5, 39), back(chain[1], 5, 40)}, seq{40});
    BOOST_CHECK_EQUAL(names_of(out.members), "n2");
    BOOST_CHECK_EQUAL(names_of(out.refused), "n1");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
