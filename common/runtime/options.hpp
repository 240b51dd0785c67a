#pragma once
// The options of one program: from the command line, then the environment, then a file; the first that sets
// an option wins. An unknown key or a bad value is a configuration error that names where it stands; all
// errors are said at once.
//
// The value that a bound variable holds when it is added is the option's default. Every number has a range,
// which stands in the option's help and in its example.

#include "runtime/log.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::runtime
{

inline constexpr int exit_ok = 0;
inline constexpr int exit_unavailable = 69;      // EX_UNAVAILABLE: who must answer does not
inline constexpr int exit_bug = 70;              // EX_SOFTWARE: a broken invariant; look at the log
inline constexpr int exit_disk = 74;             // EX_IOERR: the disk failed or the store is damaged
inline constexpr int exit_unknown_outcome = 75;  // EX_TEMPFAIL: who was asked may do it all the same
inline constexpr int exit_outdated = 76;         // EX_PROTOCOL: the log holds what only a newer version knows
inline constexpr int exit_refused = 77;          // EX_NOPERM: not let into the cluster
inline constexpr int exit_config = 78;           // EX_CONFIG: systemd does not restart it

// One line for each thing that is wrong: "etc/chaind.conf:12: heartbeat: not a duration such as 250ms: soon".
class config_error : public std::runtime_error
{
public:
    explicit config_error(std::string const& line) : config_error(std::vector<std::string>{line}) {}
    explicit config_error(std::vector<std::string> lines);

    [[nodiscard]] std::vector<std::string> const& lines() const { return lines_; }

private:
    std::vector<std::string> lines_;
};

// Both ends belong to it.
template <class T>
struct range
{
    T least{};
    T most{};
    bool or_zero = false;  // 0 has a meaning of its own
};

class options
{
public:
    // `env_prefix`: "CHAIND_" makes --data-dir settable as CHAIND_DATA_DIR.
    options(std::string program, std::string about, std::string env_prefix);

    options& add(std::string name, std::string& into, std::string help);
    options& add(std::string name, bool& into, std::string help);  // true or false
    options& add(std::string name, std::size_t& into, range<std::size_t> in, std::string help);
    options& add(std::string name, double& into, range<double> in, std::string help);
    options& add(
        std::string name,
        std::chrono::microseconds& into,
        range<std::chrono::microseconds> in,
        std::string help
    );
    options& add(
        std::string name,
        std::chrono::milliseconds& into,
        range<std::chrono::microseconds> in,
        std::string help
    );
    options& add(std::string name, log::level& into, std::string help);
    options& add_size(std::string name, std::size_t& into, range<std::size_t> in, std::string help);  // 16MiB
    options& add_list(std::string name, std::vector<std::string>& into, std::string help);            // a,b,c
    // Any other type: `set` throws std::invalid_argument with what is wrong.
    options& add_custom(
        std::string name,
        std::string help,
        std::function<void(std::string const&)> set,
        std::function<std::string()> get
    );

    // Without a value, and on the command line only: what to do, not how.
    options& add_switch(std::string name, bool& into, std::string help);

    enum class action
    {
        run,
        exit,  // --help, --version, --print-config or --check-config has been answered on stdout
    };
    // `check` is called before --check-config or --print-config answer: it throws config_error, whose lines
    // begin with "OPTION: ", for values that do not go together. Throws config_error with everything that is
    // wrong.
    action parse(int argc, char const* const* argv, std::function<void()> const& check);

    // "# help\nname = value\n\n" for each option: what is in force.
    [[nodiscard]] std::string print_config() const;
    // The same with each setting commented out: what etc/ holds.
    [[nodiscard]] std::string print_example() const;

    // Variables with our prefix that are no option: worth a warning, since somebody may wonder.
    [[nodiscard]] std::vector<std::string> const& unknown_environment() const { return unknown_environment_; }

private:
    struct option
    {
        std::string name;
        std::string help;
        std::function<void(std::string const&)> set;
        std::function<std::string()> get;
        std::string where{};  // of the source that has decided; empty: the default holds
        bool decided = false;
    };

    struct command_switch
    {
        std::string name;
        std::string help;
        bool& into;
    };

    [[nodiscard]] option* find(std::string_view name);
    [[nodiscard]] std::vector<std::string_view> names() const;
    void set(option& which, std::string const& value, std::string const& where);
    std::map<std::string, bool> read_command_line(int argc, char const* const* argv, std::string& file);
    void read_environment();
    void read_file(std::string const& path);
    void read_line(
        std::string const& line, int number, std::string const& where, std::map<std::string, int>& seen
    );
    void judge(std::function<void()> const& check);
    [[nodiscard]] std::string print(std::string_view comment) const;
    void print_help() const;

    std::string program_;
    std::string about_;
    std::string env_prefix_;
    std::vector<option> options_;
    std::vector<command_switch> switches_;
    std::vector<std::string> unknown_environment_;
    std::vector<std::string> wrong_;
};

}  // namespace chaind::runtime
