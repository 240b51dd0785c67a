// remove-node, and the question before what destroys.

#include "base/id.hpp"
#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/service.hpp"

#include <iostream>

namespace chaind::chainctl
{

bool confirmed(invocation const& call, std::string const& question, std::string const& word)
{
    if (call.yes) return true;
    if (!stdin_is_terminal())
    {
        say("chainctl: this asks before it acts; add --yes to run it from a script");
        return false;
    }
    std::cerr << question << " Type " << word << " to go on: " << std::flush;
    std::string typed;
    std::getline(std::cin, typed);
    if (typed == word) return true;
    say("nothing was changed");
    return false;
}

int run_remove_node(invocation const& call)
{
    auto const& name = call.words.front();
    if (!is_valid_node_name(name))
    {
        say("chainctl: " + name + " is no machine's name; `chainctl nodes` lists them");
        return exit_usage;
    }
    if (call.dry_run)
    {
        say("would take " + name + " out of the chain; the others keep every message");
        return exit_done;
    }
    if (!confirmed(call, "Take " + name + " out of the chain? It does not come back by itself.", name))
        return exit_usage;
    auto const got = ask(call, "POST", "/v1/nodes/" + name + "/remove");
    if (!got.body) return got.status;
    if (call.as == format::json || call.as == format::jsonl)
        print_json(*got.body);
    else
        std::cout << name << " is out of the chain since epoch " << number_at(*got.body, "epoch") << "\n";
    return exit_done;
}

}  // namespace chaind::chainctl
