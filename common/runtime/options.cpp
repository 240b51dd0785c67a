#include "runtime/options.hpp"

#include "base/near_word.hpp"
#include "runtime/printable.hpp"
#include "runtime/quantity.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <unistd.h>

namespace chaind::runtime
{

namespace po = boost::program_options;

namespace
{
std::string env_name(std::string const& prefix, std::string_view option)
{
    std::string out = prefix;
    for (char c : option)
        out += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

std::string trim(std::string_view text)
{
    auto const first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

constexpr std::size_t file_max = 1u << 20;
constexpr std::size_t complaints_max = 100;

std::vector<std::string> split(std::string const& text)
{
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, ',');)
        if (auto name = trim(part); !name.empty()) out.push_back(std::move(name));
    return out;
}

// What no value of any option means, wherever it comes from. Empty: nothing is wrong with it.
std::string objection_to(std::string_view value)
{
    auto const is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; };
    if (std::any_of(value.begin(), value.end(), is_control)) return "holds a control character";
    if (!is_utf8(value)) return "is not UTF-8";
    auto const is_quote = [](char c) { return c == '"' || c == '\''; };
    if (!value.empty() && (is_quote(value.front()) || is_quote(value.back())))
        return "values stand without quotes";
    return {};
}

// Both ends of a range in words, as `show` says a value.
template <class T, class Show>
std::string in_words(range<T> const& in, Show show)
{
    return (in.or_zero ? "0, or from " : "from ") + show(in.least) + " to " + show(in.most);
}

template <class T>
bool contains(range<T> const& in, T value)
{
    return (value >= in.least && value <= in.most) || (in.or_zero && value == T{});
}

// The help of an option with a range: "Largest message body. From 1KiB to 16KiB."
std::string with_range(std::string help, std::string words)
{
    words.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(words.front())));
    return std::move(help) + ' ' + words + '.';
}

std::string show_number(double value)
{
    std::ostringstream out;
    out << value;
    return out.str();
}

std::string joined(std::vector<std::string> const& lines)
{
    std::string out;
    for (auto const& line : lines)
        (out += out.empty() ? "" : "\n") += line;
    return out;
}
}  // namespace

config_error::config_error(std::vector<std::string> lines)
    : runtime_error(joined(lines)), lines_(std::move(lines))
{
}

options::options(std::string program, std::string about, std::string env_prefix)
    : program_(std::move(program)), about_(std::move(about)), env_prefix_(std::move(env_prefix))
{
}

options& options::add_custom(
    std::string name,
    std::string help,
    std::function<void(std::string const&)> set,
    std::function<std::string()> get
)
{
    options_.push_back({std::move(name), std::move(help), std::move(set), std::move(get)});
    return *this;
}

options& options::add(std::string name, std::string& into, std::string help)
{
    return add_custom(
        std::move(name),
        std::move(help),
        [&into](std::string const& text) { into = text; },
        [&into] { return into; }
    );
}

options& options::add(std::string name, bool& into, std::string help)
{
    auto set = [&into](std::string const& text)
    {
        if (text != "true" && text != "false") throw std::invalid_argument("neither true nor false");
        into = text == "true";
    };
    return add_custom(std::move(name), std::move(help), set, [&into] { return into ? "true" : "false"; });
}

options& options::add(std::string name, std::size_t& into, range<std::size_t> in, std::string help)
{
    auto const words = in_words(in, [](std::size_t value) { return std::to_string(value); });
    auto set = [&into, in, words](std::string const& text)
    {
        std::size_t value = 0;
        auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
        bool const whole = bad != std::errc::invalid_argument && end == text.data() + text.size();
        if (!whole) throw std::invalid_argument("not a whole number");
        if (bad != std::errc{} || !contains(in, value)) throw std::invalid_argument("goes " + words);
        into = value;
    };
    return add_custom(
        std::move(name),
        with_range(std::move(help), words),
        std::move(set),
        [&into] { return std::to_string(into); }
    );
}

