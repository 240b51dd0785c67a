// What a replica may say that it serves: the pure functions, then what each event changes of it.

#include "chain/service.hpp"

#include "chain/known_links.hpp"
#include "harness.hpp"
#include "support/members.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace chaind::chain
{
namespace
{

using test::made_member;
using names = std::set<std::string>;

std::string joined(std::vector<node_id> const& what)
{
    std::string out;
    for (auto const& name : what)
        out += (out.empty() ? "" : " ") + name.name.str();
    return out;
}

// A member of n1 to n4 that misses nothing; tests take away from that.
struct seen_from
{
    chain_config chain;
    member self;
    known_links known;
    least_room least;
    own_state own{.chain = chain, .least = least, .active = true, .hears_config = true};

    explicit seen_from(
        std::string const& name,
        names const& unreached = {},
        names const& silent = {},
        names const& apart = {}
    )
        : self(made_member(name))
    {
        chain.at = epoch{1};
        chain.state = config_state::active;
        std::vector<node_id> heard;
        for (std::string const other : {"n1", "n2", "n3", "n4"})
        {
            chain.members.push_back(made_member(other));
            known.note({made_member(other), !unreached.contains(other), apart.contains(other)});
            if (!silent.contains(other)) heard.push_back({other});
        }
        known.config_hears(heard);
    }
    seen_from(seen_from const&) = delete;

    [[nodiscard]] reach seen() const { return judge_reach(chain, self, known, own.hears_config); }
    [[nodiscard]] std::string missing() const { return joined(seen().missing); }
    [[nodiscard]] service judged() const
    {
        service out;
        out.seen = seen();
        judge_service(own, out);
        return out;
    }
    [[nodiscard]] std::string why() const
    {
        auto const now = judged();
        return one_line(now.why) + (now.who.empty() ? "" : " " + now.who.name.str());
    }
};

BOOST_AUTO_TEST_SUITE(services)

BOOST_AUTO_TEST_CASE(writes_need_the_head_and_the_neighbours)
{
    BOOST_TEST(seen_from("n3").missing() == "");
    BOOST_TEST(seen_from("n3", {"n1"}).missing() == "n1");
    BOOST_TEST(seen_from("n4", {"n1", "n3"}).missing() == "n1 n3");
    BOOST_TEST(seen_from("n2", {"n3"}).missing() == "n3");
}

BOOST_AUTO_TEST_CASE(a_link_that_carries_nothing_of_the_chain_is_not_missed)
{
    BOOST_TEST(seen_from("n1", {"n3", "n4"}).missing() == "");
    BOOST_TEST(seen_from("n2", {"n4"}).missing() == "");
    BOOST_TEST(seen_from("n4", {"n2"}).missing() == "");
}

BOOST_AUTO_TEST_CASE(whom_nobody_hears_is_dead_and_missed_by_all)
{
    BOOST_TEST(seen_from("n1", {"n4"}, {"n4"}, {"n3"}).missing() == "n3 n4");
    BOOST_TEST(seen_from("n4", {"n2"}, {"n2"}, {"n3"}).missing() == "n2 n3");
    BOOST_TEST(seen_from("n1", {"n3", "n4"}, {"n4"}).missing() == "n4");
    BOOST_TEST(seen_from("n1", {}, {"n4"}).missing() == "");
    seen_from without("n1", {"n4"}, {}, {"n3"});
    without.own.hears_config = false;
    BOOST_TEST(without.missing() == "n3 n4");
}

// The way between two that are not neighbours is dead, and without the config service it seems as if one
// were.
BOOST_AUTO_TEST_CASE(who_is_there_by_the_words_of_all_its_neighbours_is_not_missed)
{
    auto const missing = [](std::string const& self, names const& unreached)
    {
        seen_from here(self, unreached);
        here.own.hears_config = false;
        return here.missing();
    };
    BOOST_TEST(missing("n1", {"n4"}) == "");
    BOOST_TEST(missing("n1", {"n3"}) == "");
    BOOST_TEST(missing("n2", {"n4"}) == "");
    BOOST_TEST(missing("n4", {"n2"}) == "");
    BOOST_TEST(missing("n4", {"n1"}) == "n1");           // the head: commands go there
    BOOST_TEST(missing("n1", {"n3", "n4"}) == "n3 n4");  // nobody speaks for their link
    // Nor does the word of one that is in a newer epoch.
    seen_from overtaken("n1", {"n4"});
    overtaken.own.hears_config = false;
    overtaken.known.note({made_member("n3", 3, 3), true, false, epoch{9}});
    BOOST_TEST(overtaken.missing() == "n3 n4");
}

BOOST_AUTO_TEST_CASE(a_chain_that_ends_at_somebody_is_missed_by_all)
{
    BOOST_TEST(seen_from("n1", {}, {}, {"n3", "n4"}).missing() == "n3 n4");
    BOOST_TEST(seen_from("n4", {"n3"}, {}, {"n3"}).missing() == "n3");
    BOOST_TEST(seen_from("n2", {}, {}, {"n4"}).missing() == "n4");
}

BOOST_AUTO_TEST_CASE(another_run_of_a_member_is_not_that_member)
{
    seen_from here("n1");
    here.known.note({made_member("n2", 1, 2), true, false});
    BOOST_TEST(here.missing() == "n2");
    BOOST_TEST(joined(here.seen().unreached) == "n2");
}

BOOST_AUTO_TEST_CASE(who_does_not_reach_a_neighbour_is_apart)
{
    auto const apart = [](std::string const& self, names const& unreached)
    { return seen_from(self, unreached).seen().apart; };
    BOOST_TEST(!apart("n2", {}));
    BOOST_TEST(apart("n2", {"n1"}));
    BOOST_TEST(apart("n2", {"n3"}));
    BOOST_TEST(!apart("n2", {"n4"}));
    BOOST_TEST(!apart("n1", {"n4"}));
    BOOST_TEST(apart("n4", {"n3"}));
    BOOST_TEST(!apart("n5", {"n1", "n2", "n3", "n4"}));
}

BOOST_AUTO_TEST_CASE(a_lease_reads_where_others_are_not_reached)
{
    BOOST_TEST(seen_from("n1").judged().can_read);
    seen_from here("n1", {"n4"});
    BOOST_TEST(!here.judged().can_read);
    BOOST_TEST(here.judged().can_write);
    here.own.has_lease = true;
    BOOST_TEST(here.judged().can_read);
}

// It would wait for what is in the log and not committed.
BOOST_AUTO_TEST_CASE(a_read_waits_in_a_chain_that_ends_at_somebody)
{
    seen_from here("n1", {}, {}, {"n3"});
    here.own.has_lease = true;
    BOOST_TEST(here.judged().can_read);
    here.own.end = seq{1};
    BOOST_TEST(!here.judged().can_read);
    here.own.commit = seq{1};
    BOOST_TEST(here.judged().can_read);
}

BOOST_AUTO_TEST_CASE(what_is_not_served_has_one_reason)
{
    seen_from here("n1");
    BOOST_TEST(here.why() == "nothing");
    here.known.note({made_member("n4"), false, false});
    BOOST_TEST(here.why() == "unreached n4");
    here.known.note({made_member("n3"), true, true});
    BOOST_TEST(here.why() == "apart n3");
    here.known.note({made_member("n2"), false, false});
    BOOST_TEST(here.why() == "unreached n2");
    for (auto const* name : {"n2", "n3", "n4"})
        here.known.note({made_member(name), true, false});
    here.own.min_replicas = 5;
    BOOST_TEST(here.why() == "too_few_replicas");
    here.least = {.who = {"n3"}, .left = room::low};
    BOOST_TEST(here.why() == "disk_full n3");
    here.own.active = false;
    BOOST_TEST(here.why() == "not_active");
    here.own.learns = true;
    BOOST_TEST(here.why() == "catching_up");
    here.own.takes_snapshot = true;
    BOOST_TEST(here.why() == "taking_snapshot");
    here.own.stalled_for = 2s;
    BOOST_TEST(here.why() == "disk_stalled");
    BOOST_TEST(here.judged().stalled_for.count() == microseconds(2s).count());
    here.own.stopping = true;
    BOOST_TEST(here.why() == "stopping");
}

BOOST_AUTO_TEST_CASE(whose_disk_stands_still_serves_nothing_and_says_so_to_others)
{
    seen_from here("n1");
    here.own.has_lease = true;
    here.own.stalled_for = 1s;
    auto const now = here.judged();
    BOOST_TEST(!now.can_read);
    BOOST_TEST(!now.can_write);
    BOOST_TEST(now.apart);
}

BOOST_AUTO_TEST_CASE(who_is_to_be_drained_serves_on_without_a_config_service)
{
    seen_from here("n1");
    here.own.drain = true;
    BOOST_TEST(here.judged().draining);
    here.own.hears_config = false;
    BOOST_TEST(!here.judged().draining);
}

BOOST_AUTO_TEST_CASE(alone_is_who_misses_only_those_whom_the_config_service_hears)
{
    auto const alone = [](seen_from const& here) { return here.seen().others_go_on; };
    BOOST_TEST(!alone(seen_from("n1")));
    BOOST_TEST(alone(seen_from("n1", {"n2"})));
    BOOST_TEST(!alone(seen_from("n1", {"n2"}, {"n2"})));
    BOOST_TEST(!alone(seen_from("n1", {"n2"}, {}, {"n3"})));  // it ends there for all
    seen_from without("n1", {"n2"});
    without.own.hears_config = false;
    BOOST_TEST(!alone(without));
}

BOOST_AUTO_TEST_CASE(whether_writes_are_taken_the_head_decides)
{
    seen_from here("n3");
    here.own.min_replicas = 5;
    BOOST_TEST(here.why() == "nothing");  // its own option says nothing about others
    here.known.note({.peer = made_member("n2"), .reached = true, .refuses = true});
    BOOST_TEST(here.why() == "nothing");
    here.known.note({.peer = made_member("n1"), .reached = true, .refuses = true});
    BOOST_TEST(here.why() == "head_refuses n1");
    BOOST_TEST(here.judged().can_read);
    seen_from head("n1");
    head.known.note({.peer = made_member("n1"), .reached = true, .refuses = true});
    BOOST_TEST(head.why() == "nothing");
}

BOOST_AUTO_TEST_CASE(where_nothing_is_committed_for_two_seconds_nothing_is_served)
{
    seen_from here("n3");
    here.own.end = seq(7);
    here.own.commit = seq(6);
    here.own.waiting_for = 1999ms;
    BOOST_TEST(here.why() == "nothing");
    here.own.waiting_for = 2s;
    BOOST_TEST(here.why() == "nothing_commits");
    BOOST_TEST(!here.judged().can_read);
    // A read waits for all of the log, however sure its machine is to be in the newest chain.
    here.own.has_lease = true;
    BOOST_TEST(!here.judged().can_read);
    BOOST_TEST(!here.judged().can_write);
    here.own.end = here.own.commit;
    here.own.waiting_for = {};
    BOOST_TEST(here.judged().can_read);
}

BOOST_AUTO_TEST_CASE(where_a_read_would_wait_too_long_none_is_served)
{
    seen_from here("n3");
    here.own.has_lease = true;
    here.own.applying_for = here.own.read_limit - 1us;
    BOOST_TEST(here.why() == "nothing");
    here.own.applying_for = here.own.read_limit;
    BOOST_TEST(here.why() == "too_slow");
    BOOST_TEST(!here.judged().can_read);
    BOOST_TEST(here.judged().can_write);
}

BOOST_AUTO_TEST_CASE(what_was_committed_before_another_one_went_on_is_read_while_the_lease_lasts)
{
    seen_from here("n3");
    here.known.note({.peer = made_member("n2"), .reached = true, .at = epoch{2}});
    BOOST_TEST(here.missing() == "");
    here.own.hears_config = false;
    BOOST_TEST(here.missing() == "n2");
    BOOST_TEST(here.why() == "overtaken n2");
    BOOST_TEST(!here.judged().can_read);
    here.own.has_lease = true;
    BOOST_TEST(here.judged().can_read);
    BOOST_TEST(!here.judged().can_write);
    here.chain.at = epoch{2};
    BOOST_TEST(here.why() == "nothing");
}

// ---- events

// a, b and c are a chain, each linked with each, and the config service hears all.
struct linked_chain : harness
{
    linked_chain() : harness(3)
    {
        form({0, 1, 2});
        for (std::size_t i = 0; i < 3; ++i)
            for (std::size_t other = 0; other < 3; ++other)
                if (other != i) (void)step(i, peer_links{.peer = triple(other), .reached = true});
        instruct();
    }
    void instruct(bool all = true)
    {
        std::vector<node_id> heard{triple(0).name, triple(1).name};
        if (all) heard.push_back(triple(2).name);
        for (std::size_t i = 0; i < 3; ++i)
            (void
            )step(i, directed{{.config = status(i).config, .learning = {}, .lease_for = {}, .heard = heard}});
    }
    // The config service answers all the time.
    void pass_instructed(microseconds time)
    {
        for (microseconds done{}; done < time; done += 50ms)
        {
            instruct();
            pass(50ms);
        }
    }
    [[nodiscard]] service const& now_at(std::size_t i) const { return can_do(i); }
};

// Whoever is told `unavailable` asks another machine.
BOOST_FIXTURE_TEST_CASE(
    a_read_waits_for_a_slow_disk_where_reads_are_served_and_a_second_elsewhere, linked_chain
)
{
    at(2).disk_runs = false;
    submit(0);
    run();
    (void)step(0, read_wanted{1});
    pass_instructed(1900ms);
    BOOST_TEST(now_at(0).can_read);
    BOOST_TEST(verdicts(0, 1).empty());
    at(2).disk_runs = true;
    run();
    BOOST_TEST((verdicts(0, 1) == std::vector{read_verdict::run}));

    at(2).disk_runs = false;
    submit(0);
    run();
    (void)step(0, peer_links{.peer = triple(1)});
    BOOST_TEST(!now_at(0).can_read);
    (void)step(0, read_wanted{2});
    pass(1s);
    BOOST_TEST((verdicts(0, 2) == std::vector{read_verdict::unavailable}));
}

// Each write is committed after some seconds, and something is committed all the time.
BOOST_FIXTURE_TEST_CASE(where_what_is_logged_is_applied_too_late_no_read_is_served, linked_chain)
{
    at(2).disk_runs = false;
    for (int i = 0; i < 24; ++i)
    {
        submit(0);
        run();
        if (i >= 12) write_one(2);
        pass_instructed(500ms);
    }
    BOOST_TEST((now_at(0).why == not_served::too_slow));
    at(2).disk_runs = true;
    run();
    BOOST_TEST(now_at(0).can_read);
}

BOOST_FIXTURE_TEST_CASE(a_chain_in_which_all_reach_all_serves, linked_chain)
{
    for (std::size_t i = 0; i < 3; ++i)
    {
        BOOST_TEST(now_at(i).why == not_served::nothing);
        BOOST_TEST(now_at(i).can_read);
        BOOST_TEST(now_at(i).can_write);
    }
}

BOOST_FIXTURE_TEST_CASE(links_tell_who_is_unreached_and_who_is_apart, linked_chain)
{
    (void)step(0, peer_links{.peer = triple(1)});
    BOOST_TEST(joined(now_at(0).seen.unreached) == "b");
    BOOST_TEST(joined(now_at(0).seen.missing) == "b");
    BOOST_TEST(now_at(0).apart);
    (void)step(0, peer_links{.peer = triple(1), .reached = true, .apart = true});
    BOOST_TEST(joined(now_at(0).seen.unreached) == "");
    BOOST_TEST(now_at(0).why == not_served::apart);
    BOOST_TEST(!now_at(0).apart);
    (void)step(0, peer_links{.peer = triple(1), .reached = true});
    BOOST_TEST(now_at(0).why == not_served::nothing);
}

// It was taken out, and the config service does not reach it: all links carry, and nothing is committed.
BOOST_FIXTURE_TEST_CASE(who_is_overtaken_by_another_member_serves_nothing_by_its_own_word, linked_chain)
{
    (void)step(0, peer_links{.peer = triple(1), .reached = true, .at = status(0).config.at.next()});
    BOOST_TEST(now_at(0).why == not_served::nothing);  // the config service says otherwise
    (void)step(0, config_link{false});
    for (std::size_t const other : {1, 2})
    {
        (void)step(0, peer_links{.peer = triple(other), .reached = true, .at = status(0).config.at});
        BOOST_TEST(now_at(0).why == not_served::nothing);
        (void)step(0, peer_links{.peer = triple(other), .reached = true, .at = status(0).config.at.next()});
        BOOST_TEST(now_at(0).why == not_served::overtaken);
        BOOST_TEST((now_at(0).who == triple(other).name));
        BOOST_TEST(!now_at(0).can_write);
        BOOST_TEST(!now_at(0).apart);
        BOOST_TEST(!now_at(0).can_read);
        (void)step(0, peer_links{.peer = triple(other), .reached = true});
        BOOST_TEST(now_at(0).can_read);
        BOOST_TEST(now_at(0).can_write);
    }
    // Who is not reached may be anywhere.
    (void)step(0, peer_links{.peer = triple(1), .reached = false, .at = status(0).config.at.next()});
    BOOST_TEST(now_at(0).why == not_served::unreached);
}

BOOST_FIXTURE_TEST_CASE(directives_tell_whom_the_config_service_hears, linked_chain)
{
    // Its neighbour does not speak for c.
    (void)step(0, peer_links{.peer = triple(1), .reached = true, .apart = true});
    (void)step(0, peer_links{.peer = triple(2)});
    BOOST_TEST(joined(now_at(0).seen.missing) == "b");
    instruct(false);
    BOOST_TEST(joined(now_at(0).seen.missing) == "b c");
    instruct();
    BOOST_TEST(joined(now_at(0).seen.missing) == "b");
}

BOOST_FIXTURE_TEST_CASE(the_config_service_is_heard_for_a_second_while_its_link_is_up, linked_chain)
{
    BOOST_TEST(now_at(0).hears_config);
    pass(990ms);
    BOOST_TEST(now_at(0).hears_config);
    pass(10ms);
    BOOST_TEST(!now_at(0).hears_config);
    (void)step(0, config_link{true});
    BOOST_TEST(now_at(0).hears_config);
    (void)step(0, config_link{false});
    BOOST_TEST(!now_at(0).hears_config);
    instruct();
    BOOST_TEST(now_at(0).hears_config);
}

BOOST_FIXTURE_TEST_CASE(who_is_alone_for_two_seconds_is_cut_off, linked_chain)
{
    (void)step(0, peer_links{.peer = triple(1)});
    pass_instructed(1950ms);
    BOOST_TEST(!now_at(0).cut_off);
    pass_instructed(50ms);
    BOOST_TEST(now_at(0).cut_off);
    (void)step(0, peer_links{.peer = triple(1), .reached = true});
    BOOST_TEST(!now_at(0).cut_off);
    // It begins again.
    (void)step(0, peer_links{.peer = triple(1)});
    pass_instructed(100ms);
    BOOST_TEST(!now_at(0).cut_off);
}

BOOST_FIXTURE_TEST_CASE(who_hears_nothing_of_a_newer_chain_that_serves_is_cut_off_at_once, linked_chain)
{
    auto const tells = [&](epoch at, bool refuses = false, bool hears_config = true)
    {
        (void)step(
            0,
            peer_links{
                .peer = triple(2), .reached = true, .at = at, .refuses = refuses, .hears_config = hears_config
            }
        );
        return now_at(0).cut_off;
    };
    auto const here = status(0).config.at;
    (void)step(0, peer_links{.peer = triple(1)});
    BOOST_TEST(!now_at(0).can_write);
    BOOST_TEST(!tells(here.next()));  // the config service is heard, and says where this replica belongs
    (void)step(0, config_link{false});
    BOOST_TEST(tells(here.next()));
    BOOST_TEST(!tells(here.next(), true));          // nobody is served there either
    BOOST_TEST(!tells(here.next(), false, false));  // as far as anybody knows that is over, too
    BOOST_TEST(!tells(here));                       // of its own chain it knows as much itself
    instruct();
    BOOST_TEST(!tells(here.next()));
    (void)step(0, config_link{false});
    (void)step(0, peer_links{.peer = triple(1), .reached = true});
    (void)step(0, peer_links{.peer = triple(2), .reached = true});
    peer_links const stranger{
        .peer = {.name = node_id{"z"}, .store = {}, .boot = {}}, .at = here.next(), .hears_config = true
    };
    (void)step(0, stranger);
    BOOST_TEST(now_at(0).can_write);
    BOOST_TEST(!now_at(0).cut_off);  // whoever is served here stays
}

BOOST_FIXTURE_TEST_CASE(who_is_in_no_chain_is_cut_off_from_any_that_serves, linked_chain)
{
    peer_links other{.peer = triple(1), .reached = true, .at = status(0).config.at, .hears_config = true};
    (void)step(0, other);
    BOOST_TEST(!now_at(0).cut_off);
    restart(0);
    (void)step(0, other);
    BOOST_TEST(now_at(0).cut_off);
    other.refuses = true;
    (void)step(0, other);
    BOOST_TEST(!now_at(0).cut_off);
}

BOOST_FIXTURE_TEST_CASE(a_stalled_disk_tells_for_how_long, linked_chain)
{
    (void)step(0, disk_stalled{.since = now.steady - 1s});
    pass_instructed(500ms);
    BOOST_TEST(now_at(0).why == not_served::disk_stalled);
    BOOST_TEST(now_at(0).stalled_for.count() == microseconds(1500ms).count());
    (void)step(0, disk_stalled{});
    BOOST_TEST(now_at(0).why == not_served::nothing);
    BOOST_TEST(now_at(0).stalled_for.count() == 0);
}

BOOST_FIXTURE_TEST_CASE(who_steps_down_serves_until_it_stops, linked_chain)
{
    (void)step(1, step_down{});
    BOOST_TEST(now_at(1).why == not_served::nothing);
    (void)step(1, stopping{});
    BOOST_TEST(now_at(1).why == not_served::stopping);
    BOOST_TEST(!now_at(1).can_read);
    BOOST_TEST(!now_at(1).can_write);
}

BOOST_FIXTURE_TEST_CASE(a_member_of_no_chain_is_outside, linked_chain)
{
    BOOST_TEST(!now_at(2).outside);
    direct(config({0, 1}, config_state::pending, epoch{2}));
    BOOST_TEST(!now_at(2).outside);
    BOOST_TEST(now_at(2).why == not_served::not_active);
    direct(config({0, 1}, config_state::active, epoch{2}));
    BOOST_TEST(now_at(2).outside);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::chain
