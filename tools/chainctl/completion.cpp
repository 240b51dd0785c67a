// What a shell offers while a command is typed: made from the table of commands, and by asking for the names
// of machines.

#include "chainctl/command.hpp"
#include "chainctl/exit_status.hpp"

#include <algorithm>
#include <iostream>

namespace chaind::chainctl
{
namespace
{

// One line a machine; nothing where nobody answers soon. Shells expand what they are offered, so that nothing
// but names may be among it.
constexpr std::string_view ask_for_names =
    "chainctl --timeout 1 nodes -o name 2>/dev/null | grep -x \"[a-z0-9-]*\"";

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

std::string all_first_words()
{
    std::string out;
    for (auto const& [first, meaning] : first_words())
        out += (out.empty() ? "" : " ") + first;
    return out;
}

// What may follow a word.
struct followers
{
    std::string words;      // subcommands, alternatives, options; with a space between them
    bool machines = false;  // names of machines, too
};

followers followers_of(std::string_view first)
{
    followers out;
    if (first == "help") out.words = all_first_words();
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
        out.machines |= c.words == "NAME" || c.words == "[NAME]";
        for (auto const& flag : c.flags)
            add(flag.word());
    }
    for (auto const& word : words)
        out.words += (out.words.empty() ? "" : " ") + word;
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

// The options of all commands that take a value, each once, and what that may be.
struct valued_option
{
    std::vector<std::string> names;
    std::string words;      // to choose from
    bool machines = false;  // the names of machines
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
        bool const machines = flag.value() == "NAME" && flag.word() != "--name";
        out.push_back({std::move(names), alternatives(flag.value()), machines});
    };
    for (auto const& flag : global_flags())
        add(flag);
    for (auto const& c : commands())
        for (auto const& flag : c.flags)
            add(flag);
    return out;
}

std::string joined(std::vector<std::string> const& words, std::string_view between)
{
    std::string out;
    for (auto const& word : words)
        out += (out.empty() ? "" : std::string(between)) + word;
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

// The command is the first word that is neither an option nor an option's value. bash takes a ':' or '=' in a
// value for a word of its own.
std::string bash_completion()
{
    std::string out = R"(_chainctl() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= words= i
    for ((i = 1; i < COMP_CWORD; ++i)); do
        case ${COMP_WORDS[i]} in
        )" + names_with_value() +
                      R"()
            ((++i))
            while [[ ${COMP_WORDS[i+1]} == [:=]* ]]; do ((i += 2)); done ;;
        -*) ;;
        *) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}
    [[ $word == = ]] && word=
    case $before in
)";
    for (auto const& option : valued_options())
        out += "    " + joined(option.names, "|") + ") words=\"" + option.words +
               (option.machines ? "$(" + std::string(ask_for_names) + ")" : "") +
               "\"; COMPREPLY=($(compgen -W \"$words\" -- \"$word\")); return ;;\n";
    out += R"(    esac
    [[ $command == help && $before != help ]] && command=$before
    case $command in
    '') words=')" +
           all_first_words() +
           R"(' ;;
)";
    for (auto const& [first, meaning] : first_words())
    {
        auto const next = followers_of(first);
        out += "    " + first + ") words='" + next.words + "'";
        if (next.machines)
            out += "\n        [[ $word == -* ]] || words+=\" $(" + std::string(ask_for_names) + ")\"";
        out += " ;;\n";
    }
    return out + R"(    esac
    [[ $word == -* ]] && words+=' )" +
           global_names() + R"('
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _chainctl chainctl
)";
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
    out += R"()
local command= i
for ((i = 2; i < CURRENT; ++i)); do
  case $words[i] in
  )" + names_with_value() +
           R"() ((++i)) ;;
  -*) ;;
  *) command=$words[i]; break ;;
  esac
done
case $words[CURRENT-1] in
)";
    for (auto const& option : valued_options())
        out += joined(option.names, "|") + ") " +
               (option.machines        ? "compadd -- ${(f)\"$(" + std::string(ask_for_names) + ")\"}"
                : option.words.empty() ? std::string("_files")
                                       : "compadd -- " + option.words) +
               "; return ;;\n";
    out += R"(esac
[[ $command == help && $words[CURRENT-1] != help ]] && command=$words[CURRENT-1]
[[ $PREFIX == -* ]] && compadd -- )" +
           global_names() + R"(
case $command in
'') _describe command commands ;;
)";
    for (auto const& [first, meaning] : first_words())
    {
        auto const next = followers_of(first);
        out += first + ") compadd -- " + next.words;
        if (next.machines) out += " ${(f)\"$(" + std::string(ask_for_names) + ")\"}";
        out += " ;;\n";
    }
    return out + "esac\n";
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
        out += option.machines        ? " -x -a '(" + std::string(ask_for_names) + ")'\n"
               : option.words.empty() ? std::string(" -r -F\n")
                                      : " -x -a '" + option.words + "'\n";
    }
    for (auto const& [first, meaning] : first_words())
    {
        out += "complete -c chainctl -n __fish_use_subcommand -a " + first + " -d " + shell_quoted(meaning) +
               "\n";
        auto const next = followers_of(first);
        auto const seen = "complete -c chainctl -n '__fish_seen_subcommand_from " + first + "' -a '";
        if (!next.words.empty()) out += seen + next.words + "'\n";
        if (next.machines) out += seen + "(" + std::string(ask_for_names) + ")'\n";
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
