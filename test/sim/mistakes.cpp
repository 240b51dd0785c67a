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

// Rules that are kept outside of the cores: by the application and by the store.
app_kind application_with_mistakes()
{
    auto out = plain_app(rule(r::retries_are_deduplicated));
    auto& store = out.habits;
    store.checks_the_digest = rule(r::snapshot_digest_is_checked);
    store.hashes_the_part_again = rule(r::a_part_is_hashed_again);
    store.offers_committed_only = rule(r::snapshot_covers_only_committed);
    store.ends_at_the_mark = rule(r::a_snapshot_ends_at_its_mark);
    store.gives_a_new_identity = rule(r::identity_is_not_inherited);
    store.installs_whole = rule(r::an_installation_is_whole);
    store.writes_again = rule(r::a_start_writes_again);
    store.snapshot.dedupe = rule(r::a_snapshot_keeps_the_dedupe_table);
    store.snapshot.counters = rule(r::a_snapshot_keeps_the_counters);
    return out;
}

std::optional<found> try_seed(mistake const& what, std::uint64_t seed)
{
    plant_mistake(what.broken, what.also);
    auto result = run_one(seed, what.profile, what.policy, application_with_mistakes());
    plant_mistake(r::none);
    if (result.failure.empty()) return std::nullopt;
    return found{seed, result.failure};
}

std::optional<found> try_seeds(mistake const& what, std::uint64_t first, std::uint64_t last)
{
    for (auto seed = first; seed <= last; ++seed)
        if (auto caught = try_seed(what, seed)) return caught;
    return std::nullopt;
}

char const* name(chain::forwarding policy)
{
    return policy == chain::forwarding::parallel ? "fp" : "pf";
}

bool prove(mistake const& what)
{
    std::optional<found> caught;
    if (what.seed != 0) caught = try_seed(what, what.seed);
    if (!caught) caught = try_seeds(what, 1, seeds_max);
    auto also = what.also == r::none ? std::string() : " + " + std::string(sim::name(what.also));
    std::printf(
        "%-4s %-42s %-4s %s  %s\n",
        caught ? "ok" : "MISS",
        (std::string(sim::name(what.broken)) + also).c_str(),
        what.profile.c_str(),
        name(what.policy),
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

void search(mistake what, std::uint64_t last, std::string const& only)
{
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
                std::string(sim::name(what.broken)).c_str(),
                what.also == r::none ? "-" : std::string(sim::name(what.also)).c_str(),
                what.profile.c_str(),
                name(policy),
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
    auto comma = rules.find(',');
    mistake what;
    if (comma != std::string::npos) what.also = rule_by_name(rules.substr(comma + 1));
    if (rules == "all")
        for (auto each : rule_names())
        {
            what.broken = rule_by_name(each);
            search(what, last, profile);
        }
    else
    {
        what.broken = rule_by_name(rules.substr(0, comma));
        search(what, last, profile);
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
