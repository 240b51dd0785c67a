// join: this machine becomes a replica. Writes chaind's configuration, presents the token, starts chaind,
// waits.

#include "base/id.hpp"
#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/interrupt.hpp"
#include "chainctl/new_folders.hpp"
#include "chainctl/new_replica.hpp"
#include "chainctl/progress.hpp"
#include "runtime/address.hpp"
#include "runtime/printable.hpp"
#include "runtime/private_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <poll.h>
#include <unistd.h>

namespace chaind::chainctl
{
namespace
{

namespace fs = std::filesystem;

constexpr char const* default_config = "/etc/chaind/chaind.conf";
// The chain makes one change at a time: a machine whose token was used may have to wait for its turn, not
// known until then, or still called removed.
constexpr auto let_in_within = std::chrono::seconds(60);
constexpr auto taken_back_within = std::chrono::seconds(5);
// The first words of one that ran before may be under way.
constexpr auto first_words = std::chrono::seconds(2);

// "Web-3.example.org" -> "web-3"
std::string host_name()
{
    char text[256] = {};
    if (::gethostname(text, sizeof text - 1) != 0) return {};
    std::string out;
    for (char const* c = text; *c != '\0' && *c != '.'; ++c)
        out += *c >= 'A' && *c <= 'Z' ? static_cast<char>(*c - 'A' + 'a') : *c;
    return out;
}

std::string content_of(std::string const& path)
{
    return runtime::read_plain_file(path).value_or("");
}

// What it sets: the lines that are neither empty nor a comment. The file that comes with the package has
// none.
std::string settings_in(std::string const& config)
{
    std::istringstream lines(config);
    std::string out;
    for (std::string line; std::getline(lines, line);)
        if (auto const at = line.find_first_not_of(" \t\r"); at != std::string::npos && line[at] != '#')
            out += line + '\n';
    return out;
}

// The configuration that was there, out of the way until the config service has accepted this machine.
class earlier_config
{
public:
    explicit earlier_config(std::string const& path) : path_(path), aside_(path + ".before-join")
    {
        std::error_code none;
        fs::rename(path_, aside_, none);
    }

    // Puts it back as it was, owner and mode too; what join wrote goes.
    void restore() const
    {
        std::error_code none;
        fs::remove(path_, none);
        fs::rename(aside_, path_, none);
    }

