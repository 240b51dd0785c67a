// replicas want: how many machines the chain should have.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/service.hpp"

#include <charconv>

namespace chaind::chainctl
{
namespace
{

// The machines that a chain can be made of, away or not.
std::size_t known_machines(boost::json::object const& nodes)
{
    std::size_t out = 0;
    for (auto const& value : list_at(nodes, "nodes"))
        if (value.is_object() && text_at(value.get_object(), "state") != "removed") ++out;
    return out;
}

std::string machines(std::size_t number)
{
    return std::to_string(number) + (number == 1 ? " machine" : " machines");
}

// More than are known are wanted only by somebody who says so.
int fewer_are_known(invocation const& call, std::string const& text, unsigned number)
{
    auto const nodes = ask(call, "GET", "/v1/nodes");
    if (!nodes.body) return nodes.status;
    if (auto const known = known_machines(*nodes.body); number > known)
    {
        say("chainctl: " + machines(known) + (known == 1 ? " is" : " are") +
            " known; `chainctl add-node` adds one and wants one more at once");
        auto const question =
            "Until others are added everybody is told that the chain is short. Want " + text + "?";
        if (!confirmed(call, question, text)) return exit_usage;
    }
    return exit_done;
}
}  // namespace

int run_want(invocation const& call)
{
    auto const& text = call.words.front();
    unsigned number = 0;
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc{} || end != text.data() + text.size() || number == 0 || number > 99)
    {
        say("chainctl: replicas want takes a number, 1 to 99");
        return exit_usage;
    }
    if (int const ended = call.dry_run ? exit_done : fewer_are_known(call, text, number); ended != exit_done)
        return ended;
    auto const got = change(call, "/v1/want", {{"replicas", number}});
    if (!got.body) return got.status;
    if (call.dry_run) return would(call, *got.body, "would want " + machines(number) + " in the chain");
    auto const so = was_so_already(*got.body) ? " already" : "";
    return changed(call, *got.body, "the chain wants " + machines(number) + so);
}

}  // namespace chaind::chainctl
