#include "chaind/chaind_settings.hpp"

#include "runtime/address.hpp"
#include "runtime/printable.hpp"

#include <boost/url/parse.hpp>

#include <algorithm>

namespace chaind::program
{

namespace
{
using std::string;

using namespace std::chrono_literals;

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;
constexpr std::size_t GiB = 1024 * MiB;

// A chunk then takes four seconds; slower, and who waits for one cannot tell it from a lost one.
constexpr std::size_t slowest_snapshot = 64 * KiB;

void add_on_off(runtime::options& to, string name, bool& into, string help)
{
    auto set = [&into](string const& text)
    {
        if (text != "on" && text != "off") throw std::invalid_argument("neither on nor off");
        into = text == "on";
    };
    to.add_custom(std::move(name), std::move(help), set, [&into] { return into ? "on" : "off"; });
}

void add_forwarding(runtime::options& to, chain::forwarding& into)
{
    auto set = [&into](string const& text)
    {
        if (text != "parallel" && text != "persist-first")
            throw std::invalid_argument("neither parallel nor persist-first");
        into = text == "parallel" ? chain::forwarding::parallel : chain::forwarding::persist_first;
    };
    to.add_custom(
        "forwarding",
        "parallel: pass an entry on while it goes to the own disk; persist-first: after. Both wait for all "
        "disks "
        "before they acknowledge.",
        set,
        [&into] { return into == chain::forwarding::parallel ? "parallel" : "persist-first"; }
    );
}

void add_registration(runtime::options& to, gateway::registration& into)
{
    auto set = [&into](string const& text)
    {
        if (text != "open" && text != "closed") throw std::invalid_argument("neither open nor closed");
        into = text == "open" ? gateway::registration::open : gateway::registration::closed;
    };
    to.add_custom(
        "registration",
        "open: whoever reaches this replica may make an account; closed: nobody.",
        set,
        [&into] { return into == gateway::registration::open ? "open" : "closed"; }
    );
}

void add_limits(runtime::options& out, gateway::settings& g)
{
    add_on_off(
        out,
        "rate-limit",
        g.rate_limits,
        "off lifts every limit by rate, logins and registrations too (load tests)."
    );
    // With any of these at 0 clients would wait for ever; a rate of 0 is no rate.
    out.add("messages-per-second", g.messages_per_s, {0.01, 100'000}, "Of a user, on average.");
    out.add("messages-burst", g.messages_burst, {1, 100'000}, "Of a user, at once.");
    out.add("logins-per-minute", g.logins_per_min, {1, 100'000}, "For an account and address.");
    out.add(
        "wrong-logins-per-minute",
        g.wrong_logins_per_min,
        {1, 100'000},
        "Of an address, whatever the names; logins that succeed are not counted."
    );
    out.add("registrations-per-minute", g.registrations_per_min, {1, 100'000}, "From an address.");
    out.add_size(
        "page-bytes-per-second",
        g.page_bytes_per_s,
        {KiB, GiB},
        "Of history, lists and missed events that a user reads, on average over all his connections."
    );
    out.add_size("page-bytes-burst", g.page_bytes_burst, {KiB, GiB}, "The same, at once.");
    out.add(
        "pages-per-user-max",
        g.pages_of_user_max,
        {1, 1024},
        "Pages that a user has asked for and that are not written to him yet, over all his connections."
    );
    out.add("session-ttl", g.session_ttl, {1min, 87600h}, "A login is good for so long.");
    out.add(
        "session-idle",
        g.session_idle,
        {.least = 1min, .most = 87600h, .or_zero = true},
        "A login that was not used for so long is over, although session-ttl is not; 0: it is not."
    );
    out.add_size("frame-max", g.frame_max, {KiB, 16 * MiB}, "Largest frame from a client.");
    // Above its default a body is refused by the chain itself.
    out.add_size("body-max", g.body_max, {1, gateway::settings{}.body_max}, "Largest message body.");
    out.add(
        "inflight-max", g.inflight_max, {1, 1024}, "Requests of a connection that wait for their answer."
    );
    out.add(
        "unacked-max", g.unacked_max, {1, 65536}, "Events sent to a connection that it has not acknowledged."
    );
    out.add_size("unacked-bytes-max", g.unacked_bytes_max, {KiB, 256 * MiB}, "The same in bytes.");
    out.add(
        "connections-per-user-max",
        g.connections_per_user_max,
        {1, 10'000},
        "WebSocket connections of a user."
    );
    out.add("connections-max", g.connections_max, {1, 1'000'000}, "Connections of all clients together.");
    out.add(
        "connections-kept-share",
        g.connections_kept_percent,
        {0, 90},
        "Percent of connections-max that only clients hold who have signed in."
    );
    out.add(
        "connections-per-address-max",
        g.connections_per_address_max,
        {1, 1'000'000},
        "Connections of one address, or of one IPv6 /64; this machine's own are not counted."
    );
    out.add_size(
        "header-max", g.header_max, {KiB, 1 * MiB}, "Largest header of an HTTP request, all of it together."
    );
    out.add_size("request-body-max", g.request_body_max, {KiB, 16 * MiB}, "Largest body of an HTTP request.");
    out.add("header-within", g.header_within, {100ms, 10min}, "A request's header has so long to arrive.");
    out.add("request-within", g.body_within, {100ms, 10min}, "Its body, and then its answer to leave, too.");
    out.add(
        "keep-alive", g.keep_alive, {100ms, 24h}, "A connection without a request is closed after so long."
    );
    out.add("message-within", g.message_within, {100ms, 10min}, "A WebSocket message has so long to arrive.");
    out.add(
        "hello-within", g.hello_within, {100ms, 10min}, "A client that has not said hello by then is closed."
    );
    out.add(
        "slow-after", g.slow_after, {100ms, 24h}, "A client that acknowledges nothing for so long is closed."
    );
    out.add("idle-after", g.idle_after, {100ms, 24h}, "A client that says nothing for so long is closed.");
    out.add(
        "delivered-every",
        g.delivered_every,
        {10ms, 1min},
        "Delivery marks are written to the log at most so often."
    );
    out.add(
        "drain-within",
        g.drain_within,
        {.least = 1ms, .most = 10min, .or_zero = true},
        "At a stop, clients' requests in flight have so long to finish."
    );
    out.add("hash-threads", g.hash_threads, {1, 64}, "Threads that check passwords (Argon2id).");
    out.add("hash-queue-max", g.hash_queue_max, {1, 10'000}, "Passwords that may wait to be checked.");
}

void add_transfer(runtime::options& out, chaind_settings& into)
{
    auto& core = into.driver.core;
    out.add_size(
        "snapshot-rate",
        core.snapshot_rate,
        {.least = slowest_snapshot, .most = 64 * GiB, .or_zero = true},
        "Bytes a second of a snapshot to a replica that joins, as they travel; 0: as fast as it goes."
    );
    out.add(
        "snapshot-share",
        into.driver.snapshot_share,
        {1, 100},
        "Percent of one processor's time that work on snapshots for joins may take."
    );
    out.add(
        "proven-at-once",
        into.driver.proven_at_once,
        {0, 1'000'000'000'000},
        "A database of at most so many entries is read as a whole before it serves again; a larger one is "
        "believed as it was left, and read behind that."
    );
    out.add(
        "scrub-every",
        into.driver.scrub_every,
        {.least = 1s, .most = 87600h, .or_zero = true},
        "So long after the last time that all of the database was read and found as it was written, it is "
        "read again; 0: only when somebody asks."
    );
    out.add("scrub-share", into.driver.scrub_share, {1, 100}, "Percent of the time that this reading takes.");
    out.add(
        "snapshot-after",
        core.snapshot_after,
        {1, 1'000'000'000},
        "A replica that misses more log entries is given a snapshot instead of them."
    );
    // With 0, whoever was away for a moment would have to fetch everything anew.
    out.add(
        "log-keep-entries",
        into.log_keep_entries,
        {1, 1'000'000'000'000},
        "So many of the newest log entries stay: for replicas that come back."
    );
    out.add_size(
        "log-keep-bytes",
        into.log_keep_bytes,
        {KiB, 1'000'000 * GiB},
        "The log is also cut when it is larger than this."
    );
}

// What does not go together, or is no address: all of it.
class complaints
{
public:
    void add(string const& option, string const& what) { lines_.push_back(option + ": " + what); }

    boost::asio::ip::tcp::endpoint address(string const& option, string const& text)
    {
        auto const at = runtime::parse_address(text);
        if (!at)
            add(option,
                "not HOST:PORT (localhost or a numeric address, and a port up to 65535): " +
                    runtime::printable(text));
        return at.value_or(boost::asio::ip::tcp::endpoint());
    }

    boost::asio::ip::tcp::endpoint loopback(string const& option, string const& text)
    {
        auto const before = lines_.size();
        auto const at = address(option, text);
        if (lines_.size() == before && !runtime::is_loopback(at))
            add(option, text + " is not a loopback address, and links between daemons are not encrypted yet");
        return at;
    }

    void raise()
    {
        if (!lines_.empty()) throw runtime::config_error(std::move(lines_));
    }

private:
    std::vector<string> lines_;
};

bool is_of_a_host(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '[' || c == ']' || c == ':';
}

// http or https, a host, perhaps a port, and a path where one may stand. It becomes part of everybody's
// content security policy, therefore nothing else.
bool is_web_address(string const& text, bool path_allowed)
{
    auto const url = boost::urls::parse_uri(text);
    if (!url || (url->scheme() != "http" && url->scheme() != "https")) return false;
    if (url->has_userinfo() || url->has_query() || url->has_fragment() || url->encoded_host().empty())
        return false;
    // Boost 1.81's port_number() makes 34463 of 99999.
    string const port = url->port();
    if (url->has_port() && (port.empty() || port.size() > 5 || std::stoul(port) - 1 > 65'534)) return false;
    auto const host = url->encoded_host();
    if (!std::all_of(host.begin(), host.end(), is_of_a_host)) return false;
    auto const path = url->encoded_path();
    if (!path_allowed) return path.empty();
    return std::all_of(
        path.begin(),
        path.end(),
        [](char c) { return (is_of_a_host(c) && c != ':') || c == '/' || c == '_' || c == '~'; }
    );
}
}  // namespace

runtime::options chaind_options(chaind_settings& into)
{
    runtime::options out("chaind", "one replica of a chat server on chain replication", "CHAIND_");
    auto& core = into.driver.core;
    out.add("name", into.name, "This replica's name, as in configd's bootstrap; [a-z0-9-], at most 32.");
    out.add("data-dir", into.data_dir, "Folder of the database chain.db; made with mode 0700.");
    out.add(
        "client-listen",
        into.client_listen,
        "Where clients connect, HOST:PORT; port 0: chosen by the system. Anything but loopback also needs "
        "client-plain."
    );
    add_on_off(
        out,
        "client-plain",
        into.client_plain,
        "on: client-listen may leave this machine although nothing there is encrypted: passwords, sessions "
        "and "
        "messages can be read, and changed, on the way."
    );
    out.add(
        "replica-listen",
        into.replica_listen,
        "Where other replicas connect; loopback only while links are not encrypted."
    );
    out.add("admin-listen", into.admin_listen, "Where /metrics is; loopback only.");
    out.add("configd", into.configd, "Where the config service listens for replicas; loopback only.");
    out.add(
        "join-token-file",
        into.join_token_file,
        "File with the token of `chainctl join-token create`, shown when a new disk first meets the config "
        "service and removed then; not readable by others."
    );
    out.add(
        "client-url",
        into.gateway.url,
        "Base URL under which clients reach this replica; empty: made of client-listen."
    );
    out.add_list(
        "allowed-origins",
        into.gateway.allowed_origins,
        "Origins of web pages that may connect, beside the chain's own; separated by commas."
    );
    out.add_list(
        "allowed-hosts",
        into.gateway.allowed_hosts,
        "Names by which clients ask for this replica (Host), beside its addresses, localhost and the names "
        "in client-url; separated by commas."
    );
    out.add_list(
        "trusted-proxies",
        into.gateway.trusted_proxies,
        "Addresses of reverse proxies in front of this replica: limits by address are then for the client "
        "that "
        "their X-Forwarded-For names; separated by commas."
    );
    add_registration(out, into.gateway.registration);
    add_forwarding(out, core.policy);
    out.add(
        "min-replicas", core.min_replicas, {1, 99}, "With fewer replicas in the chain, writes are refused."
    );
    out.add(
        "submit-limit",
        into.bridge.submit_limit,
        {100ms, 10min},
        "A change that is undecided after so long is answered `timeout`."
    );
    out.add(
        "pending-max",
        into.bridge.pending_max,
        {1, 1'000'000},
        "Changes of this replica's clients that wait for the chain."
    );
    out.add(
        "admission-entries",
        core.admission_entries,
        {1, 1'000'000},
        "Entries that may wait for commit at the head."
    );
    out.add_size("admission-bytes", core.admission_bytes, {64 * KiB, 4 * GiB}, "The same in bytes.");
    out.add(
        "heartbeat",
        core.heartbeat_every,
        {1ms, 80ms},
        "To the config service, which misses a machine after silence (250 ms)."
    );
    out.add(
        "clock-tolerance",
        core.clock_tolerance,
        {1s, 24h},
        "When this machine's wall clock differs by more from what most clocks of the chain say, it goes by "
        "those; "
        "entries that are stamped later by more are not taken."
    );
    out.add(
        "stall-limit",
        into.driver.stall_limit,
        {100ms, 10min},
        "When the disk makes no progress for so long, this machine serves nothing and says so, and the chain "
        "goes on without it."
    );
    net::add_options(out, into.driver.links);
    add_transfer(out, into);
    out.add_size(
        "disk-reserve",
        into.driver.space.reserve,
        {.least = 1 * MiB, .most = 1024 * GiB, .or_zero = true},
        "With less room than this on the data folder's file system, or than an eighth of it where that is "
        "less, the chain takes only what makes room; 0: nobody looks."
    );
    out.add_size(
        "disk-ballast",
        into.driver.space.ballast,
        {.least = 1 * MiB, .most = 1024 * GiB, .or_zero = true},
        "Kept in the file `ballast` of the data folder and given up when nothing else is left; at most a "
        "quarter of disk-reserve."
    );
    out.add("reader-threads", into.reader_threads, {1, 64}, "Threads that read the database for clients.");
    add_limits(out, into.gateway);
    out.add("log-level", into.log_level, "debug, info, notice, warning or error.");
    out.add_switch(
        "join", into.join, "only meet the config service, so that this node belongs to its cluster; then end"
    );
    return out;
}

void complete(chaind_settings& given)
{
    complaints wrong;
    if (!given.name.empty() && !is_valid_node_name(given.name))
        wrong.add("name", "not a node name ([a-z0-9-], at most 32): " + runtime::printable(given.name));
    if (given.data_dir.empty()) wrong.add("data-dir", "must be given");
    given.driver.listen = wrong.loopback("replica-listen", given.replica_listen);
    given.driver.configd = wrong.loopback("configd", given.configd);
    auto const admin = wrong.loopback("admin-listen", given.admin_listen);
    auto const client = wrong.address("client-listen", given.client_listen);
    if (leaves_this_machine(given) && !given.client_plain)
        wrong.add(
            "client-listen",
            given.client_listen +
                " is not a loopback address, and what clients send is not encrypted: listen on loopback "
                "behind a proxy that speaks TLS, or set client-plain = on"
        );
    if (!given.gateway.url.empty() && !is_web_address(given.gateway.url, true))
        wrong.add(
            "client-url",
            "not of the form http(s)://HOST[:PORT][/PATH]: " + runtime::printable(given.gateway.url)
        );
    if (given.gateway.url.empty() && client.address().is_unspecified() && client.port() != 0)
        wrong.add(
            "client-url",
            "must be given, since client-listen is every address of this machine and says none that clients "
            "can go to; for instance http://HOST:" +
                std::to_string(client.port())
        );
    for (auto const& origin : given.gateway.allowed_origins)
        if (!is_web_address(origin, false))
            wrong.add(
                "allowed-origins", "not of the form http(s)://HOST[:PORT]: " + runtime::printable(origin)
            );
    for (auto const& proxy : given.gateway.trusted_proxies)
    {
        boost::system::error_code failed;
        static_cast<void>(boost::asio::ip::make_address(proxy, failed));
        if (failed) wrong.add("trusted-proxies", "not an address: " + runtime::printable(proxy));
    }
    if (given.gateway.frame_max < given.gateway.body_max) wrong.add("frame-max", "smaller than body-max");
    wrong.raise();

    given.gateway.address = client.address().to_string();
    given.gateway.port = client.port();
    given.gateway.admin_address = admin.address().to_string();
    given.gateway.admin_port = admin.port();
    given.driver.core.self.name.name = given.name;
    given.driver.data_dir = given.data_dir;
    given.driver.space.folder = given.data_dir;
    given.driver.database = given.data_dir + "/chain.db";
}

bool leaves_this_machine(chaind_settings const& given)
{
    auto const at = runtime::parse_address(given.client_listen);
    return at && !runtime::is_loopback(*at);
}

}  // namespace chaind::program
