#include "harness.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

namespace chaind::chain
{
namespace
{

using texts = std::vector<std::string>;

// The survivors hold the same log, all of it applied.
void agree(harness& h, std::vector<std::size_t> const& members, texts const& want)
{
    for (auto i : members)
    {
        BOOST_TEST_CONTEXT("replica " << i)
        {
            BOOST_TEST(h.log(i) == want);
            BOOST_TEST(h.status(i).applied == seq{want.size()});
            BOOST_TEST(!h.at(i).halted.has_value());
        }
    }
}

BOOST_AUTO_TEST_SUITE(reconfiguration)

BOOST_AUTO_TEST_CASE(a_new_head_keeps_what_is_in_its_log)
{
    harness h(3);
    h.form({0, 1, 2});
    h.submit(0, "everywhere");
    h.run();
    h.lose = [&](member const& from, envelope const& what)
    { return from == h.triple(1) && what.to == h.triple(2); };
    h.submit(0, "only at a and b");
    h.run();
    h.crash(0);
    h.lose = {};

    h.form({1, 2});

    agree(h, {1, 2}, {"everywhere", "only at a and b"});
    BOOST_TEST(h.status(1).part == role::head);
}

BOOST_AUTO_TEST_CASE(when_the_middle_dies_its_predecessor_sends_again_what_the_tail_lacks)
{
    harness h(3);
    h.form({0, 1, 2});
    h.lose = [&](member const& from, envelope const& what)
    { return from == h.triple(1) && what.to == h.triple(2); };
    h.submit(0, "one");
    h.submit(0, "two");
    h.run();
    h.crash(1);
    h.lose = {};

    h.form({0, 2});

    agree(h, {0, 2}, {"one", "two"});
}

BOOST_AUTO_TEST_CASE(when_the_tail_dies_what_waited_for_its_disk_commits)
{
    harness h(3);
    h.form({0, 1, 2});
    h.at(2).disk_runs = false;
    h.submit(0, "one");
    h.run();
    BOOST_TEST(h.status(0).commit == seq{0});
    h.crash(2);

    h.form({0, 1});

    agree(h, {0, 1}, {"one"});
    BOOST_TEST(h.status(1).part == role::tail);
}

BOOST_AUTO_TEST_CASE(two_crashes_leave_one_replica_that_goes_on_alone)
{
    harness h(3);
    h.form({0, 1, 2});
    h.submit(1, "one");
    h.run();
    h.crash(0);
    h.form({1, 2});
    h.submit(2, "two");
    h.run();
    h.crash(1);
    h.form({2});

    h.submit(2, "three");
    h.run();

    agree(h, {2}, {"one", "two", "three"});
    BOOST_TEST(h.status(2).part == role::solo);
}

BOOST_AUTO_TEST_CASE(another_order_of_members_replaces_rows_that_only_the_later_one_has)
{
    // Not what the config service does (it keeps the order), but the log must come out the head's.
    harness h(2);
    h.form({0, 1});
    h.submit(0, "common");
    h.run();
    h.lose = [](member const&, envelope const&) { return true; };
    h.submit(0, "only at a");
    h.submit(0, "this too");
    h.run();
    h.lose = {};

    h.direct(h.config({1, 0}, config_state::pending, epoch{2}));
    h.run();
    BOOST_TEST(h.log(0) == (texts{"common"}));
    h.direct(h.config({1, 0}, config_state::active, epoch{2}));
    h.submit(1, "by the new head");
    h.run();

    // What a's own clients wanted comes again by the new head.
    auto const log = h.log(0);
    BOOST_TEST(log == h.log(1));
    BOOST_TEST(log.size() == 4u);
    BOOST_TEST(h.status(0).applied == seq{4});
}

BOOST_AUTO_TEST_CASE(a_superseded_pending_configuration_leaves_no_trace)
{
    harness h(3);
    h.form({0, 1, 2});
    h.submit(0, "one");
    h.run();
    h.direct(h.config({0, 1}, config_state::pending, epoch{2}));
    h.direct(h.config({0, 1, 2}, config_state::pending, epoch{3}));
    h.run();

    h.direct(h.config({0, 1}, config_state::active, epoch{2}));
    h.submit(2, "two");
    h.run();
    BOOST_TEST(h.status(0).commit == seq{1});
    h.direct(h.config({0, 1, 2}, config_state::active, epoch{3}));
    h.run();

    agree(h, {0, 1, 2}, {"one", "two"});
}

// As a registry says that was put back while the next epoch was being promised.
BOOST_AUTO_TEST_CASE(a_word_of_an_older_epoch_with_the_same_members_makes_none_active_and_gives_no_lease)
{
    harness h(2);
    h.form({0, 1});
    auto const older = h.status(0).config;
    h.direct(h.config({0, 1}, config_state::pending, epoch{2}));
    h.run();

    for (std::size_t i : {0, 1})
        h.direct_one(i, older, h.now.steady);
    h.submit(0, "one");
    h.run();
    for (std::size_t i : {0, 1})
    {
        BOOST_TEST(!h.status(i).active);
        BOOST_TEST(!h.at(i).core->lease_valid(h.now.steady));
        BOOST_TEST(h.status(i).commit == seq{0});
    }
    h.direct(h.config({0, 1}, config_state::active, epoch{2}));
    h.run();
    agree(h, {0, 1}, {"one"});

    h.direct_one(1, older, h.now.steady);
    BOOST_TEST(!h.at(1).core->lease_valid(h.now.steady));
}

// A promise never falls: what one mistaken word made of it would stay.
BOOST_AUTO_TEST_CASE(an_epoch_that_no_chain_reaches_is_not_promised_and_is_its_trouble)
{
    harness h(2);
    h.form({0, 1});
    for (auto const far : {std::uint64_t{1} << 63, (std::uint64_t{1} << 32) + 2})
    {
        auto const said = h.at(1).heartbeats.size();
        for (int i = 0; i < 10; ++i)
            h.direct_one(1, h.config({0, 1}, config_state::pending, epoch{far}));
        h.run();
        BOOST_TEST(h.at(1).heartbeats.size() <= said + 1);  // each one is answered
        h.pass(60ms);
        BOOST_TEST(h.at(1).heartbeats.back().promised == epoch{1});
        BOOST_TEST(
            h.at(1).heartbeats.back().trouble.find("speaks of epoch " + std::to_string(far)) !=
            std::string::npos
        );
        BOOST_TEST(h.status(1).config.at == epoch{1});
    }
    h.direct_one(1, h.config({0, 1}, config_state::active, epoch{1}));
    h.submit(0, "one");
    h.run();
    agree(h, {0, 1}, {"one"});
    h.pass(100ms);
    BOOST_TEST(h.at(1).heartbeats.back().trouble == "");

    auto const furthest = epoch{(std::uint64_t{1} << 32) + 1};
    h.direct(h.config({0, 1}, config_state::active, furthest));
    h.run();
    BOOST_TEST(h.at(1).heartbeats.back().promised == furthest);
}

BOOST_AUTO_TEST_CASE(a_replica_says_promised_only_when_the_promise_is_on_disk)
{
    harness h(2);
    h.at(1).disk_runs = false;
    h.direct(h.config({0, 1}, config_state::pending, epoch{1}));
    h.pass(100ms);
    BOOST_TEST(h.at(0).heartbeats.back().promised == epoch{1});
    BOOST_TEST(h.at(1).heartbeats.back().promised == epoch{0});

    auto const before = h.at(1).heartbeats.size();
    h.at(1).disk_runs = true;
    h.run();

    BOOST_TEST_REQUIRE(h.at(1).heartbeats.size() > before);
    BOOST_TEST(h.at(1).heartbeats.back().promised == epoch{1});
}

BOOST_AUTO_TEST_CASE(a_member_that_missed_the_change_takes_no_part_in_it_until_it_hears)
{
    harness h(3);
    h.form({0, 1, 2});
    auto const next = h.config({0, 1, 2}, config_state::pending, epoch{2});
    h.direct_one(0, next);
    h.direct_one(1, next);
    h.submit(0, "one");
    h.pass(100ms);
    BOOST_TEST(h.status(2).received == seq{0});

    h.direct(next);
    h.direct(h.config({0, 1, 2}, config_state::active, epoch{2}));
    h.pass(5ms);

    agree(h, {0, 1, 2}, {"one"});
}

BOOST_AUTO_TEST_CASE(a_restarted_member_takes_no_part_in_its_old_epoch)
{
    harness h(2);
    h.form({0, 1});
    h.submit(0, "one");
    h.run();
    h.restart(1);
    h.direct(h.config({0, 1}, config_state::active, epoch{1}));  // names the new boot, yet the same epoch
    h.submit(0, "two");
    h.pass(300ms);

    BOOST_TEST(h.status(1).part == role::detached);
    BOOST_TEST(h.status(1).received == seq{1});
    BOOST_TEST(h.status(0).commit == seq{1});
}

// A registry that was put back gives the number of an epoch out again.
BOOST_AUTO_TEST_CASE(another_configuration_of_the_promised_epoch_is_not_that_which_was_promised)
{
    harness h(3);
    auto promised = h.config({0, 1}, config_state::pending, epoch{1});
    promised.id.bytes[0] = 1;
    h.direct(promised);
    h.run();
    BOOST_TEST(h.at(1).heartbeats.back().promised_id == promised.id);

    auto other_members = h.config({1, 0}, config_state::active, epoch{1});
    h.direct(other_members);
    auto same_members = h.config({0, 1}, config_state::active, epoch{1});
    same_members.id.bytes[0] = 2;
    h.direct(same_members);
    h.direct_one(1, same_members, h.now.steady);
    h.run();
    BOOST_TEST(!h.status(0).active);
    BOOST_TEST(!h.status(1).active);
    BOOST_TEST(!h.at(1).core->lease_valid(h.now.steady));

    promised.state = config_state::active;
    h.direct(promised);
    h.run();
    BOOST_TEST(h.status(0).active);
    BOOST_TEST(h.status(1).active);

    h.restart(1);
    h.pass(60ms);
    BOOST_TEST(h.at(1).heartbeats.back().promised_id == promised.id);  // as its disk has it
    h.restart(0);
    same_members.at = epoch{2};
    same_members.members = {h.triple(0)};
    h.direct_one(0, same_members);
    h.run();
    BOOST_TEST(h.status(0).active);
    BOOST_TEST(h.at(0).heartbeats.back().promised_id == same_members.id);
}

BOOST_AUTO_TEST_CASE(all_restarted_go_on_from_their_disks_in_a_new_epoch)
{
    harness h(3);
    h.form({0, 1, 2});
    h.submit(0, "one");
    h.run();
    h.at(2).disk_runs = false;
    h.submit(0, "two");
    h.run();
    for (std::size_t i = 0; i < 3; ++i)
        h.crash(i);
    h.at(2).disk_runs = true;
    for (std::size_t i = 0; i < 3; ++i)
        h.restart(i);

    h.form({0, 1, 2});

    agree(h, {0, 1, 2}, {"one", "two"});
    h.submit(2, "three");
    h.run();
    agree(h, {0, 1, 2}, {"one", "two", "three"});
}

BOOST_AUTO_TEST_CASE(a_stale_suffix_is_cut_on_an_idle_chain)
{
    // b, the longer one, is put behind a.
    harness h(2);
    h.form({1, 0});
    h.submit(1, "common");
    h.run();
    h.lose = [](member const&, envelope const&) { return true; };
    for (int i = 0; i < 5; ++i)
        h.submit(1, "stale");
    h.run();
    h.restart(1);
    h.lose = {};

    h.form({0, 1});

    agree(h, {0, 1}, {"common"});
    BOOST_TEST(h.status(1).received == seq{1});
}

BOOST_AUTO_TEST_CASE(a_lost_probe_is_sent_again)
{
    harness h(2);
    h.form({0, 1});
    h.submit(0, "one");
    h.run();
    h.lose = [](member const&, envelope const& what)
    { return std::holds_alternative<append>(what.message) || std::holds_alternative<ack>(what.message); };
    h.form({0, 1});
    h.submit(0, "two");
    h.run();
    h.lose = {};

    h.pass(300ms);

    agree(h, {0, 1}, {"one", "two"});
}

BOOST_AUTO_TEST_CASE(a_probe_that_came_too_early_is_not_waited_for)
{
    harness h(2);
    h.form({0, 1});
    h.at(1).disk_runs = false;
    h.direct(h.config({0, 1}, config_state::pending, epoch{2}));
    h.run();
    h.at(1).disk_runs = true;
    h.direct(h.config({0, 1}, config_state::active, epoch{2}));
    h.submit(0, "one");

    h.run();  // no time passes

    agree(h, {0, 1}, {"one"});
}

BOOST_AUTO_TEST_CASE(what_a_predecessor_had_on_disk_in_an_older_epoch_counts_no_more)
{
    harness h(3);
    h.form({2, 0, 1});
    h.submit(2, "common");
    h.run();
    h.form({2, 1});
    h.at(1).disk_runs = false;
    h.submit(2, "on c's disk");
    h.submit(2, "this too");
    h.run();
    h.crash(2);
    h.direct(h.config({0, 1}, config_state::pending, epoch{3}));
    h.at(1).disk_runs = true;
    h.run();
    h.direct(h.config({0, 1}, config_state::active, epoch{3}));
    h.run();

    h.at(0).disk_runs = false;
    h.submit(0, "not on the head's disk");
    h.run();

    BOOST_TEST(h.status(1).durable == seq{2});
    BOOST_TEST(h.status(1).commit == seq{1});
}

// a's log is 1 2 3; b has the same 1, then rows of its own, and does not get a's.
struct unverified_suffix
{
    harness h{3};
    std::vector<append> from_b;

