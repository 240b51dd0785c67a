// remove-node: out of the chain for good.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/service.hpp"

namespace chaind::chainctl
{

int run_remove_node(invocation const& call)
{
    auto const& name = call.words.front();
    if (!name_is_good(name)) return exit_usage;
    if (!confirmed(call, "Take " + name + " out of the chain? It does not come back by itself.", name))
        return exit_usage;
    auto const got = change(call, "/v1/nodes/" + name + "/remove");
    if (!got.body) return got.status;
    if (call.dry_run)
        return would(
            call, *got.body, "would take " + name + " out of the chain; the others keep every message"
        );
    auto const epoch = std::to_string(number_at(*got.body, "epoch"));
    auto const line = was_so_already(*got.body)
                          ? name + " was out of the chain already; nothing was changed in epoch " + epoch
                          : name + " is out of the chain since epoch " + epoch;
    return changed(call, *got.body, line);
}

}  // namespace chaind::chainctl