    void forget() const
    {
        std::error_code none;
        fs::remove(aside_, none);
    }

private:
    std::string path_;
    std::string aside_;
};

// This very machine, joined before: a command that is given again changes nothing.
std::optional<replica_look> runs_already(new_replica const& replica)
{
    auto const set = settings_in(content_of(replica.config));
    return !set.empty() && set == settings_in(replica.text) ? look_at(replica) : std::nullopt;
}

// The configuration in its place and the token accepted; else everything as it was, and the exit status.
int admit(new_replica replica, std::string const& token)
{
    auto const before = content_of(replica.config);
    auto const set = settings_in(before);
    if (set == settings_in(replica.text)) return present_token(replica, token);
    if (!set.empty())
    {
        say("chainctl: " + replica.config + " is there already and says something else; nothing was changed");
        return exit_configuration;
    }
    if (!before.empty()) replica.text += "\n" + before;  // the explanations of all options
    new_folders made(fs::path(replica.config).parent_path());
    earlier_config const earlier(replica.config);
    int const refused = write_config(replica) ? present_token(replica, token) : exit_configuration;
    if (refused != exit_done && refused != exit_unknown_outcome)
    {
        earlier.restore();
        return refused;
    }
    earlier.forget();
    made.keep();
    return refused;
}

// Without what a terminal, a mail or an editor put around it. Nothing: it cannot be read, which has been
// said.
std::optional<std::string> token_in(invocation const& call)
{
    auto token = call.value("--token");
    if (token == "-" && stdin_is_terminal()) std::cerr << "token: " << std::flush;
    if (token == "-") std::getline(std::cin, token);
    if (auto const path = call.value("--token-file"); !path.empty())
    {
        std::ifstream file(path);
        if (!std::getline(file, token))
        {
            say("chainctl: there is no token in " + path + ", or it cannot be read");
            return std::nullopt;
        }
    }
    constexpr auto* space = " \t\r\n";
    auto const first = token.find_first_not_of(space);
    if (first == std::string::npos) return std::string();
    return token.substr(first, token.find_last_not_of(space) - first + 1);
}

bool replica_name_is_good(invocation const& call, std::string const& name)
{
    if (call.has("--name") || is_valid_node_name(name)) return name_is_good(name);
    say("chainctl: this machine's host name, " + runtime::printable(name) +
        ", cannot be its name in the chain (a-z, 0-9 and -, at most 32): choose one with --name");
    return false;
}

new_replica asked_for(invocation const& call)
{
    new_replica out;
    out.name = call.value("--name", host_name());
    out.config = call.value("--config", default_config);
    // The configuration is read from wherever chaind is started later.
    out.data_dir = fs::absolute(call.value("--data-dir", "/var/lib/chaind")).lexically_normal().string();
    out.own_config = out.config != default_config;
    auto const client_listen = call.value("--client-listen", "127.0.0.1:8080");
    out.client_host = client_listen.substr(0, client_listen.rfind(':'));
    if (out.client_host == "0.0.0.0" || out.client_host.empty()) out.client_host = "127.0.0.1";
    auto const admin_listen = call.value("--admin-listen", "127.0.0.1:7402");
    out.admin_host = admin_listen.substr(0, admin_listen.rfind(':'));
    out.text = "# Written by chainctl join.\nname = " + out.name + "\ndata-dir = " + out.data_dir +
               "\nclient-listen = " + client_listen +
               (call.has("--client-plain") ? "\nclient-plain = on" : "") +
               "\nreplica-listen = " + call.value("--replica-listen", "127.0.0.1:7401") +
               "\nadmin-listen = " + admin_listen + "\nconfigd = " + call.words.front() + "\n";
    return out;
}

// Until chaind takes writes, or, where that is enough, is on its way there. Its own answer says why it does
// not yet, and whether it will.
int wait_ready(
    invocation const& call, new_replica const& replica, running_replica& running, bool on_its_way_is_enough
)
{
    using clock = std::chrono::steady_clock;
    auto const& interrupted = interrupts();
    auto const start = clock::now();
    auto const most = seconds_in(call.value("--wait-at-most"));
    progress_line line(call.as);
    std::string kept_out;
    auto kept_out_since = start;
    bool came = false;  // it was on its way: who keeps it out has done so since
    auto const goes_on = [&] { return kept_out.empty() ? "chaind goes on joining" : kept_out; };
    for (;; static_cast<void>(::poll(nullptr, 0, 200)))
    {
        auto const now = clock::now();
        if (interrupted)
        {
            line.end();
            say("chainctl: no longer waiting; " + goes_on());
            return exit_interrupted;
        }
        if (most && now - start >= *most)
        {
            line.end();
            say("chainctl: does not serve after " + in_words(static_cast<std::uint64_t>(most->count())) +
                "; " + goes_on());
            return exit_unknown_outcome;
        }
        if (auto const how = running.ended())
        {
            line.end();
            say("chainctl: chaind ended" + *how + ":");
            std::cerr << running.last_words(replica);
            return exit_failed;
        }
        auto const look = look_at(replica);
        if (!look || (!running.by_systemd && look->pid != running.pid)) continue;
        line.show(look->how);
        if (look->kept_out.empty() || kept_out.empty()) kept_out_since = now;
        kept_out = look->kept_out;
        came = came || (look->told && kept_out.empty());
        if (look->ready || (on_its_way_is_enough && kept_out.empty()))
        {
            line.end();
            running.url = look->url;
            running.ready = look->ready;
            return exit_done;
        }
        auto const limit = running.ran_before ? first_words : look->told ? taken_back_within : let_in_within;
        if (kept_out.empty() || (!(look->told && came) && now - kept_out_since < limit)) continue;
        line.end();
        say("chainctl: " + replica.name + " does not come into the chain: " + kept_out);
        std::string const again =
            running.ran_before ? "this command again" : "`chainctl join` with a new token";
        say("          " +
            (look->next.empty() ? running.stop() + ", then " + again + " asks anew whether it may"
                                : look->next) +
            (running.ran_before ? "; the token was not used" : ""));
        return exit_failed;
    }
}

bool is_good(invocation const& call, new_replica const& replica, std::string const& token)
{
    if (!replica_name_is_good(call, replica.name) || !wait_limit_is_good(call)) return false;
    if (token.empty())
        say("chainctl: join needs a token: --token - reads it from standard input, --token-file FILE from a "
            "file; "
            "`chainctl join-token create` where configd runs makes one");
    else if (call.has("--token") && call.has("--token-file"))
        say("chainctl: one of --token and --token-file");
    else if (auto const at = runtime::parse_address(call.words.front()); !at)
        say("chainctl: " + call.words.front() +
            " is no address: HOST:PORT where configd listens, HOST a numeric one");
    else if (!runtime::is_loopback(*at))
        say("chainctl: " + call.words.front() +
            " is another machine, and links between machines are not encrypted "
            "yet: ssh carries them, and HOST is 127.0.0.1 (operations.md, On three machines)");
    else if (replica.text.find_first_of("\r") != std::string::npos ||
             std::count(replica.text.begin(), replica.text.end(), '\n') !=
                 (call.has("--client-plain") ? 8 : 7))
        say("chainctl: a line break in an option");
    else
        return true;
    return false;
}

}  // namespace

int run_join(invocation const& call)
{
    auto const token = token_in(call);
    auto const replica = asked_for(call);
    if (!token) return exit_no_such_object;
    if (!is_good(call, replica, *token)) return exit_usage;
    if (call.dry_run)
    {
        say("would write " + replica.config + ", present the token at " + call.words.front() +
            " and start chaind");
        return exit_done;
    }
    boost::json::object out{
        {"schema", "chainctl.join.v1"},
        {"node", replica.name},
        {"config", replica.config},
        {"data_dir", replica.data_dir},
    };
    if (auto const there = runs_already(replica))
    {
        auto running = running_as(replica, there->pid);
        bool const no_wait = call.has("--no-wait") || call.has("--no-start");
        if (int const ended = wait_ready(call, replica, running, no_wait); ended != exit_done) return ended;
        out["pid"] = there->pid;
        out["url"] = running.url;
        return done(
            call,
            std::move(out),
            replica.name + " runs here already, at " + running.url +
                (running.ready ? "" : ", and is on its way in") + "; the token was not used"
        );
    }
    if (int const refused = admit(replica, *token); refused != exit_done) return refused;
    if (call.has("--no-start"))
        return done(
            call, std::move(out), replica.name + " is admitted; start it: chaind --config " + replica.config
        );

    auto running = start_replica(replica);
    if (!running) return exit_failed;
    out["pid"] = running->pid;
    if (call.has("--no-wait"))
        return done(call, std::move(out), replica.name + " joins as process " + std::to_string(running->pid));
    if (int const ended = wait_ready(call, replica, *running, false); ended != exit_done) return ended;
    out["url"] = running->url;
    return done(
        call,
        std::move(out),
        replica.name + " serves at " + running->url + " (process " + std::to_string(running->pid) + "); " +
            running->stop() + " ends it"
    );
}

}  // namespace chaind::chainctl
