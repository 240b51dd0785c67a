// sim_mistakes: proves that the simulator bites. Each mistake of mistakes.txt is planted; its profile must
// fail within 1,000 seeds, the remembered one first. With --search RULE[,RULE]: where does that mistake fail,
// over all profiles?

#include "sim/mistakes.hpp"

#include "sim/app.hpp"
#include "sim/profile.hpp"
#include "sim/run.hpp"

#include <sodium.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

namespace chaind::sim
{
namespace
{

constexpr std::uint64_t seeds_max = 1000;

struct found
{
    std::uint64_t seed = 0;
    std::string failure;
};

app_kind application_without(store_rule broken)
{
    auto const kept = [broken](store_rule which) { return which != broken; };
    auto out = plain_app(rule(rule_id::retries_are_deduplicated));
    auto& store = out.habits;
    store.checks_the_digest = kept(store_rule::snapshot_digest_is_checked);
    store.hashes_the_part_again = kept(store_rule::a_part_is_hashed_again);
    store.offers_committed_only = kept(store_rule::snapshot_covers_only_committed);
    store.ends_at_the_mark = kept(store_rule::a_snapshot_ends_at_its_mark);
    store.gives_a_new_identity = kept(store_rule::identity_is_not_inherited);
    store.installs_whole = kept(store_rule::an_installation_is_whole);
    store.writes_again = kept(store_rule::a_start_writes_again);
    store.snapshot.dedupe = kept(store_rule::a_snapshot_keeps_the_dedupe_table);
    store.snapshot.counters = kept(store_rule::a_snapshot_keeps_the_counters);
    return out;
}

std::optional<found> try_seed(mistake const& what, std::uint64_t seed)
{
    plant_mistake(what.rules.core, what.rules.also);
    auto result = run_one(seed, what.profile, what.policy, application_without(what.rules.store));
    plant_mistake(rule_id::none);
    if (result.failure.empty()) return std::nullopt;
    return found{seed, result.failure};
}

std::optional<found> try_seeds(mistake const& what, std::uint64_t first, std::uint64_t last)
{
    for (auto seed = first; seed <= last; ++seed)
        if (auto caught = try_seed(what, seed)) return caught;
    return std::nullopt;
}

char const* policy_name(chain::forwarding policy)
{
    return policy == chain::forwarding::parallel ? "fp" : "pf";
}

bool prove(mistake const& what)
{
    std::optional<found> caught;
    if (what.seed != 0) caught = try_seed(what, what.seed);
    if (!caught) caught = try_seeds(what, 1, seeds_max);
    std::printf(
        "%-4s %-42s %-4s %s  %s\n",
        caught ? "ok" : "MISS",
        name(what.rules).c_str(),
        what.profile.c_str(),
        policy_name(what.policy),
        caught ? (std::to_string(caught->seed) + ": " + caught->failure.substr(0, 110)).c_str() : ""
    );
    std::fflush(stdout);
    return caught.has_value();
}

// Every second mistake in a process of its own, so that both cores work.
int prove_all(std::vector<mistake> const& all, std::size_t jobs)
{
    std::vector<pid_t> workers;
    for (std::size_t share = 0; share < jobs; ++share)
    {
        auto pid = ::fork();
        if (pid < 0) throw std::runtime_error("no process");
        if (pid == 0)
        {
            bool good = true;
            for (std::size_t i = share; i < all.size(); i += jobs)
                good = prove(all[i]) && good;
            ::_exit(good ? 0 : 1);
        }
        workers.push_back(pid);
    }
    int bad = 0;
    for (auto pid : workers)
    {
        int status = 0;
        ::waitpid(pid, &status, 0);
        bad += status != 0;
    }
    std::printf(
        "%zu planted mistakes, %s\n", all.size(), bad == 0 ? "each was noticed" : "NOT all were noticed"
    );
    return bad == 0 && all.size() >= 52 ? 0 : 1;
}

// Where it fails, over all profiles, or `only` that one.
void search(std::string_view broken, std::string_view also, std::uint64_t last, std::string const& only)
{
    mistake what{.rules = rules_by_name(broken, also), .profile = {}};
    for (auto profile : profile_names())
    {
        if (!only.empty() && only != profile) continue;
        for (auto policy : {chain::forwarding::persist_first, chain::forwarding::parallel})
        {
            what.profile = profile;
            what.policy = policy;
            auto caught = try_seeds(what, 1, last);
            if (!caught) continue;
            std::printf(
                "%s %s %s %s %llu  # %s\n",
                std::string(broken).c_str(),
                also.empty() ? "-" : std::string(also).c_str(),
                what.profile.c_str(),
                policy_name(policy),
                static_cast<unsigned long long>(caught->seed),
                caught->failure.c_str()
            );
            std::fflush(stdout);
        }
    }
}

int run(int argc, char** argv)
{
    std::string file, rules, profile;
    std::uint64_t last = 30;
    std::size_t jobs = 1;
    for (int i = 1; i + 1 < argc; i += 2)
    {
        std::string option = argv[i];
        std::string value = argv[i + 1];
        if (option == "--file")
            file = value;
        else if (option == "--search")
            rules = value;
        else if (option == "--seeds")
            last = std::stoull(value);
        else if (option == "--profile")
            profile = value;
        else if (option == "--jobs")
            jobs = std::stoull(value);
        else
            throw std::invalid_argument("unknown option " + option);
    }
    if (rules.empty()) return prove_all(read_mistakes(file), jobs);
    if (rules == "all")
        for (auto const each : rule_names())
            search(each, {}, last, profile);
    else
    {
        auto const comma = rules.find(',');
        auto const also = comma == std::string::npos ? std::string() : rules.substr(comma + 1);
        search(rules.substr(0, comma), also, last, profile);
    }
    return 0;
}

}  // namespace
}  // namespace chaind::sim

int main(int argc, char** argv)
{
    try
    {
        if (::sodium_init() < 0) throw std::runtime_error("libsodium cannot start");
        return chaind::sim::run(argc, argv);
    }
    catch (std::exception const& problem)
    {
        std::fprintf(stderr, "sim_mistakes: %s\n", problem.what());
        return 2;
    }
}
