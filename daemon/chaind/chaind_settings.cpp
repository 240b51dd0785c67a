#include "chaind/chaind_settings.hpp"

#include "runtime/address.hpp"
#include "runtime/quantity.hpp"

namespace chaind::program
{

namespace
{
using std::string;

// A chunk then takes four seconds; slower, and who waits for one cannot tell it from a lost one.
constexpr std::uint64_t slowest_snapshot = 64u << 10;

void add_ms(runtime::options& to, string name, std::chrono::milliseconds& into, string help)
{
    auto set = [&into](string const& text)
    {
        auto const value = runtime::parse_duration(text);
        if (!value) throw std::invalid_argument("not a duration such as 250ms");
        into = std::chrono::duration_cast<std::chrono::milliseconds>(*value);
    };
    to.add_custom(std::move(name), std::move(help), set, [&into] { return runtime::show_duration(into); });
}

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
    out.add("messages-per-second", g.messages_per_s, "Of a user, on average.");
    out.add("messages-burst", g.messages_burst, "Of a user, at once.");
    out.add("logins-per-minute", g.logins_per_min, "For an account and address.");
    out.add("registrations-per-minute", g.registrations_per_min, "From an address.");
    out.add_size("frame-max", g.frame_max, "Largest frame from a client.");
    out.add_size("body-max", g.body_max, "Largest message body.");
    out.add("inflight-max", g.inflight_max, "Requests of a connection that wait for their answer.");
    out.add("unacked-max", g.unacked_max, "Events sent to a connection that it has not acknowledged.");
    out.add_size("unacked-bytes-max", g.unacked_bytes_max, "The same in bytes.");
    out.add("connections-per-user-max", g.connections_per_user_max, "WebSocket connections of a user.");
    out.add("connections-max", g.connections_max, "Connections of all clients together.");
    out.add(
        "connections-per-address-max",
        g.connections_per_address_max,
        "Connections of one address; this machine's own are not counted."
    );
    add_ms(out, "hello-within", g.hello_within, "A client that has not said hello by then is closed.");
    add_ms(out, "slow-after", g.slow_after, "A client that acknowledges nothing for so long is closed.");
    add_ms(out, "idle-after", g.idle_after, "A client that says nothing for so long is closed.");
    add_ms(
        out, "delivered-every", g.delivered_every, "Delivery marks are written to the log at most so often."
    );
    add_ms(
        out, "drain-within", g.drain_within, "At a stop, clients' requests in flight have so long to finish."
    );
    out.add("hash-threads", g.hash_threads, "Threads that check passwords (Argon2id).");
    out.add("hash-queue-max", g.hash_queue_max, "Passwords that may wait to be checked.");
}

void add_transfer(runtime::options& out, chaind_settings& into)
{
    auto& core = into.driver.core;
    out.add_size(
        "snapshot-rate",
        core.snapshot_rate,
        "Bytes a second of a snapshot to a replica that joins, as they travel; 0: as fast as it goes."
    );
    out.add(
        "snapshot-share",
        into.driver.snapshot_share,
        "Percent of one processor's time that work on snapshots for joins may take."
    );
    out.add(
        "snapshot-after",
        core.snapshot_after,
        "A replica that misses more log entries is given a snapshot instead of them."
    );
    out.add(
        "log-keep-entries",
        into.log_keep_entries,
        "So many of the newest log entries stay: for replicas that come back."
    );
    out.add_size("log-keep-bytes", into.log_keep_bytes, "The log is also cut when it is larger than this.");
}

boost::asio::ip::tcp::endpoint address(char const* option, string const& text)
{
    auto const at = runtime::parse_address(text);
    if (!at) throw runtime::config_error(string(option) + ": not HOST:PORT with a numeric host: " + text);
    return *at;
}

boost::asio::ip::tcp::endpoint loopback(char const* option, string const& text)
{
    auto const at = address(option, text);
    if (!runtime::is_loopback(at))
        throw runtime::config_error(
            string(option) + ": " + text +
            " is not a loopback address, and links between daemons are not encrypted yet"
        );
    return at;
}
}  // namespace

