// The texts made from the table of commands: help and man page.

#include "chainctl/command.hpp"
#include "chainctl/exit_status.hpp"

#include <algorithm>
#include <array>
#include <iostream>

namespace chaind::chainctl
{
namespace
{

constexpr std::string_view exit_text =
    "0 done, 1 failed, 64 usage, 65 bad data, 66 no such object, 69 cluster unavailable, 70 bug, "
    "74 the answer could not be written, 75 outcome unknown, "
    "77 not permitted, 78 configuration, 130 waiting ended by Ctrl-C: what was asked goes on";

struct explained
{
    std::string_view what;
    std::string_view meaning;
};

constexpr std::array environment{
    explained{
        "CHAINCTL_ENDPOINT", "Where the config service is, as --endpoint says it; that option comes first."
    },
    explained{"NO_COLOR", "Set to anything: no colours."},
};

constexpr std::array examples{
    explained{
        "chainctl status --check", "For a monitor: 0 healthy, 1 degraded or read only, 2 down, 3 unknown."
    },
    explained{
        "chainctl join-token create",
        "Where configd runs; `chainctl join 127.0.0.1:7400 --token -` on the new machine asks for what it "
        "prints."
    },
    explained{"chainctl drain n2", "Before n2 is serviced: its clients are told, then it leaves the chain."},
    explained{
        "chainctl backup create /var/backups/chaind.backup",
        "Everything in one file, while the chain goes on."
    },
    explained{"chainctl status -o json | jq -r .state", "The same as status, for programs."},
};

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
    for (auto const& flag : what.flags)
        if (flag.required) out += " " + std::string(flag.name);
    return out;
}

// "--to head|tail" as roff takes it.
std::string roff(std::string_view text)
{
    std::string out;
    for (char c : text)
        out += c == '-' ? std::string("\\-") : std::string(1, c);
    return out;
}

}  // namespace

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
    for (auto const& f : global_flags())
        out += "  " + padded(f.name, 28) + std::string(f.meaning) + "\n";
    return out + "\nexit status: " + std::string(exit_text) + "\n";
}

std::string help_text(command const& what)
{
    std::string out = "usage: chainctl " + usage(what) + (what.flags.empty() ? "" : " [OPTION...]") + "\n\n" +
                      std::string(what.summary) + ".\n";
    if (!what.details.empty()) out += std::string(what.details) + "\n";
    if (!what.flags.empty()) out += "\noptions\n";
    for (auto const& f : what.flags)
        out += "  " + padded(f.name, 28) + std::string(f.meaning) + "\n";
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
            out += ".br\n.B " + roff(f.name) + "\n" + std::string(f.meaning) + ".\n";
    }
    out += ".SH OPTIONS\n";
    for (auto const& f : global_flags())
        out += ".TP\n.B " + roff(f.name) + "\n" + std::string(f.meaning) + "\n";
    out += ".SH ENVIRONMENT\n";
    for (auto const& [name, meaning] : environment)
        out += ".TP\n.B " + std::string(name) + "\n" + std::string(meaning) + "\n";
    out += ".SH EXAMPLES\n";
    for (auto const& [line, meaning] : examples)
        out += ".TP\n.B " + roff(line) + "\n" + std::string(meaning) + "\n";
    return out + ".SH EXIT STATUS\n" + std::string(exit_text) +
           "\n.SH SEE ALSO\n.BR chaind (8),\n.BR configd (8)\n";
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
    std::string name = call.words.front();
    if (call.words.size() > 1) name += " " + call.words[1];
    if (auto const* found = find_command(name); found != nullptr)
    {
        std::cout << help_text(*found);
        return exit_done;
    }
    auto const seconds = call.words.size() == 1 ? subcommands(name) : std::vector<std::string>();
    for (auto const& second : seconds)
        std::cout << help_text(*find_command(name + " " + second)) << "\n";
    if (!seconds.empty()) return exit_done;
    say("chainctl: no command " + name + "; `chainctl help` lists them");
    return exit_usage;
}

}  // namespace chaind::chainctl