options& options::add(std::string name, double& into, range<double> in, std::string help)
{
    auto const words = in_words(in, show_number);
    auto set = [&into, in, words](std::string const& text)
    {
        double value = 0;
        auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
        bool const whole = bad != std::errc::invalid_argument && end == text.data() + text.size();
        if (!whole) throw std::invalid_argument("not a number");
        // "nan" is read as one, and is in no range.
        if (bad != std::errc{} || !contains(in, value)) throw std::invalid_argument("goes " + words);
        into = value;
    };
    return add_custom(
        std::move(name),
        with_range(std::move(help), words),
        std::move(set),
        [&into] { return show_number(into); }
    );
}

namespace
{
template <class Duration>
options& add_duration(
    options& to, std::string name, Duration& into, range<std::chrono::microseconds> in, std::string help
)
{
    auto const words = in_words(in, show_duration);
    auto set = [&into, in, words](std::string const& text)
    {
        auto const value = parse_duration(text);
        if (!value) throw std::invalid_argument("not a duration such as 250ms");
        if (!contains(in, *value)) throw std::invalid_argument("goes " + words);
        into = std::chrono::duration_cast<Duration>(*value);
    };
    return to.add_custom(
        std::move(name),
        with_range(std::move(help), words),
        std::move(set),
        [&into] { return show_duration(into); }
    );
}
}  // namespace

options& options::add(
    std::string name, std::chrono::microseconds& into, range<std::chrono::microseconds> in, std::string help
)
{
    return add_duration(*this, std::move(name), into, in, std::move(help));
}

options& options::add(
    std::string name, std::chrono::milliseconds& into, range<std::chrono::microseconds> in, std::string help
)
{
    return add_duration(*this, std::move(name), into, in, std::move(help));
}

options& options::add(std::string name, log::level& into, std::string help)
{
    auto set = [&into](std::string const& text)
    {
        if (!log::parse(text, into)) throw std::invalid_argument("not debug, info, notice, warning or error");
    };
    return add_custom(
        std::move(name), std::move(help), set, [&into] { return std::string(to_string(into)); }
    );
}

options& options::add_size(std::string name, std::size_t& into, range<std::size_t> in, std::string help)
{
    auto const words = in_words(in, show_size);
    auto set = [&into, in, words](std::string const& text)
    {
        auto const value = parse_size(text);
        if (!value) throw std::invalid_argument("not a size such as 16MiB");
        if (!contains(in, static_cast<std::size_t>(*value))) throw std::invalid_argument("goes " + words);
        into = *value;
    };
    return add_custom(
        std::move(name),
        with_range(std::move(help), words),
        std::move(set),
        [&into] { return show_size(into); }
    );
}

options& options::add_list(std::string name, std::vector<std::string>& into, std::string help)
{
    auto get = [&into]
    {
        std::string out;
        for (auto const& part : into)
            (out += out.empty() ? "" : ",") += part;
        return out;
    };
    return add_custom(
        std::move(name), std::move(help), [&into](std::string const& text) { into = split(text); }, get
    );
}

options& options::add_switch(std::string name, bool& into, std::string help)
{
    switches_.push_back({std::move(name), std::move(help), into});
    return *this;
}

options::option* options::find(std::string_view name)
{
    auto const found =
        std::find_if(options_.begin(), options_.end(), [&](option const& o) { return o.name == name; });
    return found == options_.end() ? nullptr : &*found;
}

std::vector<std::string_view> options::names() const
{
    std::vector<std::string_view> out;
    for (auto const& each : options_)
        out.push_back(each.name);
    return out;
}

void options::set(option& which, std::string const& value, std::string const& where)
{
    try
    {
        if (auto const why = objection_to(value); !why.empty()) throw std::invalid_argument(why);
        // Checked even where an earlier source has decided: a bad line must not hide behind an override.
        auto const before = which.get();
        which.set(value);
        if (which.decided)
            which.set(before);
        else
            which.where = where;
        which.decided = true;
    }
    catch (std::invalid_argument const& wrong)
    {
        wrong_.push_back(where + which.name + ": " + wrong.what() + ": " + printable(value));
    }
}

