// add-node: a machine joins while the chain goes on.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/progress.hpp"
#include "chainctl/service.hpp"

namespace chaind::chainctl
{

int run_add_node(invocation const& call)
{
    auto const& name = call.words.at(0);
    auto const& address = call.words.at(1);
    if (!name_is_good(name) || !wait_limit_is_good(call)) return exit_usage;
    if (auto const colon = address.rfind(':'); colon == std::string::npos || colon + 1 == address.size())
    {
        say("chainctl: " + address + " is no address: HOST:PORT where the new chaind listens for replicas");
        return exit_usage;
    }
    auto got = change(call, "/v1/nodes/" + name + "/add", {{"address", address}});
    if (!got.body) return got.status;
    if (call.dry_run)
        return would(
            call,
            *got.body,
            "would take " + name + " at " + address + " into the chain and want one machine more"
        );
    auto out = std::move(*got.body);
    out["schema"] = "chainctl.add-node.v1";
    out["node"] = name;
    if (call.has("--no-wait"))
        return done(call, std::move(out), name + " may join; `chainctl status` shows how it goes");

    std::string role;
    std::uint64_t epoch = 0;
    auto const spliced = [&](boost::json::object const& status)
    {
        role = role_of(status, name);
        epoch = number_at(status, "epoch");
        return in_the_chain(status, name);
    };
    // Somebody else may have taken it out before it was in.
    auto const over = [&](boost::json::object const& status) -> std::optional<std::string>
    {
        if (!is_listed(status, "removed", name) && !is_listed(status, "drained", name)) return std::nullopt;
        return whereabouts(status, name);
    };
    if (int const ended = wait_until(call, {.node = name, .over = over}, spliced); ended != exit_done)
        return ended;
    out["epoch"] = epoch;
    out["role"] = role;
    auto const line =
        was_so_already(out)
            ? name + " is in the chain as " + role + ", epoch " + std::to_string(epoch)
            : name + " is in the chain as its " + role + " since epoch " + std::to_string(epoch);
    return done(call, std::move(out), line);
}

}  // namespace chaind::chainctl
