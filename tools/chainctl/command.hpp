#pragma once
// The one table of commands: it makes the parsing, the help, the man page and the shell completion.

#include "chainctl/http_client.hpp"
#include "chainctl/output.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::chainctl
{

// What every command gets: the global options and its own words.
struct invocation
{
    std::string_view command;  // its name in the table
    endpoint at;               // configd
    format as = format::table;
    std::chrono::milliseconds limit{10'000};  // for one request
    bool limit_given = false;                 // by --timeout: of a change as well
    bool yes = false;                         // asked nothing
    bool dry_run = false;
    std::vector<std::string> words;         // positional
    std::optional<std::uint64_t> if_epoch;  // a change is refused when the chain's epoch is another
    std::string request_id;                 // a change asked for twice under one id is made once

    // The command's own options, each one of command::flags, with their values ("" where they take none).
    std::map<std::string, std::string, std::less<>> flags;

    [[nodiscard]] bool has(std::string_view flag) const { return flags.contains(flag); }
    [[nodiscard]] std::string value(std::string_view flag, std::string fallback = "") const;
};

// An option: "--check", or with a value "--to head|tail".
struct flag_help
{
    std::string_view name;
    std::string_view meaning;
    bool required = false;  // the command does nothing without it, and its usage line shows it

    [[nodiscard]] std::string_view word() const { return name.substr(0, name.find(' ')); }
    [[nodiscard]] bool takes_value() const { return name.find(' ') != std::string_view::npos; }
    // "head|tail", "FILE", …; "" where it takes none.
    [[nodiscard]] std::string_view value() const
    {
        return takes_value() ? name.substr(name.rfind(' ') + 1) : std::string_view();
    }
};

struct command
{
    std::string_view group;
    std::string_view name;   // one word, or two: "backup create"
    std::string_view words;  // positional arguments as help shows them, one word each; "[X]" may be left out
    std::string_view summary;  // one line
    std::string_view details;  // for `help NAME` and the man page
    std::span<flag_help const> flags;
    int (*run)(invocation const&);
};

std::span<command const> commands();
std::span<flag_help const> global_flags();
command const* find_command(std::string_view name);
// The second words of the commands that begin with that word; empty for a word that is none or a whole
// command.
std::vector<std::string> subcommands(std::string_view first);

// The texts made from the table.
std::string help_text();
std::string help_text(command const& what);
std::string man_page();                          // roff
std::string completion(std::string_view shell);  // bash, zsh or fish; "" for another

// What a command line says. A mistake: what to tell the person, nothing else.
struct parsed
{
    command const* what = nullptr;  // null: no command was named
    invocation call;
    bool help = false;
    std::string mistake;
};
parsed parse(std::vector<std::string> const& words);

// Each in a file of its own.
int run_status(invocation const&);
int run_nodes(invocation const&);
int run_watch(invocation const&);
int run_events(invocation const&);
int run_join_token(invocation const&);
int run_join(invocation const&);
int run_add_node(invocation const&);
int run_remove_node(invocation const&);
int run_drain(invocation const&);
int run_undrain(invocation const&);
int run_move(invocation const&);
int run_replace(invocation const&);
int run_want(invocation const&);
int run_force_epoch(invocation const&);
int run_verify(invocation const&);
int run_backup_create(invocation const&);
int run_backup_list(invocation const&);
int run_backup_verify(invocation const&);
int run_backup_restore(invocation const&);
int run_drill(invocation const&);
int run_version(invocation const&);
int run_completion(invocation const&);
int run_man(invocation const&);
int run_help(invocation const&);

}  // namespace chaind::chainctl
