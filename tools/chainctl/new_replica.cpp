#include "chainctl/new_replica.hpp"

#include "chainctl/become.hpp"
#include "chainctl/exit_status.hpp"
#include "runtime/options.hpp"
#include "runtime/private_file.hpp"

#include <boost/json/parse.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace chaind::chainctl
{
namespace
{

namespace fs = std::filesystem;

constexpr char const* unit = "chaind.service";
constexpr char const* unit_user = "chaind";
constexpr std::size_t last_words_max = 2000;

// chaind lies beside chainctl, or is found by PATH.
std::string chaind_path()
{
    std::error_code failed;
    auto const own = fs::read_symlink("/proc/self/exe", failed);
    for (auto const& path : {own.parent_path() / "chaind", fs::path("/usr/sbin/chaind")})
        if (!failed && fs::exists(path, failed)) return path.string();
    return "chaind";
}

bool has_unit(new_replica const& replica)
{
    std::error_code ignored;
    if (replica.own_config || !fs::exists("/run/systemd/system", ignored)) return false;
    for (auto const* folder : {"/etc/systemd/system/", "/lib/systemd/system/", "/usr/lib/systemd/system/"})
        if (fs::exists(std::string(folder) + unit, ignored)) return true;
    return false;
}

// What happens between fork and exec. Only calls that a child may make there.
struct child_setup
{
    int output = -1;           // for stdout and stderr; -1: those of this process
    bool own_session = false;  // outlives this process and its terminal
    passwd const* as = nullptr;
};

[[noreturn]] void run_child(std::vector<char*> const& words, child_setup const& how)
{
    if (how.own_session) ::setsid();
    if (int const null = ::open("/dev/null", O_RDONLY | O_CLOEXEC); null >= 0) ::dup2(null, STDIN_FILENO);
    if (how.output >= 0)
    {
        ::dup2(how.output, STDOUT_FILENO);
        ::dup2(how.output, STDERR_FILENO);
    }
    if (how.as != nullptr && !become(*how.as)) ::_exit(126);
    ::execvp(words.front(), words.data());
    ::_exit(127);
}

// The process's id; -1 with errno.
int spawn(std::vector<std::string> words, child_setup const& how)
{
    std::vector<char*> raw;
    raw.reserve(words.size() + 1);
    for (auto& word : words)
        raw.push_back(word.data());
    raw.push_back(nullptr);
    int const pid = ::fork();
    if (pid == 0) run_child(raw, how);
    return pid;
}

int exit_status_of(int waited)
{
    return WIFEXITED(waited) ? WEXITSTATUS(waited) : 128 + WTERMSIG(waited);
}

int run(std::vector<std::string> words, child_setup const& how)
{
    int const pid = spawn(std::move(words), how);
    int waited = 0;
    while (pid > 0 && ::waitpid(pid, &waited, 0) < 0)
        if (errno != EINTR) return exit_failed;
    return pid > 0 ? exit_status_of(waited) : static_cast<int>(exit_failed);
}

// The user of the unit, when chaind is to run by it.
passwd const* user_of(new_replica const& replica)
{
    return ::geteuid() == 0 && has_unit(replica) ? ::getpwnam(unit_user) : nullptr;
}

bool give_to(passwd const* user, std::string const& path)
{
    if (user == nullptr || ::chown(path.c_str(), user->pw_uid, user->pw_gid) == 0) return true;
    say("chainctl: cannot give " + path + " to " + user->pw_name + ": " + std::strerror(errno));
    return false;
}

std::string log_path(new_replica const& replica)
{
    return replica.data_dir + "/chaind.log";
}

std::string text_of(std::string const& path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

bool write_config(new_replica const& replica)
{
    std::error_code failed;
    if (auto const folder = fs::path(replica.config).parent_path(); !folder.empty())
        fs::create_directories(folder, failed);
    if (auto const bad =
            runtime::write_private_file(replica.config, replica.text, runtime::after_power_cut::there))
    {
        say("chainctl: cannot write " + replica.config + ": " + bad.message());
        return false;
    }
    return give_to(user_of(replica), replica.config);
}

int present_token(new_replica const& replica, std::string const& token)
{
    auto const* user = user_of(replica);
    // Not on the command line, where every user of the machine could read it.
    auto const file = replica.data_dir + "/join-token";
    try
    {
        runtime::make_private_folder(replica.data_dir);
    }
    catch (runtime::config_error const& wrong)
    {
        say(std::string("chainctl: ") + wrong.what());
        return exit_configuration;
    }
    if (auto const bad = runtime::write_private_file(file, token + "\n", runtime::after_power_cut::there))
    {
        say("chainctl: cannot write " + file + ": " + bad.message());
        return exit_configuration;
    }
    if (!give_to(user, replica.data_dir) || !give_to(user, file)) return exit_configuration;
    auto const status =
        run({chaind_path(), "--config", replica.config, "--join", "--join-token-file", file},
            {.output = -1, .own_session = false, .as = user});
    std::error_code ignored;
    fs::remove(file, ignored);
    if (status == 126 || status == 127) say("chainctl: cannot run " + chaind_path());
    bool const known = status == exit_done || status == exit_not_permitted || status == exit_unavailable ||
                       status == exit_configuration;
    return known ? status : static_cast<int>(exit_failed);
}

std::optional<running_replica> start_replica(new_replica const& replica)
{
    if (has_unit(replica))
    {
        if (run({"systemctl", "enable", "--quiet", "--now", unit}, {}) == 0)
            return running_replica{.pid = 0, .by_systemd = true, .url = {}};
        say(std::string("chainctl: systemd could not start ") + unit + "; see `systemctl status chaind`");
        return std::nullopt;
    }
    int const log = ::open(log_path(replica).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
    {
        say("chainctl: cannot write " + log_path(replica) + ": " + std::strerror(errno));
        return std::nullopt;
    }
    int const pid = spawn(
        {chaind_path(), "--config", replica.config}, {.output = log, .own_session = true, .as = nullptr}
    );
    ::close(log);
    if (pid > 0) return running_replica{.pid = pid, .by_systemd = false, .url = {}};
    say(std::string("chainctl: cannot start chaind: ") + std::strerror(errno));
    return std::nullopt;
}

std::optional<int> running_replica::ended() const
{
    int waited = 0;
    if (by_systemd || ::waitpid(pid, &waited, WNOHANG) != pid) return std::nullopt;
    return exit_status_of(waited);
}

std::string running_replica::last_words(new_replica const& replica) const
{
    auto const all = text_of(log_path(replica));
    return (all.size() > last_words_max ? all.substr(all.size() - last_words_max) : all) + "its log is " +
           log_path(replica) + "\n";
}

std::optional<replica_look> look_at(new_replica const& replica)
{
    // chaind writes the ports that it listens on, those chosen by the system included.
    boost::system::error_code not_json;
    auto const ports = boost::json::parse(text_of(replica.data_dir + "/ports.json"), not_json);
    if (not_json || !ports.is_object()) return std::nullopt;
    replica_look out;
    out.url = "http://" + replica.client_host + ":" + std::to_string(number_at(ports.get_object(), "client"));
    auto const limit = std::chrono::seconds(2);
    auto const ready = request(endpoint{out.url}, "GET", "/readyz?role=write", limit);
    auto const status = request(endpoint{out.url}, "GET", "/api/v1/status", limit);
    if (!ready || !status || !status->body.is_object()) return std::nullopt;
    out.ready = ready->status == 200;
    out.how = progress_in(status->body.get_object(), replica.name);
    if (out.ready) out.how.phase = "done";
    return out;
}

}  // namespace chaind::chainctl
