// What a shell offers while a command is typed: made from the table of commands, and by asking for the names
// of machines.

#include "chainctl/command.hpp"
#include "chainctl/exit_status.hpp"

#include <algorithm>
#include <iostream>
#include <sstream>

namespace chaind::chainctl
{
namespace
{

// One line a machine; nothing where nobody answers soon. Shells expand what they are offered, so that nothing
// but names may be among it.
constexpr std::string_view ask_for_names =
    "chainctl --timeout 1 nodes -o name 2>/dev/null | grep -x \"[a-z0-9-]*\"";

// What is offered for a placeholder of the table ("FILE", "[NAME]", "head|tail", "-"): the words to choose
// from, or NAME, FILE or DIR. Nothing for what only the person knows.
std::string choices(std::string_view placeholder)
{
    if (placeholder.starts_with('[')) placeholder = placeholder.substr(1, placeholder.size() - 2);
    for (auto const* known : {"NAME", "FILE", "DIR", "-"})
        if (placeholder == known) return known;
    std::string out;
    if (placeholder.find('|') != std::string_view::npos) out = placeholder;
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

std::string all_first_words()
{
    std::string out;
    for (auto const& [first, meaning] : first_words())
        out += (out.empty() ? "" : " ") + first;
    return out;
}

std::string joined(std::vector<std::string> const& words, std::string_view between)
{
    std::string out;
    for (auto const& word : words)
        out += (out.empty() ? "" : std::string(between)) + word;
    return out;
}

// What may follow a command, or the first one of its two words.
struct followers
{
    std::string command;
    std::string next;     // as choices() says it
    std::string options;  // with a space between them
};

std::vector<followers> all_followers()
{
    std::vector<followers> out;
    for (auto const& [first, meaning] : first_words())
        if (auto const seconds = joined(subcommands(first), " "); !seconds.empty())
        {
            out.push_back({first, seconds, {}});
            out.push_back({"help " + first, seconds, {}});
        }
    for (auto const& c : commands())
    {
        std::vector<std::string> options;
        for (auto const& flag : c.flags)
            options.emplace_back(flag.word());
        auto next = c.name == "help" ? all_first_words() : choices(c.words);
        out.push_back({std::string(c.name), std::move(next), joined(options, " ")});
    }
    return out;
}

// The first words of commands of two, and help.
std::string groups()
{
    std::string out = "help";
    for (auto const& [first, meaning] : first_words())
        if (!subcommands(first).empty()) out += "|" + first;
    return out;
}

// "-o, --output json|name": both names.
std::vector<std::string> names_of(flag_help const& flag)
{
    std::vector<std::string> out;
    std::string_view rest = flag.name;
    while (rest.starts_with('-'))
    {
        auto const end = std::min(rest.find_first_of(", "), rest.size());
        out.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(rest.find_first_not_of(", ", end), rest.size()));
    }
    return out;
}

// The options of all commands that take a value, each once, and what that may be, as choices() says it.
struct valued_option
{
    std::vector<std::string> names;
    std::string value;
};

std::vector<valued_option> valued_options()
{
    std::vector<valued_option> out;
    auto add = [&](flag_help const& flag)
    {
        auto names = names_of(flag);
        bool const known = std::any_of(
            out.begin(), out.end(), [&](valued_option const& other) { return other.names == names; }
        );
        if (!flag.takes_value() || known) return;
        // join's is that of a machine which nobody knows yet.
        out.push_back({std::move(names), flag.word() == "--name" ? std::string() : choices(flag.value())});
    };
    for (auto const& flag : global_flags())
        add(flag);
    for (auto const& c : commands())
        for (auto const& flag : c.flags)
            add(flag);
    return out;
}

std::string names_with_value()
{
    std::string out;
    for (auto const& option : valued_options())
        out += (out.empty() ? "" : "|") + joined(option.names, "|");
    return out;
}

std::string global_names()
{
    std::string out;
    for (auto const& flag : global_flags())
        out += (out.empty() ? "" : " ") + joined(names_of(flag), " ");
    return out;
}

// bash takes a ':' or '=' in a value for a word of its own. Files and folders it knows how to offer, with
// quotes and slashes where they need them.
std::string bash_completion()
{
    std::string out = R"sh(_chainctl_offer() {
    case $1 in
    FILE) compopt -o default ;;
    DIR) compopt -o dirnames ;;
    NAME) _chainctl_offer "$()sh" +
                      std::string(ask_for_names) + R"sh()" ;;
    *) COMPREPLY=($(compgen -W "$1" -- "$word")) ;;
    esac
}
_chainctl() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= next= own= i
    local -a given=()
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; ++i)); do
        case ${COMP_WORDS[i]} in
        )sh" + names_with_value() +
                      R"sh()
            [[ ${COMP_WORDS[i+1]} != = ]] || ((++i))
            ((++i))
            while [[ ${COMP_WORDS[i+1]} == [:=]* ]]; do ((i += 2)); done ;;
        -*) ;;
        *) given+=("${COMP_WORDS[i]}") ;;
        esac
    done
    [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}
    [[ $word == = ]] && word=
    case $before in
    :) _chainctl_offer FILE; return ;;
)sh";
    for (auto const& option : valued_options())
        out += "    " + joined(option.names, "|") + ") _chainctl_offer '" + option.value + "'; return ;;\n";
    out += R"sh(    esac
    case ${given[0]} in
    )sh" + groups() +
           R"sh() command=${given[*]:0:2} ;;
    *) command=${given[0]} ;;
    esac
    case $command in
    '') next=')sh" +
           all_first_words() + "' ;;\n";
    for (auto const& each : all_followers())
        out += "    '" + each.command + "') next='" + each.next + "' own='" + each.options + "' ;;\n";
    return out + R"sh(    esac
    set -- $command
    if [[ $word == -* ]]; then
        _chainctl_offer "$own )sh" +
           global_names() + R"sh("
    elif [[ $next ]] && ((${#given[@]} == $#)); then
        _chainctl_offer "$next"
    else
        _chainctl_offer "$own"
    fi
}
complete -F _chainctl chainctl
)sh";
}

