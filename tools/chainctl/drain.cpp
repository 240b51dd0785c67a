// drain, undrain: out of the chain for a while, clients first; and back.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/leaving.hpp"
#include "chainctl/progress.hpp"
#include "chainctl/service.hpp"

#include <string>

namespace chaind::chainctl
{
int run_drain(invocation const& call)
{
    auto const& name = call.words.front();
    if (!name_is_good(name) || !wait_limit_is_good(call)) return exit_usage;
    auto const known = ask(call, "GET", "/v1/nodes");
    if (!known.body) return known.status;
    auto const& nodes = list_at(*known.body, "nodes");
    auto const* const leaver = row_of(nodes, name);
    if (leaver != nullptr && is_of_the_chain(*leaver) &&
        !may_leave(call, nodes, {name}, "Drain " + name + "?", name))
        return exit_usage;
    auto got = change(call, "/v1/nodes/" + name + "/drain");
    if (!got.body) return got.status;
    if (call.dry_run)
        return would(
            call,
            *got.body,
            "would send the clients of " + name + " to the others and take it out until `chainctl undrain`"
        );
    bool answers = true;
    if (!call.has("--no-wait") && !was_so_already(*got.body))
    {
        auto const gone = [&](boost::json::object const& status) -> std::optional<std::string>
        {
            if (is_member(status, name)) return std::nullopt;
            return "out of the chain at epoch " + std::to_string(number_at(status, "epoch"));
        };
        // Somebody else may have called it back.
        auto const over = [&](boost::json::object const& status) -> std::optional<std::string>
        {
            bool const leaves = text_at(object_at(status, "changing"), "draining") == name;
            if (leaves || is_listed(status, "drained", name)) return std::nullopt;
            return whereabouts(status, name);
        };
        if (int const ended = wait_until(call, {name, "leaving", false, over}, gone, *got.body);
            ended != exit_done)
            return ended;
    }
    if (!call.has("--no-wait"))
    {
        auto const now = ask(call, "GET", "/v1/nodes");
        auto const* const row = now.body ? row_of(list_at(*now.body, "nodes"), name) : nullptr;
        answers = row == nullptr || is_heard(*row);
    }
    auto const how = was_so_already(*got.body) ? " is drained already" : " is drained";
    auto const back = "`chainctl undrain " + name + "` brings it back";
    return changed(
        call,
        *got.body,
        name + how +
            (answers ? "; " : ", and does not answer: start chaind there, or restart it if it hangs, then ") +
            back
    );
}

// Its row where it is not heard, or where nobody can take it in; null: it comes by itself, or is there.
boost::json::object const* kept_away(boost::json::object const& status, std::string const& name)
{
    bool const nobody = text_at(status, "state") == "down";
    for (auto const& value : list_at(status, "failed"))
        if (value.is_object() && text_at(value.get_object(), "name") == name)
        {
            auto const* const alive = value.get_object().if_contains("alive");
            return nobody || alive == nullptr || *alive == false ? &value.get_object() : nullptr;
        }
    return nullptr;
}

int run_undrain(invocation const& call)
{
    auto const& name = call.words.front();
    if (!name_is_good(name) || !wait_limit_is_good(call)) return exit_usage;
    auto got = change(call, "/v1/nodes/" + name + "/undrain");
    if (!got.body) return got.status;
    if (call.dry_run) return would(call, *got.body, "would take " + name + " back into the chain");
    if (call.has("--no-wait"))
        return changed(call, *got.body, name + " may come back; `chainctl status` shows how it goes");
    // It was not drained, and this brings nobody back.
    if (was_so_already(*got.body))
        if (auto const now = fetch_status(call))
            if (auto const* const away = kept_away(*now, name))
            {
                say("chainctl: " + name + " is not drained: " + text_at(*away, "reason", "it is away"));
                say("          next: " + text_at(*away, "next", "see `chainctl status`"));
                return exit_failed;
            }
    // Back is: in the chain, or beside a full one.
    bool stands_by = false;
    auto const back = [&](boost::json::object const& status) -> std::optional<std::string>
    {
        auto member = in_the_chain(status, name);
        stands_by = !member && is_listed(status, "spares", name);
        if (stands_by) return "stands by, since the chain has as many machines as it wants";
        return member;
    };
    // Somebody else may have sent it away again.
    auto const over = [&](boost::json::object const& status) -> std::optional<std::string>
    {
        if (!is_listed(status, "drained", name) && !is_listed(status, "removed", name)) return std::nullopt;
        return whereabouts(status, name);
    };
    if (int const ended = wait_until(call, {.node = name, .over = over}, back, *got.body); ended != exit_done)
        return ended;
    bool const was_there = was_so_already(*got.body);
    auto const where = stands_by   ? " stands by, since the chain has as many machines as it wants"
                       : was_there ? " is in the chain"
                                   : " is back in the chain";
    return changed(call, *got.body, name + where + (was_there ? "; it was not drained" : ""));
}

}  // namespace chaind::chainctl
