#pragma once
// A controller among make-believe replicas, a registry that takes two milliseconds to store, and one clock.
// The replicas do what PROTOCOL asks of them and nothing else: they promise whatever is newer, learn when
// told to, and say what they hold. At each ACTIVE configuration the town checks what must be true then.

#include "control/controller.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chaind::control::testing
{

inline node_id name(std::string text)
{
    return node_id{std::move(text)};
}

template <class Id>
Id numbered(std::uint8_t n)
{
    Id out;
    out.bytes[0] = n;
    return out;
}

inline member a_member(std::string text, std::uint8_t store, std::uint8_t boot)
{
    return {
        .name = name(std::move(text)), .store = numbered<store_id>(store), .boot = numbered<boot_id>(boot)
    };
}

inline std::string names(chain_config const& config)
{
    std::string out;
    for (auto const& m : config.members)
        out += (out.empty() ? "" : " ") + m.name.name.str();
    return out;
}

struct citizen
{
    member who;
    std::string kernel = "here";  // that runs it
    bool up = false;
    bool speaks = true;  // its heartbeats reach the config service
    bool hears = true;   // directives reach it
    bool promises = true;
    bool learns = true;     // a learner's log grows to its source's
    bool completes = true;  // a joiner verifies what it holds
    epoch promised;
    config_id promised_id;
    seq end, commit;
    epoch end_in;
    microseconds late{}, fsync{};  // says so
    bool stepping_down = false;
    bool stalled = false;     // says so
    bool unanswered = false;  // says so
    bool restored = false;
    bool in_doubt = false;             // says so
    room left = room::ample;           // on its disk
    bool damaged = false;              // says so, whatever it is in the chain
    std::string trouble;               // of a learner
    microseconds clock_ahead{};        // its wall clock
    std::int64_t refused_us = 0;       // so it says
    microseconds stamp_ahead{};        // of its newest row
    learner_progress feeds;            // what it says of its learner, beside the lag
    bool draining = false;             // it was told to send its clients away
    std::vector<node_id> unreachable;  // beside neighbours that are down
    std::vector<node_id> missed;       // beside members that are down
    instant changed{};                 // went down or came up
    chain_config config;               // newest heard of
    std::optional<learner_assignment> learning;
    instant lease_until{};
    instant next_heartbeat{};
};

class town
{
public:
    explicit town(std::vector<std::string> first = {"n1", "n2", "n3"})
    {
        for (auto const& n : first)
            how.bootstrap.push_back(name(n));
        how.kernel = "here";
        start_config();
    }

    // ---- people and accidents
    void start_config()
    {
        how.run = numbered<boot_id>(++runs_);
        ctl.emplace(how, registry, now);
        for (auto const& [n, c] : people)
            if (c.up) feed(connected{c.who, c.kernel});
    }
    void stop_config()
    {
        ctl.reset();
        storing.reset();
    }
    void restart_config()
    {
        stop_config();
        start_config();
    }
    // A new run of that replica, with its disk.
    citizen& start(std::string const& who)
    {
        auto& c = people[name(who)];
        if (c.who.name.name.empty()) c.who = a_member(who, ++stores_, 0);
        c.who.boot = numbered<boot_id>(++boots_);
        c.up = true;
        c.changed = now;
        c.stepping_down = false;
        c.unreachable.clear();
        c.learning.reset();
        c.lease_until = {};
        c.next_heartbeat = now;
        feed(connected{c.who, c.kernel});
        return c;
    }
    citizen& start_all(std::vector<std::string> const& all)
    {
        for (auto const& n : all)
            start(n);
        return people[name(all.front())];
    }
    citizen& wipe(std::string const& who)
    {
        auto& c = people[name(who)];
        c = citizen{};
        return start(who);
    }
    // The machine is switched off: silence and nothing else.
    void unplug(std::string const& who)
    {
        auto& c = people[name(who)];
        c.up = false;
        c.changed = now;
    }
    // The process dies: its connection ends, and where the config service may ask, it is told the truth.
    void kill(std::string const& who)
    {
        unplug(who);
        auto const dead = people[name(who)].who;
        feed(connection_lost{dead});
        if (std::find(probes.begin(), probes.end(), dead) != probes.end()) feed(probed{dead, true});
    }
    std::uint64_t remove(std::string const& who)
    {
        feed(remove_node{++requests_, name(who)});
        return requests_;
    }
    std::uint64_t add(std::string const& who)
    {
        feed(add_node{++requests_, name(who)});
        return requests_;
    }
    std::uint64_t drain(std::string const& who)
    {
        feed(drain_node{++requests_, name(who)});
        return requests_;
    }
    std::uint64_t undrain(std::string const& who)
    {
        feed(undrain_node{++requests_, name(who)});
        return requests_;
    }
    std::uint64_t move(std::string const& who, bool to_head)
    {
        feed(move_node{++requests_, name(who), to_head});
        return requests_;
    }
    std::uint64_t replace(std::string const& who, std::optional<std::string> const& with = {})
    {
        feed(replace_node{++requests_, name(who), with ? std::optional(name(*with)) : std::nullopt});
        return requests_;
    }
    std::uint64_t want(std::size_t members)
    {
        feed(set_want{++requests_, members});
        return requests_;
    }
    std::uint64_t force(std::string const& who)
    {
        feed(force_epoch{++requests_, name(who)});
        return requests_;
    }
    // Waits for the answer.
    std::optional<admin_verdict> outcome(std::uint64_t request, microseconds limit = 5s)
    {
        run_until([&] { return verdict_of(request).has_value(); }, limit);
        return verdict_of(request);
    }

    // ---- time
    void run(microseconds how_long)
    {
        for (auto const until = now + how_long; now < until;)
            step_time();
    }
    bool run_until(std::function<bool()> const& done, microseconds limit = 5s)
    {
        for (auto const until = now + limit; now < until && !done();)
            step_time();
        return done();
    }
    // Time passes for everybody, but the config service does not run.
    void pause_config(microseconds how_long) { now += how_long; }

    // ---- questions
    [[nodiscard]] node_status status_of(std::string const& who) const
    {
        for (auto const& node : ctl->nodes())
            if (node.name == name(who)) return node;
        return {};
    }
    [[nodiscard]] chain_config const& config() const { return registry.current; }
    [[nodiscard]] bool active(std::string const& chain) const
    {
        return registry.current.state == config_state::active && names(registry.current) == chain;
    }
    [[nodiscard]] bool nobody_is_moved() const { return !registry.moving; }
    bool becomes(std::string const& chain, microseconds limit = 5s)
    {
        return run_until([&] { return active(chain); }, limit);
    }
    [[nodiscard]] std::optional<admin_verdict> verdict_of(std::uint64_t request) const
    {
        for (auto const& r : replies)
            if (r.request == request) return r.verdict;
        return std::nullopt;
    }
    [[nodiscard]] std::size_t noticed(std::string const& what, std::string const& who = {}) const
    {
        return static_cast<std::size_t>(std::count_if(
            notices.begin(),
            notices.end(),
            [&](notice const& n) { return n.what == what && (who.empty() || n.who == name(who)); }
        ));
    }
    [[nodiscard]] std::string why(std::string const& what, std::string const& who = {}) const
    {
        for (auto n = notices.rbegin(); n != notices.rend(); ++n)
            if (n->what == what && (who.empty() || n->who == name(who))) return n->why;
        return {};
    }
    citizen& of(std::string const& who) { return people.at(name(who)); }
    void write(seq upto)  // acknowledged: on the disks of all members
    {
        for (auto const& m : registry.current.members)
        {
            auto& c = people.at(m.name);
            c.end = c.commit = upto;
            c.end_in = registry.current.at;
        }
        acknowledged = std::max(acknowledged, upto);
    }

    void feed(event const& what)
    {
        if (!ctl) return;
        auto const done = ctl->step(now, what);
        if (watch) watch(what, done);
        perform(done);
    }
    heartbeat word_of(citizen const& c)
    {
        heartbeat hb;
        hb.from = c.who;
        hb.sent = now;
        node_facts facts;
        facts.unanswered = c.unanswered;
        hb.facts = std::move(facts);
        hb.promised = c.promised;
        hb.promised_id = c.promised_id;
        hb.end.at = c.end;
        hb.end.in = c.end_in;
        hb.verified = c.completes ? c.end : seq{};
        hb.commit = c.commit;
        hb.unreachable = dead_neighbours(c);
        hb.missed = dead_members(c);
        hb.stepping_down = c.stepping_down;
        hb.stalled = c.stalled;
        hb.restored = c.restored;
        hb.late = c.late;
        hb.fsync = c.fsync;
        if (c.learning && c.learning->learner == c.who) hb.trouble = c.trouble;
        hb.in_doubt = c.in_doubt;
        hb.damaged = c.damaged;
        hb.wall_us = clocks ? wall_us() + c.clock_ahead.count() : 0;
        hb.end.ts_us = newest_stamp_us + c.stamp_ahead.count();
        hb.refused_us = c.refused_us;
        if (c.damaged) hb.trouble = "a row has changed";
        hb.left = c.left;
        for (auto const& [n, other] : people)
            if (c.learning && c.learning->source == c.who && other.who == c.learning->learner && other.up &&
                other.promised == c.promised && other.learning == c.learning && other.learns)
            {
                hb.feeding = c.feeds;
                hb.feeding->learner = other.who;
                hb.feeding->lag_entries = c.end - other.end;
                if (hb.feeding->lag_entries > 0) hb.feeding->lag_time = microseconds::max();
            }
        return hb;
    }

    settings how;
    std::optional<controller> ctl;
    record registry;
    std::map<node_id, citizen> people;
    std::vector<notice> notices;
    std::vector<admin_reply> replies;
    std::vector<member> probes;
    std::vector<hang_up> hang_ups;
    std::vector<outgoing> directives;
    std::vector<chain_config> history;  // each configuration stored
    seq acknowledged;
    std::size_t lineages = 0;  // new ones
    bool epochs_may_jump = false;
    instant now = 1s;
    microseconds store_takes = 2ms;
    bool clocks = false;  // heartbeats say what time it is
    microseconds config_ahead{};
    std::int64_t newest_stamp_us = 0;
    [[nodiscard]] std::int64_t wall_us() const { return 1'700'000'000'000'000 + now.count(); }
    std::optional<std::pair<instant, record>> storing;
    // Told of each step, before anything comes of it.
    std::function<void(event const&, effects const&)> watch;

private:
    void step_time()
    {
        now += 1ms;
        if (ctl && storing && storing->first <= now)
        {
            BOOST_REQUIRE_EQUAL(storing->second.revision, registry.revision + 1);
            auto const before = registry;
            registry = storing->second;
            storing.reset();
            if (registry.current != before.current) check_stored(before);
            feed(stored{registry.revision});
        }
        for (auto& [n, c] : people)
            if (c.up && c.next_heartbeat <= now) speak(c);
        if (now.count() % 5000 == 0) feed(tick{clocks ? wall_us() + config_ahead.count() : 0});
    }

    // A link is silent for 100 ms before anybody says so.
    // That run has ended, long enough ago for others to have noticed.
    [[nodiscard]] bool is_missed(member const& m) const
    {
        auto const& other = people.at(m.name);
        return !(other.up && other.who == m) && now - other.changed > 100ms;
    }
    [[nodiscard]] std::vector<node_id> dead_neighbours(citizen const& c) const
    {
        auto out = c.unreachable;
        auto const place = c.config.position(c.who);
        if (!place) return out;
        for (auto const next_to : {*place - 1, *place + 1})
        {
            if (next_to >= c.config.members.size()) continue;
            if (is_missed(c.config.members[next_to])) out.push_back(c.config.members[next_to].name);
        }
        return out;
    }

    [[nodiscard]] std::vector<node_id> dead_members(citizen const& c) const
    {
        auto out = c.missed;
        if (!c.config.position(c.who)) return out;
        for (auto const& m : c.config.members)
            if (is_missed(m)) out.push_back(m.name);
        return out;
    }

    void speak(citizen& c)
    {
        c.next_heartbeat = now + 50ms;
        if (c.speaks) feed(heard{word_of(c)});
    }

    void perform(effects const& fx)
    {
        notices.insert(notices.end(), fx.notices.begin(), fx.notices.end());
        replies.insert(replies.end(), fx.replies.begin(), fx.replies.end());
        probes.insert(probes.end(), fx.probes.begin(), fx.probes.end());
        hang_ups.insert(hang_ups.end(), fx.hang_ups.begin(), fx.hang_ups.end());
        if (fx.persist)
        {
            BOOST_REQUIRE(!storing);
            storing.emplace(now + store_takes, *fx.persist);
            if (fx.new_lineage) ++lineages;
        }
        directives.insert(directives.end(), fx.directives.begin(), fx.directives.end());
        for (auto const& d : fx.directives)
            deliver(d);
    }

    void deliver(outgoing const& d)
    {
        auto found = people.find(d.to.name);
        if (found == people.end()) return;
        auto& c = found->second;
        if (!c.up || !c.hears || c.who != d.to || !c.promises) return;
        auto const& heard = d.directive.config;
        BOOST_CHECK_EQUAL(heard, registry.current);  // told only what is durable
        if (heard.at < c.promised || heard.contradicts(c.promised, c.promised_id)) return;
        c.config = heard;
        c.draining = d.directive.drain;
        c.learning = d.directive.learning;
        if (d.directive.lease_for && heard.at == c.promised && !c.stepping_down)
            c.lease_until = *d.directive.lease_for + how.lease;
        if (heard.at > c.promised)
        {
            c.promised = heard.at;
            c.promised_id = heard.id;
            c.lease_until = {};
            c.next_heartbeat = now;  // says so at once
        }
        if (c.learning && c.learning->learner == c.who && c.learns)
        {
            auto const& source = people.at(c.learning->source.name);
            c.end = source.end;
            c.end_in = source.end_in;
            c.commit = source.commit;
        }
    }

    void check_stored(record const& before)
    {
        auto const& made = registry.current;
        history.push_back(made);
        BOOST_CHECK(!made.members.empty());
        if (made.state == config_state::pending)
        {
            if (epochs_may_jump)
                BOOST_CHECK_GT(made.at, before.current.at);
            else
                BOOST_CHECK_EQUAL(made.at, before.current.at.next());
            return;
        }
        BOOST_CHECK_EQUAL(made.at, before.current.at);
        BOOST_CHECK_EQUAL(made.id, before.current.id);
        BOOST_CHECK_EQUAL(made.members, before.current.members);
        for (auto const& m : before.last_active.members)
        {
            auto const& c = people.at(m.name);
            bool const left = !c.up || c.who != m || c.promised > before.last_active.at;
            BOOST_CHECK_MESSAGE(left || c.lease_until <= now, m.name << " may still serve reads");
        }
        for (auto const& m : made.members)
        {
            auto const& c = people.at(m.name);
            BOOST_CHECK_MESSAGE(c.end >= acknowledged, m.name << " lacks acknowledged writes");
            BOOST_CHECK(c.promised >= made.at || c.who != m);
        }
    }

    std::uint8_t stores_ = 0;
    std::uint8_t boots_ = 100;
    std::uint8_t runs_ = 0;
    std::uint64_t requests_ = 0;
};

// A town whose chain of n1, n2, n3 is ACTIVE and has acknowledged ten writes.
struct settled_town : town
{
    explicit settled_town(std::vector<std::string> const& all = {"n1", "n2", "n3"}) : town(all)
    {
        std::string chain;
        for (auto const& n : all)
        {
            start(n);
            chain += (chain.empty() ? "" : " ") + n;
        }
        BOOST_REQUIRE(becomes(chain));
        write(seq{10});
        run(1500ms);  // heard, leased, watermark stored
    }

    // n1 fails, n2 and n3 go on; then the registry is a copy from before that. The history begins there.
    void restore_older_registry()
    {
        auto const copy = registry;
        kill("n1");
        BOOST_REQUIRE(becomes("n2 n3", 100ms));
        stop_config();
        registry = copy;
        history.clear();
        start_config();
        run(1s);
    }
};

// Of want 3, with n4 as a spare.
struct town_with_a_spare : settled_town
{
    town_with_a_spare()
    {
        start("n4").learns = false;
        add("n4");
        run(50ms);
        want(3);
        run(50ms);
        of("n4").learns = true;
        run(200ms);
        BOOST_REQUIRE(active("n1 n2 n3"));
        BOOST_REQUIRE_EQUAL(registry.want, 3u);
    }
};

}  // namespace chaind::control::testing