// A text between single quotes of a shell.
std::string shell_quoted(std::string_view text)
{
    std::string out = "'";
    for (char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string zsh_offer(std::string const& what)
{
    if (what == "FILE") return "_files";
    if (what == "DIR") return "_files -/";
    if (what == "NAME") return "compadd -- ${(f)\"$(" + std::string(ask_for_names) + ")\"}";
    return what.empty() ? std::string(":") : "compadd -- " + what;
}

std::string zsh_completion()
{
    std::string out = "#compdef chainctl\nlocal -a commands\ncommands=(\n";
    for (auto const& [first, meaning] : first_words())
        out += "  " + shell_quoted(first + ":" + meaning) + "\n";
    out += R"()
local command= i
local -a given
for ((i = 2; i < CURRENT; ++i)); do
  case $words[i] in
  )" + names_with_value() +
           R"() ((++i)) ;;
  -*) ;;
  *) given+=($words[i]) ;;
  esac
done
case $words[CURRENT-1] in
)";
    for (auto const& option : valued_options())
        out += joined(option.names, "|") + ") " + zsh_offer(option.value) + "; return ;;\n";
    out += R"(esac
case $given[1] in
)" + groups() +
           R"() command="${given[1,2]}" ;;
*) command=$given[1] ;;
esac
[[ $PREFIX == -* ]] && compadd -- )" +
           global_names() + R"(
local -a named=(${=command})
local pending=$(($#given == $#named))
case $command in
'') _describe command commands ;;
)";
    for (auto const& each : all_followers())
    {
        out += "'" + each.command + "') ";
        if (!each.next.empty()) out += "((pending)) && " + zsh_offer(each.next) + "; ";
        out += zsh_offer(each.options) + " ;;\n";
    }
    return out + "esac\n";
}

// What follows -x, or stands alone, to offer that.
std::string fish_offer(std::string const& what)
{
    if (what == "FILE") return " -F";
    if (what == "DIR") return " -a '(__fish_complete_directories)'";
    if (what == "NAME") return " -a '(" + std::string(ask_for_names) + ")'";
    return what.empty() ? std::string() : " -a '" + what + "'";
}

std::string fish_completion()
{
    std::string out = "complete -c chainctl -f\n";
    auto const begin = [&](std::vector<std::string> const& names)
    {
        out += "complete -c chainctl";
        for (auto const& name : names)
            out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    };
    for (auto const& flag : global_flags())
    {
        begin(names_of(flag));
        out += " -d " + shell_quoted(flag.meaning) + "\n";
    }
    for (auto const& option : valued_options())
    {
        begin(option.names);
        out += (option.value == "FILE" ? " -r" : " -x") + fish_offer(option.value) + "\n";
    }
    for (auto const& [first, meaning] : first_words())
        out += "complete -c chainctl -n __fish_use_subcommand -a " + first + " -d " + shell_quoted(meaning) +
               "\n";
    for (auto const& each : all_followers())
    {
        std::string seen;
        std::istringstream words(each.command);
        for (std::string word; words >> word;)
            seen += (seen.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + word);
        if (!each.next.empty())
        {
            // Of words to choose from, one is taken.
            bool const once = each.command != "help" && fish_offer(each.next) == " -a '" + each.next + "'";
            out += "complete -c chainctl -n '" + seen +
                   (once ? "; and not __fish_seen_subcommand_from " + each.next : "") + "'" +
                   fish_offer(each.next) + "\n";
        }
        if (!each.options.empty())
            out += "complete -c chainctl -n '" + seen + "'" + fish_offer(each.options) + "\n";
    }
    return out;
}

}  // namespace

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

}  // namespace chaind::chainctl
