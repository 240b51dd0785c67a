// drill: kill one process on purpose and measure how long clients had to wait.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/service.hpp"

#include <iostream>

namespace chaind::chainctl
{
namespace
{

using clock = std::chrono::steady_clock;

struct target
{
    std::string name;
    std::vector<std::string> others;  // base URLs of the admin listeners of the machines that remain
};

// The machine in that place, when there is one.
std::optional<target> find_target(boost::json::object const& status, std::string const& role)
{
    target out;
    for (auto const& value : list_at(status, "chain"))
    {
        if (!value.is_object()) continue;
        auto const& node = value.get_object();
        if (out.name.empty() && text_at(node, "role") == role)
            out.name = text_at(node, "name");
        else
            out.others.push_back("http://" + text_at(node, "admin_addr"));
    }
    if (out.name.empty()) return std::nullopt;
    return out;
}

// One small write through the chain by way of that replica: true when it was committed.
bool probe(std::string const& replica)
{
    auto const got = request(endpoint{replica}, "POST", "/probe", std::chrono::seconds(2));
    return got && got->status == 200;
}

// Writes one after another for at least `least`, until writes succeed again; the longest time between two
// that did.
std::optional<std::chrono::milliseconds> longest_gap(
    std::vector<std::string> const& replicas, clock::duration least
)
{
    auto const start = clock::now();
    auto last = start;
    clock::duration longest{};
    for (std::size_t turn = 0; clock::now() - start < std::chrono::seconds(30); ++turn)
    {
        if (!probe(replicas[turn % replicas.size()])) continue;
        auto const now = clock::now();
        longest = std::max(longest, now - last);
        last = now;
        if (now - start > least) return std::chrono::duration_cast<std::chrono::milliseconds>(longest);
    }
    return std::nullopt;
}

}  // namespace

int run_drill(invocation const& call)
{
    auto const& what = call.words.front();
    if (what != "kill-head" && what != "kill-middle" && what != "kill-tail")
    {
        say("chainctl: no drill " + what + ": kill-head, kill-middle or kill-tail");
        return exit_usage;
    }
    unanswered how;
    auto const status = fetch_status(call, &how);
    if (!status) return nobody_told(call, how);
    auto const found = find_target(*status, what.substr(5));
    if (!found || found->others.empty())
    {
        say("chainctl: this chain has no " + what.substr(5) + " whose loss the others could survive");
        return exit_no_such_object;
    }
    auto const least = number_at(object_at(*status, "replicas"), "min");
    auto const left = found->others.size() + list_at(*status, "spares").size();
    if (left < least)
    {
        say("chainctl: without " + found->name +
            " the chain takes no writes until it is back: " + std::to_string(left) +
            " would be left, and min-replicas is " + std::to_string(least) + "; nothing was killed");
        say("          next: take in another machine (`chainctl add-node`), or set min-replicas of chaind "
            "lower on "
            "each machine and restart it");
        return exit_failed;
    }
    auto const target = "/v1/nodes/" + found->name + "/abort";
    if (call.dry_run)
    {
        auto const judged = change(call, target);
        return judged.body
                   ? would(call, *judged.body, "would end chaind on " + found->name + " as kill -9 does")
                   : judged.status;
    }
    if (!confirmed(call, "End chaind on " + found->name + " as kill -9 does?", found->name))
        return exit_usage;
    if (!probe(found->others.front()))
    {
        say("chainctl: " + found->others.front() + " does not take writes now; nothing was killed");
        return exit_unavailable;
    }
    auto const killed = ask(call, "POST", target);
    if (!killed.body) return killed.status;
    auto const gap = longest_gap(found->others, std::chrono::seconds(2));
    if (!gap)
    {
        say("chainctl: no write succeeded within 30 s of the kill; see `chainctl status`");
        return exit_failed;
    }
    if (call.as == format::json || call.as == format::jsonl)
        print_json({{"schema", "chainctl.drill.v1"}, {"killed", found->name}, {"gap_ms", gap->count()}});
    else
        std::cout << found->name
                  << " was killed; the longest that a client waited between two writes: " << gap->count()
                  << " ms\nnext: start chaind on " << found->name
                  << "; it catches up and comes back by itself\n";
    return exit_done;
}

}  // namespace chaind::chainctl
