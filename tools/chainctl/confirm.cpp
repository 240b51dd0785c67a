#include "chainctl/confirm.hpp"

#include "base/id.hpp"
#include "chainctl/exit_status.hpp"
#include "runtime/standard_output.hpp"

#include <iostream>

namespace chaind::chainctl
{

bool confirmed(invocation const& call, std::string const& question, std::string const& word)
{
    if (call.yes || call.dry_run) return true;
    if (!stdin_is_terminal())
    {
        say("chainctl: " + question + " It asks before it acts; add --yes to run it from a script");
        return false;
    }
    std::cerr << question << " Type " << word << " to go on: " << std::flush;
    std::string typed;
    std::getline(std::cin, typed);
    if (typed == word) return true;
    say("nothing was changed");
    return false;
}

bool name_is_good(std::string const& name)
{
    if (is_valid_node_name(name)) return true;
    say("chainctl: " + name + " cannot be a machine's name: a-z, 0-9 and -, at most 32");
    return false;
}

bool was_so_already(boost::json::object const& answer)
{
    auto const* already = answer.if_contains("already");
    return already != nullptr && *already == true;
}

boost::json::object change_json(invocation const& call, boost::json::object const& answer)
{
    boost::json::object out{
        {"schema", "chainctl.change.v1"},
        {"command", call.command},
        {"changed", !was_so_already(answer)},
        {"dry_run", call.dry_run},
    };
    for (auto const& [key, value] : answer)
        if (key != "already" && key != "dry_run") out[key] = value;
    return out;
}

int would(invocation const& call, boost::json::object const& judged, std::string const& line)
{
    if (call.as == format::json || call.as == format::jsonl)
        print_json(change_json(call, judged));
    else
        say(was_so_already(judged) ? "would change nothing: that is so already" : line);
    return exit_done;
}

int changed(invocation const& call, boost::json::object const& answer, std::string const& line)
{
    return done(call, change_json(call, answer), line);
}

int done(invocation const& call, boost::json::object what, std::string const& line)
{
    if (call.as == format::json || call.as == format::jsonl)
    {
        print_json(what);
        return exit_done;
    }
    std::cout << line << '\n';
    runtime::flush_output();
    return exit_done;
}

}  // namespace chaind::chainctl
