#include "runtime/options.hpp"

#include "runtime/quantity.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <charconv>
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

std::vector<std::string> split(std::string const& text)
{
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, ',');)
        if (auto name = trim(part); !name.empty()) out.push_back(std::move(name));
    return out;
}
}  // namespace

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

options& options::add(std::string name, std::size_t& into, std::string help)
{
    auto set = [&into](std::string const& text)
    {
        std::size_t value = 0;
        auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (bad != std::errc{} || end != text.data() + text.size())
            throw std::invalid_argument("not a whole number");
        into = value;
    };
    return add_custom(std::move(name), std::move(help), set, [&into] { return std::to_string(into); });
}

options& options::add(std::string name, double& into, std::string help)
{
    auto set = [&into](std::string const& text)
    {
        double value = 0;
        auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (bad != std::errc{} || end != text.data() + text.size() || !(value >= 0))
            throw std::invalid_argument("not a number from 0 on");
        into = value;
    };
    auto get = [&into]
    {
        std::ostringstream out;
        out << into;
        return out.str();
    };
    return add_custom(std::move(name), std::move(help), set, get);
}

options& options::add(std::string name, std::chrono::microseconds& into, std::string help)
{
    auto set = [&into](std::string const& text)
    {
        auto const value = parse_duration(text);
        if (!value) throw std::invalid_argument("not a duration such as 250ms");
        into = *value;
    };
    return add_custom(std::move(name), std::move(help), set, [&into] { return show_duration(into); });
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

options& options::add_size(std::string name, std::size_t& into, std::string help)
{
    auto set = [&into](std::string const& text)
    {
        auto const value = parse_size(text);
        if (!value) throw std::invalid_argument("not a size such as 16MiB");
        into = *value;
    };
    return add_custom(std::move(name), std::move(help), set, [&into] { return show_size(into); });
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

void options::set(option& which, std::string const& value, std::string const& where)
{
    try
    {
        // Checked even where an earlier source has decided: a bad line must not hide behind an override.
        auto const before = which.get();
        which.set(value);
        if (which.decided) which.set(before);
        which.decided = true;
    }
    catch (std::invalid_argument const& wrong)
    {
        throw config_error(where + which.name + ": " + wrong.what() + ": " + value);
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
        po::store(
            po::command_line_parser(argc, argv)
                .options(known)
                .positional(po::positional_options_description{})
                .style(style)
                .run(),
            given
        );
        po::notify(given);
    }
    catch (po::error const& wrong)
    {
        throw config_error(std::string("command line: ") + wrong.what());
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
    std::ifstream in(path);
    if (!in) throw config_error(path + ": cannot be read");
    std::map<std::string, int> seen;
    int number = 0;
    for (std::string text; std::getline(in, text);)
    {
        auto const where = path + ':' + std::to_string(++number) + ": ";
        auto const content = trim(text);
        if (content.empty() || content.front() == '#') continue;
        auto const equals = content.find('=');
        if (equals == std::string::npos) throw config_error(where + "not of the form name = value");
        auto const name = trim(content.substr(0, equals));
        auto* const which = find(name);
        if (which == nullptr) throw config_error(where + "unknown option " + name);
        if (auto const [first, fresh] = seen.emplace(name, number); !fresh)
            throw config_error(
                where + name + " stands in line " + std::to_string(first->second) + " already"
            );
        set(*which, trim(content.substr(equals + 1)), where);
    }
}

options::action options::parse(int argc, char const* const* argv, std::function<void()> const& check)
{
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
    check();
    if (flags["print-config"]) std::cout << print_config();
    if (flags["check-config"]) std::cout << "the configuration is good\n";
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
              << "Exit status: 0 done, 69 nobody answers, 70 bug, 74 disk failed, 77 not let in, 78 "
                 "configuration.\n";
}

}  // namespace chaind::runtime
