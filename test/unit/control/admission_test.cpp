// Stories of machines that come in by a token, and of what fails meanwhile.

#include "control/admission.hpp"

#include "support/members.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::control
{
namespace
{

BOOST_AUTO_TEST_SUITE(admissions)

constexpr std::string_view secret = "sixteen bytes...";
auto const cluster = test::made_id<cluster_id>(1);

member machine(char const* name, std::uint8_t store)
{
    return {node_id{name}, test::made_id<store_id>(store), test::made_id<boot_id>(1)};
}

record knowing(std::initializer_list<char const*> names, std::initializer_list<char const*> removed = {})
{
    record out;
    out.revision = 1;
    for (auto const* each : names)
        out.known.push_back(node_id{each});
    for (auto const* each : removed)
        out.removed.push_back(node_id{each});
    return out;
}

BOOST_AUTO_TEST_CASE(a_token_is_used_once_expires_and_belongs_to_one_cluster)
{
    auto const n5 = machine("n5", 5);
    join_tokens tokens(cluster, {});
    auto const token = tokens.make(secret, 1000, 500).value();
    BOOST_TEST(token.size() == 47u);
    auto const why = [&](member const& by, std::int64_t at) { return tokens.look(token, by, at).why; };
    auto const nonsense = tokens.look("cj1.xyz", n5, 1000);
    BOOST_TEST(nonsense.why.starts_with("this is no join token"));
    BOOST_TEST(!nonsense.known);
    join_tokens others(test::made_id<cluster_id>(9), tokens.rows());
    BOOST_TEST(others.look(token, n5, 1000).why == "this join token is of another cluster");
    join_tokens empty(cluster, {});
    BOOST_TEST(empty.look(token, n5, 1000).why == "this join token is not valid here");
    BOOST_TEST(why(n5, 1500).starts_with("this join token has expired"));
    BOOST_TEST(why(n5, 1499) == "");
    BOOST_TEST(!tokens.look(token, n5, 1499).again);
    tokens.use(tokens.look(token, n5, 1499), n5);
    // The same machine whose answer was lost, in a later run too, until the token's time is over.
    auto later = n5;
    later.boot = test::made_id<boot_id>(2);
    BOOST_TEST(why(later, 1499) == "");
    BOOST_TEST(tokens.look(token, later, 1499).again);
    BOOST_TEST(why(n5, 1500).starts_with("this join token has expired"));
    BOOST_TEST(why(n5, 99999).starts_with("this join token has expired"));
    // Nobody else: another name, or another disk under the same.
    for (std::int64_t const at : {1499, 1500, 99999})
    {
        BOOST_TEST(why(machine("n6", 5), at) == "this join token has been used already, by n5");
        BOOST_TEST(why(machine("n5", 6), at) == "this join token has been used already, by n5");
    }
    // What an earlier version kept says no disk.
    join_tokens old(cluster, {{tokens.rows().front().hash, 1500, node_id{"n5"}, {}}});
    BOOST_TEST(old.look(token, n5, 1499).why == "this join token has been used already, by n5");
    for (auto const& row : tokens.rows())
        BOOST_TEST(token.find(row.hash) == std::string::npos);
}

// So long it can be said why a token is of no use.
BOOST_AUTO_TEST_CASE(a_token_is_forgotten_a_day_after_its_end)
{
    constexpr std::int64_t day = 24LL * 3600 * 1000;
    join_tokens tokens(cluster, {});
    auto const token = tokens.make(secret, 1000, 500).value();
    auto const why_after_another_is_made = [&](std::int64_t at)
    {
        BOOST_TEST(tokens.make("another secret  ", at, 500).has_value());
        return tokens.look(token, machine("n5", 5), at).why;
    };
    BOOST_TEST(why_after_another_is_made(1500 + day).starts_with("this join token has expired"));
    BOOST_TEST(why_after_another_is_made(1501 + day) == "this join token is not valid here");
}

BOOST_AUTO_TEST_CASE(at_most_a_hundred_tokens_are_outstanding)
{
    join_tokens tokens(cluster, {});
    for (int i = 0; i < 100; ++i)
        BOOST_TEST_REQUIRE(tokens.make(secret, 0, 1000).has_value());
    BOOST_TEST(!tokens.make(secret, 999, 1000).has_value());
    BOOST_TEST(tokens.make(secret, 1000, 1000).has_value());
    BOOST_TEST(tokens.rows().size() == 101u);
    BOOST_TEST(tokens.make(secret, 100'000'000, 1000).has_value());
    BOOST_TEST(tokens.rows().size() == 1u);
}

BOOST_AUTO_TEST_CASE(nobody_is_asked_for_before_it_is_kept_that_the_token_is_used)
{
    admission desk(cluster, {});
    auto const chain = knowing({"n1"});
    auto const n5 = machine("n5", 5);
    auto const token = desk.make(secret, 1000, 500).value();
    BOOST_TEST(!desk.all_kept());
    desk.kept(desk.version());
    auto const told = desk.hello(token, n5, false, chain, 1100);
    BOOST_TEST(told.why == "");
    BOOST_TEST(told.made_here);
    BOOST_TEST(!desk.all_kept());
    BOOST_TEST(desk.due(chain).empty());
    // What was on its way to the registry before does not have it.
    desk.kept(desk.version() - 1);
    BOOST_TEST(desk.due(chain).empty());
    desk.kept(desk.version());
    BOOST_TEST(desk.all_kept());
    BOOST_TEST(desk.due(chain) == std::vector{n5.name}, boost::test_tools::per_element());
    // Another change is under way, or nobody answers: later.
    for (auto const& later :
         {std::optional(admin_verdict::not_now), std::optional(admin_verdict::old_registry), {}})
    {
        desk.answered(n5.name, later);
        BOOST_TEST(desk.is_due(n5.name, chain));
    }
    desk.answered(n5.name, admin_verdict::done);
    BOOST_TEST(desk.due(chain).empty());
}

BOOST_AUTO_TEST_CASE(a_machine_whose_token_was_used_before_a_stop_is_asked_for_after_it)
{
    auto const n5 = machine("n5", 5);
    admission first(cluster, {});
    auto const token = first.make(secret, 1000, 500).value();
    static_cast<void>(first.hello(token, n5, false, knowing({"n1"}), 1100));
    admission next(cluster, first.rows());
    BOOST_TEST(next.is_due(n5.name, knowing({"n1"})));
    BOOST_TEST(!next.is_due(n5.name, knowing({"n1", "n5"})));
    // It shows the token again, and changes nothing by that.
    BOOST_TEST(next.hello(token, n5, false, knowing({"n1"}), 1200).why == "");
    BOOST_TEST(next.all_kept());
    // Somebody else has it, too.
    auto const other = next.hello(token, machine("n6", 6), false, knowing({"n1"}), 1200);
    BOOST_TEST(other.why == "this join token has been used already, by n5");
    BOOST_TEST(other.made_here);
}

BOOST_AUTO_TEST_CASE(a_removed_machine_comes_back_by_a_new_token_and_by_no_old_one)
{
    auto const n5 = machine("n5", 5);
    admission desk(cluster, {});
    auto const token = desk.make(secret, 1000, 500).value();
    static_cast<void>(desk.hello(token, n5, false, knowing({"n1"}), 1100));
    desk.kept(desk.version());
    desk.answered(n5.name, admin_verdict::done);
    auto const gone = knowing({"n1", "n5"}, {"n5"});
    BOOST_TEST(desk.hello(token, n5, false, gone, 1200).why == "n5 was removed: it needs a new join token");
    BOOST_TEST(desk.due(gone).empty());
    auto const fresh = desk.make("another secret..", 1200, 500).value();
    BOOST_TEST(desk.hello(fresh, n5, false, gone, 1300).why == "");
    desk.kept(desk.version());
    BOOST_TEST(desk.is_due(n5.name, gone));
    // The answer was lost, and it is on its way in still.
    BOOST_TEST(desk.hello(fresh, n5, false, gone, 1400).why == "");
    // A stop later nobody knows whether it was removed before or since.
    admission next(cluster, desk.rows());
    BOOST_TEST(!next.is_due(n5.name, gone));
}

BOOST_AUTO_TEST_CASE(a_name_that_somebody_speaks_in_is_taken)
{
    admission desk(cluster, {});
    auto const token = desk.make(secret, 1000, 500).value();
    desk.kept(desk.version());
    auto const told = desk.hello(token, machine("n1", 9), true, knowing({"n1"}), 1100);
    BOOST_TEST(told.why == "a replica named n1 is there already");
    BOOST_TEST(desk.all_kept());
    BOOST_TEST(desk.hello(token, machine("n2", 9), false, knowing({"n1"}), 1100).why == "");
}

// Two machines that were given one name: the second is told, and can use its token under another one.
BOOST_AUTO_TEST_CASE(a_name_is_kept_for_the_machine_that_a_token_let_in_until_it_has_come)
{
    auto const n5 = machine("n5", 5);
    auto const other = machine("n5", 6);
    auto const chain = knowing({"n1", "n5"});
    admission desk(cluster, {});
    auto const token = desk.make(secret, 1000, 500).value();
    auto const second = desk.make("another secret..", 1000, 900).value();
    BOOST_TEST(desk.hello(token, n5, false, knowing({"n1"}), 1100).why == "");
    desk.kept(desk.version());
    desk.answered(n5.name, admin_verdict::done);
    auto const why = [](admission at, std::string const& shown, member const& by, record const& now, int ms)
    { return at.hello(shown, by, false, now, ms).why; };

    BOOST_TEST(
        why(desk, second, other, chain, 1499) ==
        "another machine has just been let in as n5, and has not come yet: choose another name, or "
        "`chainctl remove-node n5` first"
    );
    static_cast<void>(desk.hello(second, other, false, chain, 1499));
    BOOST_TEST(desk.all_kept());
    BOOST_TEST(why(desk, second, machine("n6", 6), chain, 1499) == "");
    // The same machine, when it shows a new token.
    BOOST_TEST(why(desk, second, n5, chain, 1499) == "");
    // Not longer than that one could show its own again, nor when somebody has removed it.
    BOOST_TEST(why(desk, second, other, chain, 1500) == "");
    BOOST_TEST(why(desk, second, other, knowing({"n1", "n5"}, {"n5"}), 1499) == "");
    // Another run of the config service knows it from what is kept.
    auto const another_run = [&] { return admission(cluster, desk.rows()); };
    BOOST_TEST(why(another_run(), second, other, chain, 1499) != "");
    BOOST_TEST(why(another_run(), second, n5, chain, 1499) == "");
    BOOST_TEST(why(another_run(), second, other, chain, 1500) == "");
    // From then on its link says whose the name is.
    desk.heard(other);
    BOOST_TEST(why(desk, second, other, chain, 1499) != "");
    desk.heard(n5);
    BOOST_TEST(why(desk, second, other, chain, 1499) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::control
