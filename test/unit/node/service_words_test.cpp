// What people read when a replica does not serve all.

#include "node/service_words.hpp"

#include <boost/test/unit_test.hpp>

using namespace chaind;
using why = chain::not_served;

namespace
{

std::string words(
    why what, bool hears_config = true, std::string const& refused = {}, std::string const& answered = {}
)
{
    chain::service now;
    now.why = what;
    now.who = {"n3"};
    now.stalled_for = 2900ms;
    now.hears_config = hears_config;
    return node::why_not(now, refused, answered);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(service_words)

BOOST_AUTO_TEST_CASE(each_reason_has_its_sentence)
{
    BOOST_TEST(words(why::nothing) == "");
    BOOST_TEST(words(why::stopping) == "stopping");
    BOOST_TEST(
        words(why::disk_stalled) ==
        "its disk has not finished a write for 2 s: mend it, or move the data folder to another one"
    );
    BOOST_TEST(words(why::taking_snapshot) == "taking in a snapshot");
    BOOST_TEST(words(why::catching_up) == "catching up with the chain");
    BOOST_TEST(words(why::not_active) == "not in an active chain");
    BOOST_TEST(
        words(why::disk_full) ==
        "disk full: the disk of n3 has no room left; reading and deleting go on, free some space there"
    );
    BOOST_TEST(words(why::too_few_replicas) == "fewer replicas than min-replicas");
    BOOST_TEST(words(why::taking_its_place) == "taking its place in the chain");
    BOOST_TEST(words(why::head_refuses) == "the head, n3, takes no writes now; its /readyz says why");
    BOOST_TEST(words(why::nothing_commits).starts_with("nothing has been committed for 2 s"));
    BOOST_TEST(
        words(why::too_slow).starts_with("what is written becomes visible here only after more than 5 s")
    );
    BOOST_TEST(words(why::apart) == "n3 does not reach its neighbour in the chain, or its disk stands still");
    BOOST_TEST(words(why::unreached) == "a member of the chain cannot be reached from here: n3");
}

BOOST_AUTO_TEST_CASE(what_a_disk_needs_is_no_matter_of_the_config_service_and_no_way_that_is_cut)
{
    chain::service now;
    now.who = node_id{"n3"};
    now.why = why::disk_stalled;
    BOOST_TEST(node::what_helps(now) == "mend that disk; the rest happens by itself");
    now.why = why::disk_full;
    BOOST_TEST(node::what_helps(now).starts_with("free some space on the disk of n3"));
    for (auto const other : {why::unreached, why::apart, why::overtaken, why::nothing_commits})
    {
        now.why = other;
        BOOST_TEST(node::what_helps(now) == "");
        BOOST_TEST(node::is_cut_off(now));
    }
    for (auto const other : {why::disk_full, why::disk_stalled, why::too_few_replicas, why::head_refuses})
    {
        now.why = other;
        BOOST_TEST(!node::is_cut_off(now));
    }
}

BOOST_AUTO_TEST_CASE(who_waits_says_that_the_config_service_is_not_there_or_does_not_let_it_in)
{
    std::string const silent =
        ", and the config service does not answer: start it, or restart it if it hangs";
    for (auto const what :
         {why::taking_snapshot,
          why::catching_up,
          why::not_active,
          why::taking_its_place,
          why::apart,
          why::unreached})
    {
        BOOST_TEST(words(what, false) == words(what) + silent);
        BOOST_TEST(
            words(what, false, "", "n1 and n2") ==
            words(what) +
                ", and the config service answers n1 and n2, and not this machine: mend the way "
                "between the two"
        );
        BOOST_TEST(
            words(what, false, "n3 was removed") ==
            words(what) + ", and the config service does not let it in: n3 was removed"
        );
    }
    // Others hear it.
    BOOST_TEST(words(why::overtaken) == "n3 has gone on to a newer chain");
    BOOST_TEST(
        words(why::overtaken, false) ==
        "n3 has gone on to a newer chain, of which the config service tells this machine nothing: mend the "
        "way "
        "between the two"
    );
    for (auto const what : {why::stopping, why::disk_stalled, why::disk_full, why::too_few_replicas})
        BOOST_TEST(words(what, false, "n3 was removed") == words(what));
}

BOOST_AUTO_TEST_SUITE_END()
