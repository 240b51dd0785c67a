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
    auto const address = call.words.size() > 1 ? call.words.at(1) : std::string();
    if (!name_is_good(name) || !wait_limit_is_good(call)) return exit_usage;
    auto const colon = address.rfind(':');
    if (!address.empty() && (colon == std::string::npos || colon + 1 == address.size()))
    {
        say("chainctl: " + address + " is no address: HOST:PORT where the new chaind listens for replicas");
        return exit_usage;
    }
    boost::json::object body;
    if (!address.empty()) body["address"] = address;
    auto got = change(call, "/v1/nodes/" + name + "/add", std::move(body));
    if (!got.body) return got.status;
    if (call.dry_run)
        return would(
            call,
            *got.body,
            "would take " + name + (address.empty() ? "" : " at " + address) +
                " into the chain and want one machine more"
        );
    if (call.has("--no-wait"))
        return changed(call, *got.body, name + " may join; `chainctl status` shows how it goes");

    std::string role;
    auto const spliced = [&](boost::json::object const& status)
    {
        role = role_of(status, name);
        return in_the_chain(status, name);
    };
    auto const over = [&](boost::json::object const& status) { return kept_out(status, name); };
    if (int const ended = wait_until(call, {.node = name, .over = over}, spliced, *got.body);
        ended != exit_done)
        return ended;
    (*got.body)["role"] = role;
    auto const epoch = text_at(*got.body, "epoch");
    auto const line = was_so_already(*got.body)
                          ? name + " is in the chain as " + role + ", epoch " + epoch
                          : name + " is in the chain as its " + role + " since epoch " + epoch;
    return changed(call, *got.body, line);
}

}  // namespace chaind::chainctl
