// The texts made from the table of commands: help, man page, completion.

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

// The alternatives in "a|b|c", as words; nothing for another text.
std::string alternatives(std::string_view words)
{
    std::string out;
    if (words.find('|') != std::string_view::npos) out = words;
    std::replace(out.begin(), out.end(), '|', ' ');
    return out;
}

// The first words of all commands, each once, in the table's order, with a line about them.
std::vector<std::pair<std::string, std::string>> first_words()
{
    std::vector<std::pair<std::string, std::string>> out;
    for (auto const& c : commands())
    {
        auto const first = std::string(c.name.substr(0, c.name.find(' ')));
        bool const alone = first == c.name;
        if (out.empty() || out.back().first != first)
            out.emplace_back(first, alone ? std::string(c.summary) : std::string());
        if (!alone)
            out.back().second +=
                (out.back().second.empty() ? "" : ", ") + std::string(c.name.substr(first.size() + 1));
    }
    return out;
}

// All words that may follow a first word: subcommands, alternatives, options.
std::string completions_of(std::string_view first)
{
    std::vector<std::string> words = subcommands(first);
    auto add = [&](std::string_view word)
    {
        if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end())
            words.emplace_back(word);
    };
    for (auto const& c : commands())
    {
        if (c.name.substr(0, c.name.find(' ')) != first) continue;
        add(alternatives(c.words));
        for (auto const& flag : c.flags)
        {
            add(flag.word());
            if (flag.takes_value()) add(alternatives(flag.name.substr(flag.word().size() + 1)));
        }
    }
    std::string out;
    for (auto const& word : words)
        out += (out.empty() ? "" : " ") + word;
    return out;
}

std::string bash_completion()
{
    std::string out =
        "_chainctl() {\n    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n    case $command "
        "in\n";
    std::string names;
    for (auto const& [first, meaning] : first_words())
    {
        names += (names.empty() ? "" : " ") + first;
        if (auto words = completions_of(first); !words.empty())
            out += "    " + first + ") COMPREPLY=($(compgen -W '" + words + "' -- \"$word\")) ;;\n";
    }
    return out + "    esac\n    [ \"$COMP_CWORD\" -gt 1 ] || COMPREPLY=($(compgen -W '" + names +
           "' -- \"$word\"))\n}\ncomplete -F _chainctl chainctl\n";
}

// A text between single quotes of a shell.
std::string shell_quoted(std::string_view text)
{
    std::string out = "'";
    for (char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string zsh_completion()
{
    std::string out = "#compdef chainctl\nlocal -a commands\ncommands=(\n";
    for (auto const& [first, meaning] : first_words())
        out += "  " + shell_quoted(first + ":" + meaning) + "\n";
    out += ")\nif (( CURRENT == 2 )); then _describe command commands; return; fi\ncase $words[2] in\n";
    for (auto const& [first, meaning] : first_words())
        if (auto words = completions_of(first); !words.empty())
            out += "  " + first + ") compadd -- " + words + " ;;\n";
    return out + "esac\n";
}

std::string fish_completion()
{
    std::string out = "complete -c chainctl -f\n";
    for (auto const& [first, meaning] : first_words())
    {
        out += "complete -c chainctl -n __fish_use_subcommand -a " + first + " -d " + shell_quoted(meaning) +
               "\n";
        if (auto words = completions_of(first); !words.empty())
            out += "complete -c chainctl -n '__fish_seen_subcommand_from " + first + "' -a '" + words + "'\n";
    }
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
