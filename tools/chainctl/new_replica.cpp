#include "chainctl/new_replica.hpp"

#include "chainctl/become.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/new_folders.hpp"
#include "runtime/error_words.hpp"
#include "runtime/options.hpp"
#include "runtime/private_file.hpp"

#include <boost/json/parse.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iostream>
#include <vector>

#include <fcntl.h>
#include <grp.h>
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

// A user by whose rights something is done.
struct account
{
    std::string name;
    uid_t user = 0;
    gid_t group = 0;
};

bool become_account(account const& who)
{
    if (who.name.empty())
        return ::setgroups(0, nullptr) == 0 && ::setgid(who.group) == 0 && ::setuid(who.user) == 0;
    passwd entry{};
    auto name = who.name;
    entry.pw_name = name.data();
    entry.pw_uid = who.user;
    entry.pw_gid = who.group;
    return become(entry);
}

// What happens between fork and exec.
struct child_setup
{
    std::string output;        // a file for stdout and stderr; empty: those of this process
    bool own_session = false;  // outlives this process and its terminal
    std::optional<account> as = std::nullopt;
};

int open_log(std::string const& path)
{
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
}

[[noreturn]] void run_child(std::vector<char*> const& words, child_setup const& how)
{
    if (how.own_session) ::setsid();
    if (int const null = ::open("/dev/null", O_RDONLY | O_CLOEXEC); null >= 0) ::dup2(null, STDIN_FILENO);
    if (how.as && !become_account(*how.as)) ::_exit(126);
    if (!how.output.empty())
    {
        int const log = open_log(how.output);
        if (log < 0) ::_exit(126);
        ::dup2(log, STDOUT_FILENO);
        ::dup2(log, STDERR_FILENO);
    }
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

// Runs `what` by that user's rights, in a child, and gives what it returns.
int as_user(std::optional<account> const& who, std::function<int()> const& what)
{
    if (!who) return what();
    int const pid = ::fork();
    if (pid == 0)
    {
        int const status = become_account(*who) ? what() : 126;
        std::cerr.flush();
        ::_exit(status);
    }
    int waited = 0;
    while (pid > 0 && ::waitpid(pid, &waited, 0) < 0)
        if (errno != EINTR) return exit_failed;
    return pid > 0 ? exit_status_of(waited) : static_cast<int>(exit_failed);
}

// To whom the folder belongs, or the nearest one above it that is there; nothing: to root.
std::optional<account> owner_of(fs::path folder)
{
    std::error_code failed;
    folder = fs::absolute(folder, failed);
    struct ::stat about = {};
    while (::stat(folder.c_str(), &about) != 0 && folder.has_relative_path())
        folder = folder.parent_path();
    if (about.st_uid == 0) return std::nullopt;
    auto const* entry = ::getpwuid(about.st_uid);
    if (entry == nullptr) return account{.name = {}, .user = about.st_uid, .group = about.st_gid};
    return account{.name = entry->pw_name, .user = entry->pw_uid, .group = entry->pw_gid};
}

// By whose rights chaind runs, and all is done in its folder, when this is root: the unit's user, or whoever
// owns the folder. He may have placed links there, and root's rights are not lent to them.
std::optional<account> user_of(new_replica const& replica)
{
    if (::geteuid() != 0) return std::nullopt;
    if (!has_unit(replica)) return owner_of(replica.data_dir);
    auto const* entry = ::getpwnam(unit_user);
    if (entry == nullptr) return std::nullopt;
    return account{.name = entry->pw_name, .user = entry->pw_uid, .group = entry->pw_gid};
}

// The data folder, new or root's until now, for that user.
int make_folder_for(std::optional<account> const& user, std::string const& path)
{
    try
    {
        runtime::make_private_folder(path);
    }
    catch (runtime::config_error const& wrong)
    {
        say("chainctl: " + runtime::words_of(wrong));
        return exit_configuration;
    }
    if (!user || ::geteuid() != 0) return exit_done;
    int const folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct ::stat about = {};
    bool given = folder >= 0 && ::fstat(folder, &about) == 0;
    if (given && about.st_uid == 0) given = ::fchown(folder, user->user, user->group) == 0;
    auto const why = std::string(std::strerror(errno));
    if (folder >= 0) ::close(folder);
    if (given) return exit_done;
    say("chainctl: cannot give " + path + " to " + user->name + ": " + why);
    return exit_configuration;
}

std::string log_path(new_replica const& replica)
{
    return replica.data_dir + "/chaind.log";
}

std::string text_of(std::string const& path)
{
    return runtime::read_plain_file(path).value_or("");
}

// Whether it comes into the chain, by its own status: what the config service told it, or how that refuses
// it.
void judge(replica_look& out, boost::json::object const& status, std::string const& name)
{
    auto const& service = object_at(status, "config_service");
    out.told = text_at(service, "state") == "up";
    // That does not change because the config service is away.
    if (out.told || is_listed(status, "removed", name)) out.kept_out = kept_out(status, name).value_or("");
    if (out.kept_out.empty()) out.kept_out = text_at(service, "refuses");
    if (is_listed(status, "removed", name)) return;
    if (is_listed(status, "drained", name))
        out.next = "`chainctl undrain " + name + "` where configd runs brings it back";
    else if (is_listed(status, "spares", name))
        out.next = "it comes in when a machine is missing, or when `chainctl replicas want` wants more";
}

}  // namespace