std::map<std::string, bool> options::read_command_line(int argc, char const* const* argv, std::string& file)
{
    po::options_description known;
    auto add = known.add_options();
    for (auto const* flag : {"help", "version", "check-config", "print-config"})
        add(flag, "");
    for (auto const& s : switches_)
        add(s.name.c_str(), "");
    add("config", po::value<std::string>(&file));
    for (auto const& o : options_)
        add(o.name.c_str(), po::value<std::string>());

    po::variables_map given;
    try
    {
        auto const style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
        auto words = po::command_line_parser(argc, argv)
                         .options(known)
                         .positional(po::positional_options_description{}.add("word", -1))
                         .style(style)
                         .allow_unregistered()
                         .run();
        // What is not known is said, and the others are still read.
        auto const is_unknown = [](po::option const& each)
        { return each.unregistered || each.position_key >= 0; };
        for (auto const& each : words.options)
            if (is_unknown(each))
                wrong_.push_back(
                    "command line: " +
                    std::string(each.unregistered ? "unknown option " : "no word is expected: ") +
                    printable(each.original_tokens.empty() ? each.string_key : each.original_tokens.front()) +
                    (each.unregistered ? did_you_mean(each.string_key, names()) : "")
                );
        std::erase_if(words.options, is_unknown);
        po::store(words, given);
        po::notify(given);
    }
    catch (po::error const& wrong)
    {
        wrong_.push_back(std::string("command line: ") + printable(wrong.what()));
    }
    std::map<std::string, bool> flags;
    for (auto& o : options_)
        if (given.count(o.name) != 0) set(o, given[o.name].as<std::string>(), "command line: --");
    for (auto const* flag : {"help", "version", "check-config", "print-config"})
        flags[flag] = given.count(flag) != 0;
    for (auto const& s : switches_)
        s.into = given.count(s.name) != 0;
    return flags;
}

void options::read_environment()
{
    for (char** at = ::environ; at != nullptr && *at != nullptr; ++at)
    {
        std::string_view const pair = *at;
        auto const name = pair.substr(0, pair.find('='));
        if (!name.starts_with(env_prefix_) || name.size() == pair.size()) continue;
        auto const which = std::find_if(
            options_.begin(),
            options_.end(),
            [&](option const& o) { return env_name(env_prefix_, o.name) == name; }
        );
        if (which != options_.end())
            set(*which, std::string(pair.substr(name.size() + 1)), "environment: ");
        else
            unknown_environment_.emplace_back(name);
    }
}