runtime::options chaind_options(chaind_settings& into)
{
    runtime::options out("chaind", "one replica of a chat server on chain replication", "CHAIND_");
    auto& core = into.driver.core;
    out.add("name", into.name, "This replica's name, as in configd's bootstrap; [a-z0-9-], at most 32.");
    out.add("data-dir", into.data_dir, "Folder of the database chain.db; made with mode 0700.");
    out.add(
        "client-listen", into.client_listen, "Where clients connect, HOST:PORT; port 0: chosen by the system."
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
    add_registration(out, into.gateway.registration);
    add_forwarding(out, core.policy);
    out.add("min-replicas", core.min_replicas, "With fewer replicas in the chain, writes are refused.");
    out.add(
        "submit-limit",
        into.driver.submit_limit,
        "A change that is undecided after so long is answered `timeout`."
    );
    out.add(
        "pending-max", into.driver.pending_max, "Changes of this replica's clients that wait for the chain."
    );
    out.add("admission-entries", core.admission_entries, "Entries that may wait for commit at the head.");
    out.add_size("admission-bytes", core.admission_bytes, "The same in bytes.");
    out.add("heartbeat", core.heartbeat_every, "To the config service.");
    out.add(
        "stall-limit",
        into.driver.stall_limit,
        "When the disk makes no progress for so long, heartbeats stop."
    );
    add_transfer(out, into);
    out.add_size(
        "disk-reserve",
        into.driver.space.reserve,
        "With less room than this on the data folder's file system (or than an eighth of it), the chain "
        "takes "
        "only what makes room; 0: nobody looks."
    );
    out.add_size(
        "disk-ballast",
        into.driver.space.ballast,
        "Kept in the file `ballast` of the data folder and given up when nothing else is left; at most a "
        "quarter "
        "of disk-reserve."
    );
    out.add("reader-threads", into.reader_threads, "Threads that read the database for clients.");
    add_limits(out, into.gateway);
    out.add("log-level", into.log_level, "debug, info, notice, warning or error.");
    out.add_switch(
        "join", into.join, "only meet the config service, so that this node belongs to its cluster; then end"
    );
    return out;
}

void complete(chaind_settings& given)
{
    if (!given.name.empty() && !is_valid_node_name(given.name))
        throw runtime::config_error("name: not a node name ([a-z0-9-], at most 32): " + given.name);
    if (given.data_dir.empty()) throw runtime::config_error("data-dir: must be given");
    if (given.driver.core.min_replicas == 0 || given.reader_threads == 0 || given.driver.pending_max == 0)
        throw runtime::config_error("min-replicas, reader-threads, pending-max: must not be 0");
    // With any of these at 0 clients would wait for ever; a rate of 0 is no rate.
    auto const& g = given.gateway;
    if (g.inflight_max == 0 || g.unacked_max == 0 || g.unacked_bytes_max == 0 || g.hash_threads == 0)
        throw runtime::config_error(
            "inflight-max, unacked-max, unacked-bytes-max, hash-threads: must not be 0"
        );
    if (!(g.messages_per_s > 0 && g.messages_burst >= 1 && g.logins_per_min >= 1 &&
          g.registrations_per_min >= 1))
        throw runtime::config_error(
            "messages-burst, logins-per-minute, registrations-per-minute: at least 1; "
            "messages-per-second: more than 0"
        );
    if (given.driver.core.snapshot_after == 0 || given.log_keep_entries == 0 || given.log_keep_bytes == 0)
        throw runtime::config_error(
            "snapshot-after, log-keep-entries, log-keep-bytes: with 0, whoever was away for a moment would "
            "have to "
            "fetch everything anew"
        );
    auto const rate = given.driver.core.snapshot_rate;
    if (rate != 0 && rate < slowest_snapshot)
        throw runtime::config_error("snapshot-rate: 0, or at least 64KiB");
    if (given.driver.snapshot_share < 1 || given.driver.snapshot_share > 100)
        throw runtime::config_error("snapshot-share: a percentage from 1 to 100");
    given.driver.listen = loopback("replica-listen", given.replica_listen);
    given.driver.configd = loopback("configd", given.configd);
    auto const admin = loopback("admin-listen", given.admin_listen);
    auto const client = address("client-listen", given.client_listen);
    given.gateway.address = client.address().to_string();
    given.gateway.port = client.port();
    given.gateway.admin_address = admin.address().to_string();
    given.gateway.admin_port = admin.port();
    given.driver.core.self.name.name = given.name;
    given.driver.data_dir = given.data_dir;
    given.driver.space.folder = given.data_dir;
    given.driver.database = given.data_dir + "/chain.db";
}

}  // namespace chaind::program
