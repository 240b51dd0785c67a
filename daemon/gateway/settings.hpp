#pragma once
// Everything about the client side that an administrator can set. The defaults are the limits that
// docs/client_api.md 1.12, 2.1 and 2.2 promise.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace chaind::gateway
{

enum class registration : std::uint8_t
{
    open,
    closed,
};

struct settings
{
    // The client listener: HTTP and WebSocket on one port; 0 lets the system choose.
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    // The base URL under which clients reach this replica; empty: http://address:port.
    std::string url;
    // /metrics and nothing else; without TLS only ever on loopback (the constructor of `server` refuses
    // others).
    std::string admin_address = "127.0.0.1";
    std::uint16_t admin_port = 0;

    gateway::registration registration = gateway::registration::open;
    // Names by which clients may ask for this replica (Host), beside its addresses, localhost and the names
    // in the members' URLs.
    std::vector<std::string> allowed_hosts;
    // Reverse proxies whose X-Forwarded-For says who the client is.
    std::vector<std::string> trusted_proxies;
    // Origins of web pages that may talk to this replica, beside its own and those of the chain's members.
    std::vector<std::string> allowed_origins;

    // Passwords. libsodium's Argon2id; the pool is what keeps hashing off the event loop.
    std::uint64_t argon2_ops = 2;
    std::size_t argon2_mem_kib = 19 * 1024;
    std::size_t hash_threads = 1;
    std::size_t hash_queue_max = 64;
    // Who signs in from an address that has failed too often hears so after this time. Longer than a hash
    // takes: whether one was computed, for an account that is known there, does not show.
    std::chrono::milliseconds refuse_login_after{1000};
    std::size_t password_min = 8;
    std::size_t password_max = 1024;

    // Rates. `rate_limits = false` lifts all of them (load tests).
    bool rate_limits = true;
    double messages_per_s = 10;
    double messages_burst = 20;
    double logins_per_min = 5;          // for an account and address
    double wrong_logins_per_min = 60;   // of an address, whatever the names
    double registrations_per_min = 20;  // for an address
    // Pages of a user: history, lists, missed events. The last two hold without rates, too.
    std::size_t page_bytes_per_s = 2 * 1024 * 1024;
    std::size_t page_bytes_burst = 8 * 1024 * 1024;
    std::size_t pages_of_user_max = 8;  // asked for and not yet written, over all his connections
    std::chrono::milliseconds page_turn_within{4000};

    // One WebSocket.
    std::size_t frame_max = 64 * 1024;
    std::size_t body_max = 16 * 1024;
    std::size_t inflight_max = 32;
    std::size_t unacked_max = 512;
    std::size_t unacked_bytes_max = 1024 * 1024;
    std::size_t batch_max = 256;
    std::size_t batch_bytes_max = 256 * 1024;
    std::size_t bad_frames_max = 3;
    std::size_t connections_per_user_max = 20;
    std::chrono::milliseconds hello_within{5000};
    std::chrono::milliseconds message_within{10000};  // from the first byte of a message to its last
    std::chrono::milliseconds slow_after{60000};      // events wait and nothing is acknowledged: 4008
    std::chrono::milliseconds idle_after{45000};      // nothing was received: 4009
    std::chrono::milliseconds heartbeat_interval{15000};
    std::chrono::milliseconds heartbeat_timeout{4000};
    // A replica that cannot serve reads for so long sends its clients elsewhere (4004, or 4002 when it left
    // the chain).
    std::chrono::milliseconds unreadable_after{3000};
    // Base URLs of the chain's machines as of an earlier run, for while the config service tells of none.
    std::vector<std::string> remembered_members;

    // So long a chain may be in the making before clients are told.
    std::chrono::milliseconds unsettled_at_most{1000};

    // One HTTP connection, and all of them.
    std::size_t header_max = 16 * 1024;
    std::size_t request_body_max = 64 * 1024;
    std::chrono::milliseconds header_within{10000};
    std::chrono::milliseconds body_within{20000};
    std::chrono::milliseconds keep_alive{30000};
    std::size_t connections_max = 10000;
    std::size_t connections_kept_percent = 50;  // of connections_max: for who has signed in, and nobody else
    // IPv6: of a /64. Clients on this machine are not counted.
    std::size_t connections_per_address_max = 512;

    // A login is good for so long. A client that missed more than so many entries fetches everything anew
    // (`gone`).
    std::chrono::milliseconds session_ttl = std::chrono::hours(24 * 90);
    std::chrono::milliseconds session_idle = std::chrono::hours(24 * 30);  // of no use; 0: no end by that
    std::uint64_t resume_entries_max = 100'000;

    // Events kept in memory for sessions that are nearly up to date; older ones come from the store.
    std::size_t ring_events_max = 8192;
    std::size_t ring_bytes_max = 16 * 1024 * 1024;

    // Reads of clients that run at once; others wait so long for their turn.
    std::size_t reads_at_once = 64;
    std::chrono::milliseconds read_turn_within{4000};

    std::chrono::milliseconds delivered_every{1000};  // at most one log entry of delivery marks in that time
    std::chrono::milliseconds drain_within{10000};
};

}  // namespace chaind::gateway
