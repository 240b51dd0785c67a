// move: a machine's place in the chain.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/leaving.hpp"
#include "chainctl/progress.hpp"
#include "chainctl/service.hpp"

namespace chaind::chainctl
{
namespace
{

// Those that leave the chain, each for a moment: who is to be the tail itself, or all before who is to be the
// head.
std::vector<std::string> who_leaves(
    boost::json::array const& chain, std::string const& name, std::string_view to
)
{
    std::vector<std::string> before;
    for (auto const& value : chain)
    {
        if (!value.is_object()) continue;
        auto each = text_at(value.get_object(), "name");
        bool const last = &value == &chain.back();
        if (each != name)
            before.push_back(std::move(each));
        else if (to == "head")
            return before;
        else
            return last ? std::vector<std::string>() : std::vector{name};
    }
    return {};
}

// Alone it is both.
bool is_at(std::string_view role, std::string_view to)
{
    return role == to || role == "solo";
}

// Of a config service that does not say for whom, it is this one's.
bool works_on_it(boost::json::object const& status, std::string const& name)
{
    auto const& changing = object_at(status, "changing");
    return changing.contains("moving") && text_at(changing, "moving_for", name) == name;
}

}  // namespace

int run_move(invocation const& call)
{
    auto const& name = call.words.front();
    auto const to = call.value("--to");
    if (!name_is_good(name) || !wait_limit_is_good(call)) return exit_usage;
    if (to != "head" && to != "tail")
    {
        say("chainctl: move needs --to head or --to tail; `chainctl help move` explains it");
        return exit_usage;
    }
    auto const known = ask(call, "GET", "/v1/status");
    if (!known.body) return known.status;
    auto const& chain = list_at(*known.body, "chain");
    if (!may_leave(call, chain, who_leaves(chain, name, to), "Move " + name + "?", name)) return exit_usage;
    auto got = change(call, "/v1/nodes/" + name + "/move", {{"to", to}});
    if (!got.body) return got.status;
    if (call.dry_run)
        return would(
            call,
            *got.body,
            "would make " + name + " the " + to +
                "; machines leave the chain one at a time and return as tail"
        );
    if (was_so_already(*got.body)) return changed(call, *got.body, name + " is the " + to + " already");
    if (call.has("--no-wait"))
        return changed(call, *got.body, name + " is on its way; `chainctl status` shows how it goes");
    auto const there = [&](boost::json::object const& status) -> std::optional<std::string>
    {
        // Whoever was passed on the way must be back, too.
        if (!is_at(role_of(status, name), to) || works_on_it(status, name)) return std::nullopt;
        return "the " + to + " since epoch " + std::to_string(number_at(status, "epoch"));
    };
    // It may have been there and gone again between two looks, or a machine crashed on the way.
    auto const over = [&](boost::json::object const& status) -> std::optional<std::string>
    {
        if (is_at(place_of(status, name), to) || works_on_it(status, name)) return std::nullopt;
        return whereabouts(status, name);
    };
    if (int const ended = wait_until(call, {name, "moving", true, over}, there, *got.body);
        ended != exit_done)
        return ended;
    return changed(call, *got.body, name + " is the " + to);
}

}  // namespace chaind::chainctl
