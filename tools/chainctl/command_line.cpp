// Reads a command line by the table of commands.

#include "base/listed.hpp"
#include "base/near_word.hpp"
#include "chainctl/command.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>

namespace chaind::chainctl
{
namespace
{

constexpr char const* default_endpoint = "unix:/var/lib/configd/configd.sock";
constexpr std::size_t request_id_max = 64;
constexpr std::size_t socket_path_max = 107;  // sun_path

std::optional<std::uint64_t> number_in(std::string_view text)
{
    std::uint64_t out = 0;
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (bad != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return out;
}

std::optional<format> format_in(std::string_view text)
{
    if (text == "table") return format::table;
    if (text == "wide") return format::wide;
    if (text == "json") return format::json;
    if (text == "jsonl") return format::jsonl;
    if (text == "name") return format::name;
    return std::nullopt;
}

// Words of the command line, "--key=value" split in two.
std::vector<std::string> split(std::vector<std::string> const& words)
{
    std::vector<std::string> out;
    for (auto const& word : words)
    {
        auto const equals = word.find('=');
        bool const both = word.starts_with("--") && equals != std::string::npos;
        out.push_back(both ? word.substr(0, equals) : word);
        if (both) out.push_back(word.substr(equals + 1));
    }
    return out;
}

class reader
{
public:
    explicit reader(std::vector<std::string> const& words) : words_(split(words))
    {
        char const* from_environment = std::getenv("CHAINCTL_ENDPOINT");
        out_.call.at.text = from_environment != nullptr ? from_environment : default_endpoint;
    }

    parsed read()
    {
        for (; at_ < words_.size() && out_.mistake.empty(); ++at_)
            take(words_[at_]);
        if (out_.mistake.empty() && out_.what == nullptr && !group_.empty()) end_with_group();
        if (out_.mistake.empty() && !own_.empty() && out_.what == nullptr && !out_.help)
            out_.mistake = "no command before " + own_.front().first;
        if (out_.mistake.empty() && out_.what != nullptr && !out_.help) check();
        return std::move(out_);
    }

private:
    void take(std::string const& word)
    {
        // Which of two answers to one question is meant, nobody can tell. But an alias or a script that names
        // an endpoint leaves the choice of another one, as the environment's variable does.
        auto const option = word == "-o" ? std::string("--output") : word;
        bool const once = word.starts_with("-") && word != "-" && word != "--endpoint";
        if (once && !given_.insert(option).second) return wrong(option + " is given twice");
        if (word == "--help" || word == "-h")
            out_.help = true;
        else if (word == "--version")
            out_.what = find_command("version");
        else if (word == "--yes")
            out_.call.yes = true;
        else if (word == "--dry-run")
            out_.call.dry_run = true;
        else if (word == "--endpoint")
            out_.call.at.text = value();
        else if (word == "-o" || word == "--output")
            take_format(value());
        else if (word == "--timeout")
            take_timeout(value());
        else if (word == "--if-epoch")
            take_epoch(value());
        else if (word == "--request-id")
            take_request_id(value());
        else if (word.starts_with("-") && word != "-")
            take_own(word);
        else if (out_.what != nullptr)
            out_.call.words.push_back(word);
        else
            take_command(word);
    }

    // The value after the option at hand.
    std::string value()
    {
        if (at_ + 1 < words_.size()) return words_[++at_];
        out_.mistake = words_[at_] + " needs a value";
        return {};
    }

    void take_format(std::string const& text)
    {
        if (auto const found = format_in(text))
            out_.call.as = *found;
        else
            wrong("no output format " + text + ": table, wide, json, jsonl or name");
    }
    void take_timeout(std::string const& text)
    {
        auto const seconds = number_in(text).value_or(0);
        if (seconds == 0 || seconds > 86400) return wrong("--timeout takes whole seconds, 1 to 86400");
        out_.call.limit = std::chrono::seconds(seconds);
        out_.call.limit_given = true;
    }
    void take_epoch(std::string const& text)
    {
        out_.call.if_epoch = number_in(text);
        if (!out_.call.if_epoch) wrong("--if-epoch takes the number of an epoch; `chainctl status` shows it");
    }
    void take_request_id(std::string const& text)
    {
        bool const plain =
            std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c < 127; });
        if (text.empty() || text.size() > request_id_max || !plain)
            return wrong("--request-id takes 1 to 64 visible characters");
        out_.call.request_id = text;
    }
    void take_command(std::string const& word)
    {
        out_.what = find_command(group_.empty() ? word : group_ + " " + word);
        if (out_.what != nullptr) return;
        if (!group_.empty()) return wrong(needs_another());
        if (subcommands(word).empty()) return wrong("no command " + word + did_you_mean(word, first_words()));
        group_ = word;
    }
    [[nodiscard]] static std::vector<std::string_view> first_words()
    {
        std::vector<std::string_view> out;
        for (auto const& c : commands())
            if (auto const first = c.name.substr(0, c.name.find(' ')); out.empty() || out.back() != first)
                out.push_back(first);
        return out;
    }
    [[nodiscard]] std::string needs_another() const
    {
        std::string known;
        for (auto const& second : subcommands(group_))
            add_listed(known, second);
        return group_ + " needs one of: " + known;
    }
    // "backup --help" is a question about each of them.
    void end_with_group()
    {
        if (!out_.help) return wrong(needs_another());
        own_.clear();
        out_.help = false;
        out_.what = find_command("help");
        out_.call.words = {group_};
    }

