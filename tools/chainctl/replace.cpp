// replace: one machine for another, never one short.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/progress.hpp"
#include "chainctl/service.hpp"

namespace chaind::chainctl
{

int run_replace(invocation const& call)
{
    auto const& name = call.words.front();
    auto const with = call.value("--with");
    if (!name_is_good(name) || (!with.empty() && !name_is_good(with)) || !wait_limit_is_good(call))
        return exit_usage;
    boost::json::object body;
    if (!with.empty()) body["with"] = with;
    if (!confirmed(call, "Replace " + name + "? It does not come back by itself.", name)) return exit_usage;
    auto got = change(call, "/v1/nodes/" + name + "/replace", std::move(body));
    if (!got.body) return got.status;
    if (call.dry_run)
        return would(
            call,
            *got.body,
            "would bring in " + (with.empty() ? "the first machine that stands by" : with) +
                " and then take out " + name
        );
    auto const successor = text_at(*got.body, "with", with);
    if (call.has("--no-wait"))
        return changed(
            call, *got.body, successor + " comes in, then " + name + " leaves; see `chainctl status`"
        );
    auto const replaced = [&](boost::json::object const& status)
    { return is_member(status, name) ? std::nullopt : in_the_chain(status, successor); };
    // A crash right after the exchange, or somebody else, may have undone it.
    auto const over = [&](boost::json::object const& status) -> std::optional<std::string>
    {
        // The old one leaves a moment after it is marked.
        bool const exchanged =
            is_member(status, successor) && (is_listed(status, "removed", name) || !is_member(status, name));
        if (exchanged || object_at(status, "changing").contains("replacing")) return std::nullopt;
        return whereabouts(status, successor) + ", " + whereabouts(status, name);
    };
    if (int const ended = wait_until(call, {.node = successor, .over = over}, replaced, *got.body);
        ended != exit_done)
        return ended;
    return changed(call, *got.body, name + " has been replaced by " + successor);
}

}  // namespace chaind::chainctl
