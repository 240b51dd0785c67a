// Parses the command line by the table of commands, runs one of them, ends with its exit status.

#include "chainctl/command.hpp"
#include "chainctl/exit_status.hpp"

#include <charconv>
#include <cstdlib>
#include <iostream>

namespace
{

using namespace chaind::chainctl;

constexpr char const* default_endpoint = "unix:/var/lib/configd/configd.sock";

[[noreturn]] void usage_error(std::string const& what)
{
    say("chainctl: " + what);
    say("          `chainctl help` lists the commands");
    std::exit(exit_usage);
}

format parse_format(std::string_view text)
{
    if (text == "table") return format::table;
    if (text == "wide") return format::wide;
    if (text == "json") return format::json;
    if (text == "jsonl") return format::jsonl;
    if (text == "name") return format::name;
    usage_error("no output format " + std::string(text) + ": table, wide, json, jsonl or name");
}

std::chrono::milliseconds parse_timeout(std::string_view text)
{
    unsigned seconds = 0;
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (bad != std::errc{} || end != text.data() + text.size() || seconds == 0 || seconds > 86400)
        usage_error("--timeout takes whole seconds, 1 to 86400");
    return std::chrono::seconds(seconds);
}

// Words of the command line, "--key=value" split in two.
std::vector<std::string> words_of(int argc, char** argv)
{
    std::vector<std::string> out;
    for (int i = 1; i < argc; ++i)
    {
        std::string word = argv[i];
        auto const equals = word.find('=');
        if (word.starts_with("--") && equals != std::string::npos)
        {
            out.push_back(word.substr(0, equals));
            out.push_back(word.substr(equals + 1));
        }
        else
        {
            out.push_back(std::move(word));
        }
    }
    return out;
}

struct parsed
{
    command const* what = nullptr;
    invocation call;
    bool help = false;
};

parsed parse(std::vector<std::string> const& words)
{
    parsed out;
    char const* from_environment = std::getenv("CHAINCTL_ENDPOINT");
    out.call.at.text = from_environment != nullptr ? from_environment : default_endpoint;
    auto value_of = [&](std::size_t& i) -> std::string const&
    {
        if (i + 1 == words.size()) usage_error(words[i] + " needs a value");
        return words[++i];
    };
    for (std::size_t i = 0; i < words.size(); ++i)
    {
        auto const& word = words[i];
        if (word == "--help" || word == "-h")
            out.help = true;
        else if (word == "--version")
            out.what = find_command("version");
        else if (word == "--yes")
            out.call.yes = true;
        else if (word == "--dry-run")
            out.call.dry_run = true;
        else if (word == "--endpoint")
            out.call.at.text = value_of(i);
        else if (word == "-o" || word == "--output")
            out.call.as = parse_format(value_of(i));
        else if (word == "--timeout")
            out.call.limit = parse_timeout(value_of(i));
        else if (word.starts_with("-"))
            out.call.flags.push_back(word);
        else if (out.what != nullptr)
            out.call.words.push_back(word);
        else if ((out.what = find_command(word)) == nullptr)
            usage_error("no command " + word);
    }
    return out;
}

void check(parsed const& p)
{
    for (auto const& flag : p.call.flags)
    {
        bool known = false;
        for (auto const& allowed : p.what->flags)
            known = known || allowed.name == flag;
        if (!known) usage_error(std::string(p.what->name) + " has no option " + flag);
    }
    bool const optional = p.what->words.starts_with("[");
    std::size_t const most = p.what->words.empty() ? 0 : 1;
    std::size_t const least = optional ? 0 : most;
    if (p.call.words.size() < least)
        usage_error(std::string(p.what->name) + " needs " + std::string(p.what->words));
    if (p.call.words.size() > most)
        usage_error(std::string(p.what->name) + " takes no word " + p.call.words.back());
    if (!p.call.at.is_unix() && !p.call.at.text.starts_with("http://"))
        usage_error("--endpoint takes unix:PATH or http://HOST:PORT");
    if (p.call.at.is_unix() && p.call.at.path().size() > 100)
        usage_error("--endpoint: the socket's path is too long");
}

}  // namespace

int main(int argc, char** argv)
{
    auto p = parse(words_of(argc, argv));
    if (p.what == nullptr)
    {
        // Asked for help: an answer. Nothing said at all: a mistake.
        (p.help ? std::cout : std::cerr) << help_text();
        return p.help ? exit_done : exit_usage;
    }
    if (p.help)
    {
        std::cout << help_text(*p.what);
        return exit_done;
    }
    check(p);
    try
    {
        return p.what->run(p.call);
    }
    catch (std::exception const& failure)
    {
        say(std::string("chainctl: a bug: ") + failure.what());
        return exit_bug;
    }
}