    // An option of the command. It may stand before the command's name, where only the table of all commands
    // says whether a value follows; no two commands disagree about that.
    void take_own(std::string const& word)
    {
        bool takes_value = false;
        for (auto const& c : commands())
            for (auto const& flag : c.flags)
                takes_value = takes_value || (flag.word() == word && flag.takes_value());
        auto given = takes_value ? value() : std::string();
        own_.emplace_back(word, std::move(given));
    }

    void check()
    {
        auto const& what = *out_.what;
        out_.call.command = what.name;
        for (auto& [word, given] : own_)
        {
            bool const known = std::any_of(
                what.flags.begin(), what.flags.end(), [&](flag_help const& f) { return f.word() == word; }
            );
            if (!known)
                return wrong(
                    std::string(what.name) + " has no option " + word + did_you_mean(word, options_of(what))
                );
            out_.call.flags[word] = std::move(given);
        }
        check_words(what);
        auto const& at = out_.call.at;
        if (!at.is_unix() && !at.text.starts_with("http://"))
            wrong("--endpoint takes unix:PATH or http://HOST:PORT");
        if (at.is_unix() && at.path().size() > socket_path_max)
            wrong("--endpoint: the path of the socket is too long, at most 107 bytes");
    }
    [[nodiscard]] static std::vector<std::string_view> options_of(command const& what)
    {
        std::vector<std::string_view> out;
        for (auto const& flags : {what.flags, global_flags()})
            for (auto const& flag : flags)
                out.push_back(flag.word());
        return out;
    }
    void check_words(command const& what)
    {
        auto const is_space = [](char c) { return c == ' '; };
        std::size_t const most =
            what.words.empty()
                ? 0
                : 1 + static_cast<std::size_t>(std::count_if(what.words.begin(), what.words.end(), is_space));
        auto const optional = static_cast<std::size_t>(std::count(what.words.begin(), what.words.end(), '['));
        auto const given = out_.call.words.size();
        if (given < most - optional) wrong(std::string(what.name) + " needs " + std::string(what.words));
        if (given > most) wrong(std::string(what.name) + " takes no word " + out_.call.words.back());
    }

    void wrong(std::string what)
    {
        if (out_.mistake.empty()) out_.mistake = std::move(what);
    }

    std::vector<std::string> words_;
    std::size_t at_ = 0;
    std::string group_;  // the first word of a command of two
    std::vector<std::pair<std::string, std::string>> own_;
    std::set<std::string> given_;
    parsed out_;
};

}  // namespace

parsed parse(std::vector<std::string> const& words)
{
    return reader(words).read();
}

}  // namespace chaind::chainctl