void options::read_file(std::string const& path)
{
    std::error_code failed;
    if (std::filesystem::is_directory(path, failed))
    {
        wrong_.push_back(path + ": is a folder, not a file");
        return;
    }
    errno = 0;
    std::ifstream in(path);
    if (!in)
    {
        wrong_.push_back(
            path + ": cannot be read" + (errno == 0 ? "" : std::string(": ") + std::strerror(errno))
        );
        return;
    }
    std::map<std::string, int> seen;
    int number = 0;
    std::size_t size = 0;
    for (std::string text; std::getline(in, text);)
    {
        if (wrong_.size() == complaints_max)
        {
            wrong_.push_back(path + ": and more");
            return;
        }
        size += text.size() + 1;
        if (size > file_max)
        {
            wrong_.push_back(path + ": too large for a configuration");
            return;
        }
        // Some editors begin a file with a byte order mark.
        if (number == 0 && text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
        ++number;
        read_line(text, number, path + ':' + std::to_string(number) + ": ", seen);
    }
    if (in.bad()) wrong_.push_back(path + ": cannot be read");
}

void options::read_line(
    std::string const& line, int number, std::string const& where, std::map<std::string, int>& seen
)
{
    auto const content = trim(line);
    if (content.empty() || content.front() == '#') return;
    auto const equals = content.find('=');
    if (equals == std::string::npos)
    {
        wrong_.push_back(where + "not of the form name = value: " + printable(content));
        return;
    }
    auto const name = trim(content.substr(0, equals));
    auto const value = trim(content.substr(equals + 1));
    auto* const which = find(name);
    if (which == nullptr)
    {
        wrong_.push_back(where + "unknown option " + printable(name) + did_you_mean(name, names()));
        return;
    }
    if (auto const [first, fresh] = seen.emplace(name, number); !fresh)
    {
        wrong_.push_back(where + name + " stands in line " + std::to_string(first->second) + " already");
        return;
    }
    auto const mark = value.find_first_of("#;");
    bool const comment =
        mark != std::string::npos && (mark == 0 || value[mark - 1] == ' ' || value[mark - 1] == '\t');
    if (comment)
        wrong_.push_back(where + name + ": a comment stands in a line of its own: " + printable(value));
    else
        set(*which, value, where);
}

// The check of all values together; its complaints say where the option was set.
void options::judge(std::function<void()> const& check)
{
    try
    {
        check();
    }
    catch (config_error const& wrong)
    {
        for (auto const& line : wrong.lines())
        {
            auto const* which = find(line.substr(0, line.find(':')));
            wrong_.push_back((which == nullptr ? std::string() : which->where) + line);
        }
    }
    if (!wrong_.empty()) throw config_error(std::move(wrong_));
}

options::action options::parse(int argc, char const* const* argv, std::function<void()> const& check)
{
    wrong_.clear();
    std::string file;
    auto flags = read_command_line(argc, argv, file);
    if (flags["help"]) return print_help(), action::exit;
    if (flags["version"])
    {
        std::cout << program_ << ' ' << CHAIND_VERSION << '\n';
        return action::exit;
    }
    read_environment();
    if (!file.empty()) read_file(file);
    judge(check);
    if (flags["print-config"]) std::cout << print_config();
    if (flags["check-config"])
    {
        std::vector<std::string> known;
        for (auto const& each : options_)
            known.push_back(env_name(env_prefix_, each.name));
        for (auto const& name : unknown_environment_)
            std::cout << name << " in the environment is no option, and is not read"
                      << did_you_mean(name, {known.begin(), known.end()}) << '\n';
        std::cout << "the configuration is good\n";
    }
    return flags["print-config"] || flags["check-config"] ? action::exit : action::run;
}

std::string options::print(std::string_view comment) const
{
    std::string out;
    for (auto const& o : options_)
    {
        auto const value = o.get();
        ((out += "# ") += o.help) += '\n';
        ((out += comment) += o.name) += value.empty() ? " =" : " = " + value;
        out += "\n\n";
    }
    return out;
}

std::string options::print_config() const
{
    return print("");
}

std::string options::print_example() const
{
    return print("#");
}

void options::print_help() const
{
    std::cout << program_ << ": " << about_ << "\n\nUsage: " << program_
              << " [--config FILE] [--OPTION VALUE]...\n\n"
              << "Each option may also stand in FILE (name = value) or in the environment (--data-dir is "
              << env_name(env_prefix_, "data-dir")
              << ").\nThe command line wins over the environment, the environment "
              << "over the file.\n\n";
    for (auto const& o : options_)
    {
        auto const value = o.get();
        std::cout << "  --" << o.name << " VALUE\n        " << o.help;
        if (!value.empty()) std::cout << " (default " << value << ')';
        std::cout << '\n';
    }
    std::cout << '\n';
    for (auto const& s : switches_)
        std::cout << "  --" << s.name << "\n        " << s.help << '\n';
    std::cout << "  --config FILE\n        read options from FILE\n"
              << "  --check-config\n        say what is wrong with the configuration, or that nothing is\n"
              << "  --print-config\n        print what is in force\n"
              << "  --help, --version\n\n"
              << "Exit status: 0 done, 69 nobody answers, 70 bug, 74 disk failed, 76 too old a version, 77 "
                 "not let in, 78 "
                 "configuration.\n";
}

}  // namespace chaind::runtime
