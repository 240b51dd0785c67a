// force-epoch: the last resort.

#include "base/listed.hpp"
#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/output.hpp"
#include "chainctl/progress.hpp"
#include "chainctl/service.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace chaind::chainctl
{
namespace
{

constexpr char const* explanation =
    "force-epoch goes on with one machine alone. Use it only when the others are gone for ever:\n"
    "  - What they acknowledged and this machine does not hold is lost.\n"
    "  - Those of them that still run out of configd's sight may go on acknowledging messages among "
    "themselves,\n"
    "    and those are lost: stop chaind there first. This command looks where it can.\n"
    "  - The chain gets a new lineage: every client fetches its conversations again.\n"
    "  - A machine that returns with messages of its own has its database set aside, not merged.\n"
    "A chain that can go on by itself refuses this.";

constexpr int looks_at_most = 4;
constexpr std::chrono::milliseconds between_looks{300};

// The one machine that is there, if nobody is named.
std::optional<std::string> only_one(boost::json::object const& known, int& status)
{
    std::vector<std::string> alive;
    std::string names;
    for (auto const& value : list_at(known, "nodes"))
        // One that an administrator has removed was given up before.
        if (is_heard(value) && text_at(value.get_object(), "state") != "removed")
        {
            alive.push_back(text_at(value.get_object(), "name"));
            names += "\n            " + alive.back() + ", its log ends at " +
                     count_at(value.get_object(), "log_end");
        }
    if (alive.size() == 1) return alive.front();
    status = alive.empty() ? exit_unavailable : exit_usage;
    if (alive.empty())
        say("chainctl: no machine is there to go on with; start one");
    else
        say("chainctl: several machines are there; name the one to go on with, the one with the longest "
            "log:" +
            names);
    return std::nullopt;
}

// A machine that was known, and where its clients find it.
struct known_machine
{
    std::string name;
    std::string url;
};

// Which of them take writes, all asked at the same time. One that answers and does not now may be late for a
// moment. Another chain may have taken the port meanwhile.
std::set<std::string> who_takes_writes(invocation const& call, std::vector<known_machine> asked)
{
    auto const ours = last_lineage(call);
    std::set<std::string> out;
    for (int look = 0; look < looks_at_most && !asked.empty(); ++look)
    {
        if (look > 0) std::this_thread::sleep_for(between_looks);
        std::vector<known_machine> again;
        questions all;
        for (auto const& machine : asked)
        {
            auto const hear = [&](result<response> const& got, bool)
            {
                if (!got) return;
                if (got->status != 200 || !got->body.is_object()) return again.push_back(machine);
                auto const& said = got->body.get_object();
                if (auto const its = text_at(said, "lineage"); its.empty() || (!ours.empty() && its != ours))
                    return;
                auto const state = text_at(said, "state");
                if (state == "healthy" || state == "degraded")
                    out.insert(machine.name);
                else
                    again.push_back(machine);
            };
            all.ask({machine.url}, "GET", "/api/v1/status", limit_of_look(call), {}, hear);
        }
        all.run();
        asked = std::move(again);
    }
    return out;
}

// Machines that are heard and whose logs are longer: "n2 (4), n3 (4)".
std::string who_has_more(boost::json::object const& known, std::string const& chosen)
{
    auto const& nodes = list_at(known, "nodes");
    auto const* const its = row_of(nodes, chosen);
    if (its == nullptr || !its->contains("log_end")) return {};
    std::string out;
    for (auto const& value : nodes)
    {
        if (!is_heard(value)) continue;
        auto const& row = value.get_object();
        if (!row.contains("log_end") || number_at(row, "log_end") <= number_at(*its, "log_end")) continue;
        add_listed(out, text_at(row, "name") + " (" + count_at(row, "log_end") + ")");
    }
    return out;
}

// What is lost for certain. The others may have acknowledged more than configd has heard of.
std::string what_is_given_up(boost::json::object const& known, std::string const& chosen)
{
    auto const committed = number_at(known, "committed");
    for (auto const& value : list_at(known, "nodes"))
    {
        if (!value.is_object() || text_at(value.get_object(), "name") != chosen) continue;
        auto const& row = value.get_object();
        if (!is_heard(value) || !row.contains("log_end")) break;
        auto const end = number_at(row, "log_end");
        if (end < committed)
            return "  The log of " + chosen + " ends at " + with_thousands(end) + ", and " +
                   with_thousands(committed) + " was committed: " + with_thousands(committed - end) +
                   " entries are lost, and whatever the others acknowledged since.";
        if (auto const others = who_has_more(known, chosen); !others.empty())
            return "  The log of " + chosen + " ends at " + with_thousands(end) +
                   ", and longer ones are there: " + others +
                   ". What they have beyond that is lost; force-epoch on the longest one loses less.";
        return "  The log of " + chosen + " ends at " + with_thousands(end) +
               " and has all that is known to be committed, up to " + with_thousands(committed) +
               "; the others may have acknowledged more.";
    }
    return "  What the log of " + chosen + " lacks is not known here.";
}

// Machines that take writes whatever configd says of the chain, and whether it hears their names or not
// (another process may speak for one): nobody tells them that they are given up.
std::string who_still_serves(invocation const& call, std::string const& chosen)
{
    std::vector<known_machine> others;
    for (auto const& row : last_known(call))
    {
        if (!row.is_object()) continue;
        auto name = text_at(row.get_object(), "name");
        auto url = text_at(row.get_object(), "client_url");
        if (!url.empty() && name != chosen) others.push_back({std::move(name), std::move(url)});
    }
    auto const serving = who_takes_writes(call, others);
    std::string out;
    for (auto const& [name, url] : others)
        if (serving.contains(name)) add_listed(out, name + " at " + url);
    return out;
}

bool goes_on(boost::json::object const& status)
{
    auto const state = text_at(status, "state");
    return (state == "healthy" || state == "degraded") && object_at(status, "registry").empty() &&
           !object_at(status, "config_service").contains("hears_nobody");
}

}  // namespace

int run_force_epoch(invocation const& call)
{
    if (!call.words.empty() && !name_is_good(call.words.front())) return exit_usage;
    auto const known = ask(call, "GET", "/v1/nodes");
    if (!known.body) return known.status;
    // Before people have read what they would lose. Whether it may be is configd's to decide.
    bool const decided = call.dry_run || call.has("--i-understand-data-may-be-lost");
    auto const now = decided || call.words.empty() ? ask(call, "GET", "/v1/status") : answer{};
    if (now.body && goes_on(*now.body))
    {
        say("chainctl: the chain goes on by itself; see `chainctl status`");
        return decided ? exit_failed : exit_usage;
    }
    int status = exit_done;
    auto const chosen =
        call.words.empty() ? only_one(*known.body, status) : std::optional(call.words.front());
    if (!chosen) return status;
    auto const& name = *chosen;
    say(explanation);
    say(what_is_given_up(*known.body, name));
    if (!call.dry_run && !call.has("--i-understand-data-may-be-lost"))
    {
        say("chainctl: nothing was done; add --i-understand-data-may-be-lost");
        return exit_usage;
    }
    // From a script the long flag is the answer.
    if (stdin_is_terminal() && !confirmed(call, "Go on with " + name + " alone?", name)) return exit_usage;
    auto const others = who_still_serves(call, name);
    if (!others.empty())
    {
        say("chainctl: these machines take writes, which would be lost, and configd does not hear that: " +
            others);
        say("          next: stop chaind there, or mend the network between them and configd");
        return exit_failed;
    }
    auto const got = change(call, "/v1/force-epoch", {{"node", name}});
    if (!got.body) return got.status;
    if (call.dry_run) return would(call, *got.body, "would go on with " + name + " alone, in a new lineage");
    return changed(
        call,
        *got.body,
        name + " goes on alone since epoch " + std::to_string(number_at(*got.body, "epoch")) + ", lineage " +
            text_at(*got.body, "lineage")
    );
}

}  // namespace chaind::chainctl
