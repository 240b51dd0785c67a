#include "sim/batch.hpp"

#include "sim/applications.hpp"
#include "sim/profile.hpp"
#include "sim/run.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <numeric>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <type_traits>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace chaind::sim
{
namespace
{

struct task
{
    std::uint64_t seed;
    std::string profile;
    chain::forwarding policy;
    std::string app;
};

char const* name(chain::forwarding policy)
{
    return policy == chain::forwarding::parallel ? "fp" : "pf";
}
chain::forwarding to_policy(std::string const& text)
{
    if (text == "fp") return chain::forwarding::parallel;
    if (text == "pf") return chain::forwarding::persist_first;
    throw std::invalid_argument("no forwarding policy " + text);
}

constexpr std::size_t profiles_max = 32;
constexpr std::size_t acks_told = 999;  // more are told as so many
constexpr std::size_t acks_least = 50;  // in half of the runs

// What a worker process reports of a share of the tasks; plain bytes, so that it fits through a pipe.
struct report
{
    std::uint64_t runs = 0;
    std::uint64_t failures = 0;
    std::int64_t simulated_us = 0;
    std::uint64_t traces = 0;  // sum of the hashes: the same as long as each run is the same
    coverage count;
    // Runs of each profile by how many writes were acknowledged under faults.
    std::array<std::array<std::uint32_t, acks_told + 1>, profiles_max> runs_by_acks{};

    void add(report const& other)
    {
        runs += other.runs;
        failures += other.failures;
        simulated_us += other.simulated_us;
        traces += other.traces;
        count.add(other.count);
        for (std::size_t p = 0; p < profiles_max; ++p)
            for (std::size_t acks = 0; acks <= acks_told; ++acks)
                runs_by_acks[p][acks] += other.runs_by_acks[p][acks];
    }
    // Half of the runs of that profile acknowledged no more; nothing: there were no runs.
    [[nodiscard]] std::optional<std::size_t> median_acks(std::size_t p) const
    {
        auto const& runs_with = runs_by_acks[p];
        auto const half = (std::accumulate(runs_with.begin(), runs_with.end(), 0u) + 1) / 2;
        if (half == 0) return std::nullopt;
        std::size_t acks = 0;
        for (auto seen_runs = runs_with[0]; seen_runs < half; seen_runs += runs_with[acks])
            ++acks;
        return acks;
    }
};
static_assert(std::is_trivially_copyable_v<report>);

bool write_whole(int pipe, report const& from)
{
    auto const* bytes = reinterpret_cast<char const*>(&from);
    for (std::size_t done = 0; done < sizeof from;)
    {
        auto const n = ::write(pipe, bytes + done, sizeof from - done);
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

bool read_whole(int pipe, report& to)
{
    auto* bytes = reinterpret_cast<char*>(&to);
    for (std::size_t done = 0; done < sizeof to;)
    {
        auto const n = ::read(pipe, bytes + done, sizeof to - done);
        if (n <= 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

std::size_t profile_index(std::string_view profile)
{
    auto const& all = profile_names();
    return static_cast<std::size_t>(std::find(all.begin(), all.end(), profile) - all.begin());
}

void run_task(task const& what, bool print, bool twice, report& to)
{
    // Each run has files of its own.
    auto run = [&what](bool shown)
    { return run_one(what.seed, what.profile, what.policy, application(what.app), shown); };
    auto result = run(print);
    if (twice && result.failure.empty())
    {
        auto const again = run(false);
        if (again.trace_hash != result.trace_hash)
            result.failure = "I22: the same seed gave two traces; the second: " + again.failure;
    }
    to.runs += 1;
    to.simulated_us += result.simulated_us;
    to.traces += result.trace_hash;
    to.count.add(result.count);
    auto const acks = static_cast<std::size_t>(result.count.of(seen::acks_under_faults));
    to.runs_by_acks[profile_index(what.profile)][std::min(acks, acks_told)] += 1;
    if (print) std::printf("trace hash %016llx\n", static_cast<unsigned long long>(result.trace_hash));
    if (result.failure.empty()) return;
    to.failures += 1;
    std::printf(
        "FAILED seed %llu profile %s policy %s: %s\n  replay: chaind_sim --seed %llu --profile %s --policy "
        "%s --app %s --trace\n",
        static_cast<unsigned long long>(what.seed),
        what.profile.c_str(),
        name(what.policy),
        result.failure.c_str(),
        static_cast<unsigned long long>(what.seed),
        what.profile.c_str(),
        name(what.policy),
        what.app.c_str()
    );
    std::fflush(stdout);
}

class task_source
{
public:
    explicit task_source(arguments const& how) : how_(how), seed_(how.first)
    {
        if (how.regressions.empty()) return;
        std::ifstream in(how.regressions);
        if (!in) throw std::invalid_argument("cannot read " + how.regressions);
        for (std::string line; std::getline(in, line);)
        {
            std::istringstream fields(line);
            std::string seed, profile, policy, app;
            if (line.empty() || line[0] == '#' || !(fields >> seed >> profile >> policy >> app)) continue;
            listed_.push_back({std::stoull(seed), profile, to_policy(policy), app});
        }
    }

    std::optional<task> next()
    {
        if (!how_.regressions.empty())
        {
            if (at_ == listed_.size()) return std::nullopt;
            return listed_[at_++];
        }
        if (seed_ > how_.last && how_.minutes <= 0) return std::nullopt;
        task out{seed_, how_.profiles[profile_], how_.policies[policy_], how_.app};
        if (++policy_ < how_.policies.size()) return out;
        policy_ = 0;
        if (++profile_ < how_.profiles.size()) return out;
        profile_ = 0;
        ++seed_;
        return out;
    }

private:
    arguments const& how_;
    std::vector<task> listed_;
    std::size_t at_ = 0, profile_ = 0, policy_ = 0;
    std::uint64_t seed_;
};

report run_share(arguments const& how, int share)
{
    report out;
    task_source tasks(how);
    auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(how.minutes * 60);
    for (std::uint64_t i = 0;; ++i)
    {
        if (how.minutes > 0 && std::chrono::steady_clock::now() > end) break;
        auto each = tasks.next();
        if (!each) break;
        if (i % static_cast<std::uint64_t>(how.jobs) != static_cast<std::uint64_t>(share)) continue;
        run_task(*each, how.trace, i % 97 == 5, out);
        if (how.first_failure && out.failures > 0) break;
    }
    return out;
}

report run_all(arguments const& how)
{
    if (how.jobs == 1) return run_share(how, 0);
    std::vector<std::pair<pid_t, int>> workers;
    for (int share = 0; share < how.jobs; ++share)
    {
        int ends[2];
        if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
        std::fflush(stdout);
        auto pid = ::fork();
        if (pid < 0) throw std::runtime_error("no process");
        if (pid == 0)
        {
            ::close(ends[0]);
            auto part = run_share(how, share);
            bool sent = write_whole(ends[1], part);
            std::fflush(stdout);
            ::_exit(sent ? 0 : 1);
        }
        ::close(ends[1]);
        workers.emplace_back(pid, ends[0]);
    }
    report sum;
    for (auto [pid, pipe] : workers)
    {
        report part;
        bool got = read_whole(pipe, part);
        ::close(pipe);
        int status = 0;
        ::waitpid(pid, &status, 0);
        if (!got || status != 0)
        {
            std::printf("FAILED a worker process ended early\n");
            part.failures += 1;
        }
        sum.add(part);
    }
    return sum;
}

// A simulation in which nothing happens proves nothing.
int judge_coverage(arguments const& how, report const& sum)
{
    int failures = 0;
    for (std::size_t i = 0; i < seen_kinds; ++i)
    {
        std::printf(
            "  %-28s %llu\n",
            std::string(sim::name(static_cast<seen>(i))).c_str(),
            static_cast<unsigned long long>(sum.count.counts[i])
        );
        if (how.require_coverage && sum.count.counts[i] == 0)
        {
            std::printf("FAILED nothing of that kind happened\n");
            ++failures;
        }
    }
    for (auto const& profile : how.profiles)
    {
        auto const acks = sum.median_acks(profile_index(profile));
        if (!acks) continue;
        std::printf("  %-5s acknowledged under faults, median of its runs: %zu\n", profile.c_str(), *acks);
        if (how.require_coverage && profile != "idle" && *acks < acks_least)
        {
            std::printf("FAILED too few\n");
            ++failures;
        }
    }
    return failures;
}

std::vector<std::string> split(std::string const& list)
{
    std::vector<std::string> out;
    std::istringstream in(list);
    for (std::string each; std::getline(in, each, ',');)
        out.push_back(each);
    return out;
}

// Of this process and of its workers, which have ended: other programs on the machine make no difference.
double cpu_seconds()
{
    double out = 0;
    for (auto const of : {RUSAGE_SELF, RUSAGE_CHILDREN})
    {
        rusage used{};
        ::getrusage(of, &used);
        for (auto const& part : {used.ru_utime, used.ru_stime})
            out += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) / 1e6;
    }
    return out;
}

}  // namespace

arguments parse_arguments(int argc, char** argv)
{
    arguments out;
    for (int i = 1; i < argc; ++i)
    {
        std::string name = argv[i];
        auto value = [&]() -> std::string
        {
            if (i + 1 >= argc) throw std::invalid_argument(name + " wants a value");
            return argv[++i];
        };
        if (name == "--seed")
            out.first = out.last = std::stoull(value());
        else if (name == "--seeds")
        {
            auto range = value();
            auto dots = range.find("..");
            if (dots == std::string::npos) throw std::invalid_argument("--seeds wants A..B");
            out.first = std::stoull(range.substr(0, dots));
            out.last = std::stoull(range.substr(dots + 2));
        }
        else if (name == "--count")
            out.last = out.first + std::stoull(value()) - 1;
        else if (name == "--profile")
            out.profiles = split(value());
        else if (name == "--policy")
            for (auto const& each : split(value()))
                out.policies.push_back(to_policy(each));
        else if (name == "--app")
            out.app = value();
        else if (name == "--jobs")
            out.jobs = std::max(1, std::stoi(value()));
        else if (name == "--minutes")
            out.minutes = std::stod(value());
        else if (name == "--regressions")
            out.regressions = value();
        else if (name == "--require-coverage")
            out.require_coverage = true;
        else if (name == "--first-failure")
            out.first_failure = true;
        else if (name == "--trace")
            out.trace = true;
        else
            throw std::invalid_argument("unknown option " + name);
    }
    if (out.profiles.empty()) out.profiles.assign(profile_names().begin(), profile_names().end());
    if (out.policies.empty()) out.policies = {chain::forwarding::persist_first, chain::forwarding::parallel};
    for (auto const& each : out.profiles)
        if (profile_index(each) == profile_names().size()) throw std::invalid_argument("no profile " + each);
    return out;
}

int run_batch(arguments const& how)
{
    auto begin = std::chrono::steady_clock::now();
    auto sum = run_all(how);
    auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    auto const cpu = cpu_seconds();
    auto failures = sum.failures + static_cast<std::uint64_t>(judge_coverage(how, sum));
    auto simulated = static_cast<double>(sum.simulated_us) / 1e6;
    std::printf(
        "%llu runs, %llu failed, %.0f s simulated in %.1f s, %.1f s of a core (%.0f x), traces %016llx\n",
        static_cast<unsigned long long>(sum.runs),
        static_cast<unsigned long long>(failures),
        simulated,
        seconds,
        cpu,
        simulated / cpu,
        static_cast<unsigned long long>(sum.traces)
    );
    return failures == 0 ? 0 : 1;
}

}  // namespace chaind::sim