    unverified_suffix()
    {
        h.form({1, 0, 2});
        h.submit(1, "common");
        h.run();
        h.lose = [](member const&, envelope const&) { return true; };
        h.submit(1, "only at b");
        h.submit(1, "this too");
        h.run();
        h.lose = {};
        h.restart(1);
        h.form({0});
        h.submit(0, "two");
        h.submit(0, "three");
        h.run();
        h.lose = [this](member const& from, envelope const& what)
        {
            auto const* a = std::get_if<append>(&what.message);
            if (a != nullptr && from == h.triple(1)) from_b.push_back(*a);
            return a != nullptr && from == h.triple(0) && !a->entries.empty();
        };
        h.form({0, 1, 2});
        h.pass(100ms);
    }
};

BOOST_FIXTURE_TEST_CASE(stable_stays_within_what_is_verified, unverified_suffix)
{
    BOOST_TEST(h.status(0).stable == seq{3});
    BOOST_TEST(h.status(1).durable == seq{3});
    BOOST_TEST(h.status(1).verified == seq{1});
    BOOST_TEST(h.status(1).stable == seq{1});
}

BOOST_FIXTURE_TEST_CASE(nothing_beyond_what_is_verified_is_probed_or_forwarded, unverified_suffix)
{
    BOOST_TEST(!from_b.empty());
    for (auto const& a : from_b)
    {
        BOOST_TEST(a.prev.at <= seq{1});
        BOOST_TEST(a.entries.empty());
    }
    h.lose = {};
    h.pass(1s);

    agree(h, {0, 1, 2}, {"common", "two", "three"});
}

// Any sequence of crashes of all but one, changes of the chain and submissions: the logs agree in the end, no
// command is there twice, and what was applied anywhere stays.
BOOST_AUTO_TEST_CASE(random_histories_end_in_one_log)
{
    for (unsigned seed = 1; seed <= 150; ++seed)
    {
        BOOST_TEST_CONTEXT("seed " << seed)
        {
            std::minstd_rand random(seed);
            auto chance = [&](unsigned one_in) { return random() % one_in == 0; };
            harness h(
                3,
                [&](settings& how)
                { how.policy = seed % 2 ? forwarding::parallel : forwarding::persist_first; }
            );
            h.form({0, 1, 2});
            std::vector<std::size_t> members{0, 1, 2};
            std::vector<request_id> must_stay;
            unsigned loss = 8;
            h.lose = [&](member const&, envelope const&) { return loss != 0 && random() % loss == 0; };
            for (int round = 0; round < 60; ++round)
            {
                auto const who = members[random() % members.size()];
                h.submit(who, std::to_string(round));
                for (auto i : members)
                    h.at(i).disk_runs = !chance(3);
                h.pass(5ms * (1 + random() % 6));
                for (auto i : members)
                    if (h.at(i).applied.size() > must_stay.size()) must_stay = h.at(i).applied;
                if (!chance(6)) continue;
                for (auto i : members)
                    h.at(i).disk_runs = true;
                if (members.size() > 1 && chance(2))
                {
                    auto const victim = random() % members.size();
                    h.crash(members[victim]);
                    members.erase(members.begin() + static_cast<std::ptrdiff_t>(victim));
                }
                if (chance(2))
                {
                    h.direct(h.config(members, config_state::pending, h.current.next()));
                    h.pass(5ms * (random() % 20));
                }
                // As the config service: ACTIVE only when all have promised.
                auto const next = h.current.next();
                h.direct(h.config(members, config_state::pending, next));
                h.pass(20ms);
                h.direct(h.config(members, config_state::active, next));
            }
            loss = 0;
            for (auto i : members)
                h.at(i).disk_runs = true;
            if (h.status(members.front()).config.members.size() != members.size()) h.form(members);
            h.pass(3s);

            auto const head = members.front();
            auto const& done = h.at(head).applied;
            for (auto i : members)
            {
                BOOST_TEST(h.log(i) == h.log(head));
                BOOST_TEST(h.status(i).applied == h.status(head).received);
                BOOST_TEST(h.status(i).pending_submissions == 0u);
                BOOST_TEST(!h.at(i).halted.has_value());
            }
            BOOST_TEST_REQUIRE(done.size() >= must_stay.size());
            BOOST_TEST(std::equal(must_stay.begin(), must_stay.end(), done.begin()));
            auto sorted = done;
            std::sort(sorted.begin(), sorted.end());
            BOOST_TEST((std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end()));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
