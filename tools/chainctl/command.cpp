#include "chainctl/command.hpp"

#include "chainctl/exit_status.hpp"

#include <algorithm>
#include <array>
#include <iostream>

namespace chaind::chainctl
{
namespace
{

constexpr std::array check_flag{
    flag_help{"--check", "exit 0 healthy, 1 degraded, 2 down, 3 unknown: for monitoring"},
};
constexpr std::array events_flag{
    flag_help{"--follow", "go on printing as things happen, until Ctrl-C"},
};

constexpr std::array table_of_commands{
    command{
        "see",
        "status",
        "",
        "How the chain is: machines head to tail, what is behind, what has failed",
        "Asks the config service. When that does not answer, asks the replicas that it last knew and says "
        "so.",
        check_flag,
        run_status
    },
    command{
        "see",
        "nodes",
        "",
        "Every machine known to the config service, members or not",
        "One line a machine: its role in the chain, whether it is heard, and why it is not a member.",
        {},
        run_nodes
    },
    command{
        "see",
        "watch",
        "",
        "status again whenever it changes, until Ctrl-C",
        "On a terminal the screen is redrawn; otherwise each change is one line of JSON.",
        {},
        run_watch
    },
    command{
        "see",
        "events",
        "",
        "What the config service decided, oldest first",
        "Removals, new epochs, machines taken back, refusals, each with its reason.",
        events_flag,
        run_events
    },
    command{
        "see",
        "version",
        "",
        "The versions of chainctl, the config service and each replica",
        "",
        {},
        run_version
    },
    command{
        "grow and shrink",
        "remove-node",
        "NAME",
        "Take a machine out of the chain",
        "Every acknowledged message stays on the machines that remain. The last machine is never removed. A "
        "machine "
        "taken out this way does not come back by itself.",
        {},
        run_remove_node
    },
    command{
        "data",
        "verify",
        "",
        "Compare the state of all replicas at one position",
        "Each replica computes a hash over every row of its database at the same position of the log, while "
        "the chain "
        "goes on. Exit status 0: equal, 1: different.",
        {},
        run_verify
    },
    command{
        "practice",
        "drill",
        "kill-head|kill-middle|kill-tail",
        "Kill one machine's chaind and measure the gap",
        "The process ends as by kill -9. Until the chain serves again, small writes through the machines "
        "that remain "
        "measure how long clients had to wait. Asks first; --yes does not.",
        {},
        run_drill
    },
    command{
        "shell", "completion", "bash|zsh|fish", "Print the shell's completion script", "", {}, run_completion
    },
    command{"shell", "man", "", "Print the man page (roff)", "", {}, run_man},
    command{"shell", "help", "[COMMAND]", "This list, or one command in full", "", {}, run_help},
};

constexpr std::array global_flags{
    flag_help{"--endpoint WHERE", "the config service: unix:PATH or http://HOST:PORT"},
    flag_help{"-o, --output FORMAT", "table, wide, json, jsonl or name"},
    flag_help{"--timeout SECONDS", "for one answer of the config service (default 10)"},
    flag_help{"--yes", "do not ask before what destroys"},
    flag_help{"--dry-run", "say what would be done, do nothing"},
    flag_help{"--help", "help on a command"},
};

constexpr std::string_view exit_text =
    "0 done, 1 failed, 64 usage, 65 bad data, 66 no such object, 69 cluster unavailable, 70 bug, 75 outcome "
    "unknown, "
    "77 not permitted, 78 configuration";

std::string padded(std::string_view text, std::size_t to)
{
    std::string out(text);
    out.append(to > out.size() ? to - out.size() : 1, ' ');
    return out;
}

std::string usage(command const& what)
{
    std::string out(what.name);
    if (!what.words.empty()) out += " " + std::string(what.words);
    return out;
}

// All words that may follow a command: its flags, and the alternatives in "a|b|c".
std::string completions_of(command const& what)
{
    std::string out;
    if (what.words.find('|') != std::string_view::npos)
    {
        out = what.words;
        std::replace(out.begin(), out.end(), '|', ' ');
    }
    for (auto const& flag : what.flags)
        out += (out.empty() ? "" : " ") + std::string(flag.name);
    return out;
}

std::string command_names()
{
    std::string out;
    for (auto const& c : commands())
        out += (out.empty() ? "" : " ") + std::string(c.name);
    return out;
}

std::string bash_completion()
{
    std::string out =
        "_chainctl() {\n    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n    case $command "
        "in\n";
    for (auto const& c : commands())
        if (auto words = completions_of(c); !words.empty())
            out += "    " + std::string(c.name) + ") COMPREPLY=($(compgen -W '" + words +
                   "' -- \"$word\")) ;;\n";
    out += "    esac\n    [ \"$COMP_CWORD\" -gt 1 ] || COMPREPLY=($(compgen -W '" + command_names() +
           "' -- \"$word\"))\n}\ncomplete -F _chainctl chainctl\n";
    return out;
}

std::string zsh_completion()
{
    std::string out = "#compdef chainctl\nlocal -a commands\ncommands=(\n";
    for (auto const& c : commands())
        out += "  '" + std::string(c.name) + ":" + std::string(c.summary) + "'\n";
    out += ")\nif (( CURRENT == 2 )); then _describe command commands; return; fi\ncase $words[2] in\n";
    for (auto const& c : commands())
        if (auto words = completions_of(c); !words.empty())
            out += "  " + std::string(c.name) + ") compadd -- " + words + " ;;\n";
    return out + "esac\n";
}

std::string fish_completion()
{
    std::string out = "complete -c chainctl -f\n";
    for (auto const& c : commands())
    {
        out += "complete -c chainctl -n __fish_use_subcommand -a " + std::string(c.name) + " -d '" +
               std::string(c.summary) + "'\n";
        if (auto words = completions_of(c); !words.empty())
            out += "complete -c chainctl -n '__fish_seen_subcommand_from " + std::string(c.name) + "' -a '" +
                   words + "'\n";
    }
    return out;
}

}  // namespace

bool invocation::has(std::string_view flag) const
{
    return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

std::span<command const> commands()
{
    return table_of_commands;
}

command const* find_command(std::string_view name)
{
    auto found = std::find_if(
        table_of_commands.begin(), table_of_commands.end(), [&](command const& c) { return c.name == name; }
    );
    return found == table_of_commands.end() ? nullptr : &*found;
}

std::string help_text()
{
    std::string out =
        "chainctl looks after a chain of chaind replicas.\n\nusage: chainctl [OPTION...] COMMAND [WORD...]\n";
    std::string_view group;
    for (auto const& c : commands())
    {
        if (c.group != group) out += "\n" + std::string(group = c.group) + "\n";
        out += "  " + padded(usage(c), 44) + std::string(c.summary) + "\n";
    }
    out += "\noptions\n";
    for (auto const& f : global_flags)
        out += "  " + padded(f.name, 24) + std::string(f.meaning) + "\n";
    return out + "\nexit status: " + std::string(exit_text) + "\n";
}

std::string help_text(command const& what)
{
    std::string out = "usage: chainctl " + usage(what) + "\n\n" + std::string(what.summary) + ".\n";
    if (!what.details.empty()) out += std::string(what.details) + "\n";
    if (!what.flags.empty()) out += "\noptions\n";
    for (auto const& f : what.flags)
        out += "  " + padded(f.name, 24) + std::string(f.meaning) + "\n";
    return out;
}

std::string man_page()
{
    std::string out = ".TH CHAINCTL 1 \"\" \"chaind " CHAIND_VERSION
                      "\"\n.SH NAME\nchainctl \\- look after a chain of chaind "
                      "replicas\n.SH SYNOPSIS\n.B chainctl\n[OPTION...] COMMAND [WORD...]\n.SH COMMANDS\n";
    for (auto const& c : commands())
    {
        out += ".TP\n.B " + usage(c) + "\n" + std::string(c.summary) + ".\n";
        if (!c.details.empty()) out += std::string(c.details) + "\n";
        for (auto const& f : c.flags)
            out += ".br\n.B \\" + std::string(f.name) + "\n" + std::string(f.meaning) + ".\n";
    }
    out += ".SH OPTIONS\n";
    for (auto const& f : global_flags)
        out += ".TP\n.B \\" + std::string(f.name) + "\n" + std::string(f.meaning) + "\n";
    return out + ".SH EXIT STATUS\n" + std::string(exit_text) +
           "\n.SH SEE ALSO\n.BR chaind (8),\n.BR configd (8)\n";
}

std::string completion(std::string_view shell)
{
    if (shell == "bash") return bash_completion();
    if (shell == "zsh") return zsh_completion();
    if (shell == "fish") return fish_completion();
    return {};
}

int run_completion(invocation const& call)
{
    auto script = completion(call.words.front());
    if (script.empty())
    {
        say("chainctl: no completion for " + call.words.front() + ": bash, zsh or fish");
        return exit_usage;
    }
    std::cout << script;
    return exit_done;
}

int run_man(invocation const&)
{
    std::cout << man_page();
    return exit_done;
}

int run_help(invocation const& call)
{
    if (call.words.empty())
    {
        std::cout << help_text();
        return exit_done;
    }
    auto const* found = find_command(call.words.front());
    if (found == nullptr)
    {
        say("chainctl: no command " + call.words.front() + "; `chainctl help` lists them");
        return exit_usage;
    }
    std::cout << help_text(*found);
    return exit_done;
}

}  // namespace chaind::chainctl
