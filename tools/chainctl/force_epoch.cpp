// force-epoch: the last resort.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/service.hpp"

namespace chaind::chainctl
{
namespace
{

constexpr char const* explanation =
    "force-epoch goes on with one machine alone. Use it only when the others are gone for ever:\n"
    "  - What they acknowledged and this machine does not hold is lost.\n"
    "  - If one of them still runs out of sight, its clients may go on reading old messages for a moment;\n"
    "    what they write there is never acknowledged.\n"
    "  - The chain gets a new lineage: every client fetches its conversations again.\n"
    "  - A machine that returns with messages of its own has its database set aside, not merged.\n"
    "A chain that can go on by itself refuses this.";

}  // namespace

int run_force_epoch(invocation const& call)
{
    auto const& name = call.words.front();
    if (!name_is_good(name)) return exit_usage;
    say(explanation);
    if (call.dry_run)
    {
        say("would go on with " + name + " alone, in a new lineage");
        return exit_done;
    }
    if (!call.has("--i-understand-data-may-be-lost"))
    {
        say("chainctl: nothing was done; add --i-understand-data-may-be-lost");
        return exit_usage;
    }
    if (!confirmed(call, "Go on with " + name + " alone?", name)) return exit_usage;
    auto const got = change(call, "/v1/force-epoch", {{"node", name}});
    if (!got.body) return got.status;
    return done(
        call,
        *got.body,
        name + " goes on alone since epoch " + std::to_string(number_at(*got.body, "epoch")) + ", lineage " +
            text_at(*got.body, "lineage")
    );
}

}  // namespace chaind::chainctl
