#include "node/service_words.hpp"

namespace chaind::node
{
namespace
{

// Where the replica waits for what only the config service can bring about.
std::string deaf(chain::service const& now, std::string const& refused, std::string const& answered)
{
    if (!refused.empty()) return ", and the config service does not let it in: " + refused;
    if (now.hears_config) return {};
    if (!answered.empty())
        return ", and the config service answers " + answered +
               ", and not this machine: mend the way between the two";
    return ", and the config service does not answer: start it, or restart it if it hangs";
}

}  // namespace

std::string why_not(chain::service const& now, std::string const& refused, std::string const& answered)
{
    using why = chain::not_served;
    auto const who = now.who.name.str();
    switch (now.why)
    {
        case why::nothing: return {};
        case why::stopping: return "stopping";
        case why::disk_stalled:
            return "its disk has not finished a write for " +
                   std::to_string(now.stalled_for.count() / 1'000'000) +
                   " s: mend it, or move the data folder to another one";
        case why::taking_snapshot: return "taking in a snapshot" + deaf(now, refused, answered);
        case why::catching_up: return "catching up with the chain" + deaf(now, refused, answered);
        case why::not_active: return "not in an active chain" + deaf(now, refused, answered);
        case why::disk_full:
            return "disk full: the disk of " + who +
                   " has no room left; reading and deleting go on, free some space there";
        case why::too_few_replicas: return "fewer replicas than min-replicas";
        case why::taking_its_place: return "taking its place in the chain" + deaf(now, refused, answered);
        case why::apart:
            return who + " does not reach its neighbour in the chain, or its disk stands still" +
                   deaf(now, refused, answered);
        case why::head_refuses: return "the head, " + who + ", takes no writes now; its /readyz says why";
        case why::nothing_commits:
            return "nothing has been committed for 2 s, and something waits: `chainctl nodes` shows whose "
                   "log "
                   "stands still, restart chaind there; where all ends are equal, on the tail";
        case why::too_slow:
            return "what is written becomes visible here only after more than 5 s: a disk of the chain "
                   "is too slow, or a way between its machines";
        // So the config service does answer others.
        case why::overtaken:
            return who + " has gone on to a newer chain" +
                   (now.hears_config
                        ? ""
                        : ", of which the config service tells this machine nothing: mend the way "
                          "between the two");
        case why::unreached:
            return "a member of the chain cannot be reached from here: " + who + deaf(now, refused, answered);
    }
    return {};
}

std::string what_helps(chain::service const& now)
{
    using why = chain::not_served;
    if (now.why == why::disk_stalled) return "mend that disk; the rest happens by itself";
    if (now.why == why::disk_full)
        return "free some space on the disk of " + now.who.name.str() +
               ", or make it larger; the rest happens by itself";
    return {};
}

bool is_cut_off(chain::service const& now)
{
    using why = chain::not_served;
    return now.why == why::unreached || now.why == why::apart || now.why == why::overtaken ||
           now.why == why::nothing_commits;
}

}  // namespace chaind::node
