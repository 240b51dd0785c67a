#pragma once
// The one table of commands: it makes the parsing, the help, the man page and the shell completion.

#include "chainctl/http_client.hpp"
#include "chainctl/output.hpp"

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::chainctl
{

// What every command gets: the global options and its own words.
struct invocation
{
    endpoint at;  // configd
    format as = format::table;
    std::chrono::milliseconds limit{10'000};  // for one request
    bool yes = false;                         // asked nothing
    bool dry_run = false;
    std::vector<std::string> words;  // positional
    std::vector<std::string> flags;  // e.g. "--check", each one of command::flags

    [[nodiscard]] bool has(std::string_view flag) const;
};

struct flag_help
{
    std::string_view name;
    std::string_view meaning;
};

struct command
{
    std::string_view group;
    std::string_view name;
    std::string_view words;    // positional arguments as help shows them, "" for none; one word each
    std::string_view summary;  // one line
    std::string_view details;  // for `help NAME` and the man page
    std::span<flag_help const> flags;
    int (*run)(invocation const&);
};

std::span<command const> commands();
command const* find_command(std::string_view name);

// The texts made from the table.
std::string help_text();
std::string help_text(command const& what);
std::string man_page();                          // roff
std::string completion(std::string_view shell);  // bash, zsh or fish; "" for another

// Each in a file of its own.
int run_status(invocation const&);
int run_nodes(invocation const&);
int run_watch(invocation const&);
int run_events(invocation const&);
int run_verify(invocation const&);
int run_remove_node(invocation const&);
int run_drill(invocation const&);
int run_version(invocation const&);
int run_completion(invocation const&);
int run_man(invocation const&);
int run_help(invocation const&);

}  // namespace chaind::chainctl
