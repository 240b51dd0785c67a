#pragma once
// How the cluster is and what can be served, as values: made by the config service (control/status),
// carried to every replica, shown to people and programs (docs/client_api.md 4.4). The names of fields and
// enumerators are those of the JSON form, which is written and read from these descriptions alone
// (wire/status_json).

#include "base/id.hpp"
#include "base/strong_number.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chaind
{

// A field that is left out where nothing is known; std::optional is written as null.
template <class T>
struct if_known : std::optional<T>
{
    using std::optional<T>::optional;

    friend bool operator==(if_known const& a, if_known const& b)
    {
        return static_cast<std::optional<T> const&>(a) == static_cast<std::optional<T> const&>(b);
    }
};

BOOST_DEFINE_ENUM_CLASS(
    health,
    unknown,    // machines are heard that are of another cluster
    healthy,    // all is served, by as many machines as are wanted
    degraded,   // all is served
    read_only,  // no writes, or only those that make room
    down
)

// In the chain, by the place in it; or beside it.
BOOST_DEFINE_ENUM_CLASS(chain_role, none, learner, head, middle, tail, solo)

// Of a member of the chain.
BOOST_DEFINE_ENUM_CLASS(
    member_state,
    normal,
    reconfiguring,  // the configuration is PENDING
    silent,         // not heard in the run that is the member
    damaged,        // it serves, and its disk has changed rows
    full            // it serves, and its disk takes only what makes room
)

// Of each name that is known.
BOOST_DEFINE_ENUM_CLASS(
    node_state,
    member,
    damaged,
    full,
    removed,
    drained,
    failed,       // not heard
    learner,      // catching up
    spare,        // heard, and the chain is as long as it is to be
    waiting,      // heard, and something keeps it out
    not_admitted  // heard, and not known
)

BOOST_DEFINE_ENUM_CLASS(join_phase, log, snapshot, splice)
BOOST_DEFINE_ENUM_CLASS(service_state, up, down)

struct chain_length
{
    std::size_t want = 0;
    std::size_t have = 0;
    std::uint64_t min = 1;  // members without which no write is taken

    friend bool operator==(chain_length const&, chain_length const&) = default;
};
BOOST_DESCRIBE_STRUCT(chain_length, (), (want, have, min))

// When a disk was last read as a whole, and how far a reading has come that is under way: in whole percent,
// since each word of this goes to every replica.
struct scrub_status
{
    std::int64_t proven_ms = 0;  // since 1970 UTC; 0: never
    if_known<std::uint64_t> percent;

    friend bool operator==(scrub_status const&, scrub_status const&) = default;
};
BOOST_DESCRIBE_STRUCT(scrub_status, (), (proven_ms, percent))

// Null in the chain's rows: of who was never heard nobody knows.
struct chain_row
{
    node_id name;
    chain_role role = chain_role::none;
    member_state state = member_state::normal;
    std::optional<std::string> replica_addr;
    std::optional<std::string> client_url;
    std::optional<std::string> admin_addr;
    std::optional<std::uint64_t> pid;
    std::optional<std::string> version;
    std::optional<std::uint64_t> clients;
    std::optional<std::uint64_t> db_bytes;
    std::optional<std::int64_t> lease_ms;
    std::optional<scrub_status> scrub;
    if_known<seq> log_end;
    if_known<seq> committed;
    if_known<std::uint64_t> lag;  // entries that it has not committed

    friend bool operator==(chain_row const&, chain_row const&) = default;
};
BOOST_DESCRIBE_STRUCT(
    chain_row,
    (),
    (name,
     role,
     state,
     replica_addr,
     client_url,
     admin_addr,
     pid,
     version,
     clients,
     db_bytes,
     lease_ms,
     scrub,
     log_end,
     committed,
     lag)
)

struct joining_row
{
    node_id name;
    join_phase phase = join_phase::log;
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;  // 0: how much of the log will have come by the end nobody knows
    std::uint64_t lag = 0;          // entries behind its source
    if_known<std::uint64_t> rate;   // bytes a second
    if_known<node_id> source;

    friend bool operator==(joining_row const&, joining_row const&) = default;
};
BOOST_DESCRIBE_STRUCT(joining_row, (), (name, phase, bytes_done, bytes_total, lag, rate, source))

// A machine that should serve and does not.
struct failed_row
{
    node_id name;
    std::optional<std::int64_t> since;  // ms since 1970 UTC
    std::string reason;
    bool alive = false;
    std::string next;  // what to do
    if_known<seq> log_end;
    if_known<seq> committed;

    friend bool operator==(failed_row const&, failed_row const&) = default;
};
BOOST_DESCRIBE_STRUCT(failed_row, (), (name, since, reason, alive, next, log_end, committed))

struct machine_trouble
{
    node_id name;  // empty: the config service's machine
    std::string reason;

    friend bool operator==(machine_trouble const&, machine_trouble const&) = default;
};
BOOST_DESCRIBE_STRUCT(machine_trouble, (), (name, reason))

struct full_row
{
    node_id name;
    std::optional<std::uint64_t> free_bytes;
    std::optional<std::string> data_dir;

    friend bool operator==(full_row const&, full_row const&) = default;
};
BOOST_DESCRIBE_STRUCT(full_row, (), (name, free_bytes, data_dir))

// A machine that began again with an empty database.
struct set_aside_row
{
    node_id name;
    std::string folder;
    std::string reason;

    friend bool operator==(set_aside_row const&, set_aside_row const&) = default;
};
BOOST_DESCRIBE_STRUCT(set_aside_row, (), (name, folder, reason))

// Why nothing is decided for the machines that there are.
struct registry_trouble
{
    std::string reason;
    std::string next;

    friend bool operator==(registry_trouble const&, registry_trouble const&) = default;
};
BOOST_DESCRIBE_STRUCT(registry_trouble, (), (reason, next))

// What others than that one alone held was given up.
struct forced_row
{
    node_id name;
    chaind::epoch epoch;
    std::int64_t at_ms = 0;

    friend bool operator==(forced_row const&, forced_row const&) = default;
};
BOOST_DESCRIBE_STRUCT(forced_row, (), (name, epoch, at_ms))

struct replacement_row
{
    node_id old;
    node_id with;

    friend bool operator==(replacement_row const&, replacement_row const&) = default;
};
BOOST_DESCRIBE_STRUCT(replacement_row, (), (old, with))

struct changes_under_way
{
    if_known<node_id> draining;
    if_known<std::vector<node_id>> moving;
    if_known<node_id> moving_for;  // whose place they leave for; it may be among them
    if_known<replacement_row> replacing;

    friend bool operator==(changes_under_way const&, changes_under_way const&) = default;
};
BOOST_DESCRIBE_STRUCT(changes_under_way, (), (draining, moving, moving_for, replacing))

struct config_service_status
{
    service_state state = service_state::down;
    if_known<std::string> store;
    if_known<std::string> leader;
    if_known<std::string> version;
    if_known<std::int64_t> heard_ms;  // of one that is down: when
    if_known<std::string> refuses;    // why it does not let this machine in
    if_known<std::string> answers{};  // whom, where this machine alone does not hear it

    friend bool operator==(config_service_status const&, config_service_status const&) = default;
};
BOOST_DESCRIBE_STRUCT(config_service_status, (), (state, store, leader, version, heard_ms, refuses, answers))

struct cluster_status
{
    std::string cluster;  // its name, for people
    health state = health::down;
    chaind::epoch epoch;
    std::string lineage;
    chain_length replicas;
    seq committed;
    std::vector<chain_row> chain;  // head first
    std::vector<joining_row> joining;
    std::vector<failed_row> failed;
    std::vector<machine_trouble> damaged;
    std::vector<full_row> full;
    std::vector<machine_trouble> clocks;
    std::vector<machine_trouble> cut_off;
    std::vector<machine_trouble> unanswered;
    std::vector<machine_trouble> slow_disks;
    std::vector<machine_trouble> second_processes;
    std::optional<registry_trouble> registry;
    std::vector<node_id> spares;
    std::vector<node_id> drained;
    std::vector<node_id> removed;
    std::vector<node_id> not_admitted;
    std::vector<node_id> removed_running;
    std::vector<set_aside_row> set_aside;
    std::optional<forced_row> forced;
    std::vector<std::string> client_urls;  // of all machines that are known
    changes_under_way changing;
    config_service_status config_service;

    friend bool operator==(cluster_status const&, cluster_status const&) = default;
};
BOOST_DESCRIBE_STRUCT(
    cluster_status,
    (),
    (cluster,
     state,
     epoch,
     lineage,
     replicas,
     committed,
     chain,
     joining,
     failed,
     damaged,
     full,
     clocks,
     cut_off,
     unanswered,
     slow_disks,
     second_processes,
     registry,
     spares,
     drained,
     removed,
     not_admitted,
     removed_running,
     set_aside,
     forced,
     client_urls,
     changing,
     config_service)
)

// Every name that is known, and who else is heard.
struct node_row
{
    node_id name;
    chain_role role = chain_role::none;
    node_state state = node_state::failed;
    bool alive = false;
    std::string reason;  // why it is no member, or no sound one
    std::optional<std::string> replica_addr;
    std::optional<std::string> client_url;
    std::optional<std::string> admin_addr;
    std::optional<std::uint64_t> pid;
    std::optional<std::string> version;
    std::optional<std::string> database;  // its path
    std::optional<std::uint64_t> moved_bytes;
    if_known<seq> log_end;
    if_known<seq> committed;

    friend bool operator==(node_row const&, node_row const&) = default;
};
BOOST_DESCRIBE_STRUCT(
    node_row,
    (),
    (name,
     role,
     state,
     alive,
     reason,
     replica_addr,
     client_url,
     admin_addr,
     pid,
     version,
     database,
     moved_bytes,
     log_end,
     committed)
)

struct known_nodes
{
    chaind::epoch epoch;
    seq committed;
    std::vector<node_row> nodes;

    friend bool operator==(known_nodes const&, known_nodes const&) = default;
};
BOOST_DESCRIBE_STRUCT(known_nodes, (), (epoch, committed, nodes))

[[nodiscard]] constexpr chain_role role_at(std::size_t position, std::size_t length)
{
    if (length == 1) return chain_role::solo;
    if (position == 0) return chain_role::head;
    return position + 1 == length ? chain_role::tail : chain_role::middle;
}

// Reads and writes are.
[[nodiscard]] constexpr bool is_served(health state)
{
    return state == health::healthy || state == health::degraded;
}

}  // namespace chaind