bool write_config(new_replica const& replica)
{
    auto const folder = fs::path(replica.config).parent_path();
    auto const writer = ::geteuid() == 0 ? owner_of(folder.empty() ? fs::path(".") : folder) : std::nullopt;
    auto const user = user_of(replica);
    auto const write = [&]
    {
        std::error_code ignored;
        if (!folder.empty()) fs::create_directories(folder, ignored);
        std::optional<runtime::file_owner> owner;
        if (user && !writer) owner = runtime::file_owner{user->user, user->group};
        auto const bad =
            runtime::write_private_file(replica.config, replica.text, runtime::after_power_cut::there, owner);
        if (bad) say("chainctl: cannot write " + replica.config + ": " + bad.message());
        return bad ? static_cast<int>(exit_configuration) : static_cast<int>(exit_done);
    };
    return as_user(writer, write) == exit_done;
}

int present_token(new_replica const& replica, std::string const& token)
{
    auto const user = user_of(replica);
    // As root where the folder is to be made in a folder of root's; then by the user's rights alone.
    bool const by_root = user && !owner_of(
                                     fs::path(replica.data_dir).parent_path().empty()
                                         ? fs::path(".")
                                         : fs::path(replica.data_dir).parent_path()
                                 );
    std::optional<account> const maker = by_root ? std::nullopt : user;
    new_folders made(replica.data_dir);
    // Whoever is not let in leaves nothing behind.
    auto const not_in = [&](int status)
    {
        static_cast<void>(as_user(maker, [&] { return made.remove(), 0; }));
        made.keep();  // not by root's rights again
        return status;
    };
    auto const make = [&] { return make_folder_for(user, replica.data_dir); };
    if (int const failed = as_user(maker, make); failed != exit_done) return not_in(failed);
    // Not on the command line, where every user of the machine could read it.
    auto const file = replica.data_dir + "/join-token";
    auto const write = [&]
    {
        auto const bad = runtime::write_private_file(file, token + "\n");
        if (bad) say("chainctl: cannot write " + file + ": " + bad.message());
        return bad ? static_cast<int>(exit_configuration) : static_cast<int>(exit_done);
    };
    if (int const failed = as_user(user, write); failed != exit_done) return not_in(failed);
    auto const status =
        run({chaind_path(), "--config", replica.config, "--join", "--join-token-file", file},
            {.output = {}, .own_session = false, .as = user});
    static_cast<void>(as_user(user, [&] { return ::unlink(file.c_str()); }));
    if (status == 126 || status == 127) say("chainctl: cannot run " + chaind_path());
    // It may be let in all the same, with this disk and no other.
    if (status == exit_unknown_outcome)
    {
        made.keep();
        return status;
    }
    bool const known = status == exit_done || status == exit_not_permitted || status == exit_unavailable ||
                       status == exit_configuration;
    if (status != exit_done) return not_in(known ? status : static_cast<int>(exit_failed));
    made.keep();
    return status;
}

std::optional<running_replica> start_replica(new_replica const& replica)
{
    if (has_unit(replica))
    {
        if (run({"systemctl", "enable", "--quiet", "--now", unit}, {}) == 0)
            return running_replica{
                .pid = 0, .by_systemd = true, .ran_before = false, .url = {}, .ready = false
            };
        say(std::string("chainctl: systemd could not start ") + unit + "; see `systemctl status chaind`");
        return std::nullopt;
    }
    auto const user = user_of(replica);
    auto const log = log_path(replica);
    auto const try_log = [&]
    {
        if (int const file = open_log(log); file >= 0) return ::close(file);
        say("chainctl: cannot write " + log + ": " + std::strerror(errno));
        return 1;
    };
    if (as_user(user, try_log) != 0) return std::nullopt;
    int const pid =
        spawn({chaind_path(), "--config", replica.config}, {.output = log, .own_session = true, .as = user});
    if (pid > 0)
        return running_replica{
            .pid = pid, .by_systemd = false, .ran_before = false, .url = {}, .ready = false
        };
    say(std::string("chainctl: cannot start chaind: ") + std::strerror(errno));
    return std::nullopt;
}

running_replica running_as(new_replica const& replica, int pid)
{
    return {.pid = pid, .by_systemd = has_unit(replica), .ran_before = true, .url = {}, .ready = false};
}

std::optional<std::string> running_replica::ended() const
{
    int waited = 0;
    if (by_systemd) return std::nullopt;
    if (ran_before) return ::kill(pid, 0) != 0 && errno == ESRCH ? std::optional("") : std::nullopt;
    if (::waitpid(pid, &waited, WNOHANG) != pid) return std::nullopt;
    return " with status " + std::to_string(exit_status_of(waited));
}

std::string running_replica::stop() const
{
    return by_systemd ? "`systemctl stop chaind`" : "`kill " + std::to_string(pid) + "`";
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
    auto const& written = ports.get_object();
    if (number_at(written, "folder") != runtime::folder_number(replica.data_dir)) return std::nullopt;
    replica_look out;
    out.pid = static_cast<int>(number_at(written, "pid"));
    out.url = "http://" + replica.client_host + ":" + std::to_string(number_at(written, "client"));
    auto const admin = "http://" + replica.admin_host + ":" + std::to_string(number_at(written, "admin"));
    auto const limit = std::chrono::seconds(2);
    auto const ready = request(endpoint{out.url}, "GET", "/readyz?role=write", limit);
    auto const status = request(endpoint{admin}, "GET", "/status", limit);
    if (!ready || !status || !status->body.is_object()) return std::nullopt;
    // Another machine may have the ports meanwhile.
    auto const& here = object_at(status->body.get_object(), "here");
    if (text_at(here, "name") != replica.name || number_at(here, "pid") != number_at(written, "pid"))
        return std::nullopt;
    out.ready = ready->status == 200;
    out.how = progress_in(status->body.get_object(), {.node = replica.name});
    if (out.ready) out.how.phase = "done";
    judge(out, status->body.get_object(), replica.name);
    return out;
}

}  // namespace chaind::chainctl
