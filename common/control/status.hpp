#pragma once
// How the cluster is (membership/cluster_status.hpp), judged by what the controller knows and what each
// replica says of itself. Pure: every surface that shows it shows this judgement.

#include "control/controller.hpp"
#include "membership/cluster_status.hpp"
#include "membership/node_facts.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace chaind::control
{

// Of a replica whose process runs and cannot start.
struct cannot_start
{
    std::string trouble;
    std::string advice;
    instant said_at{};
};

// A second process of a name, refused as long as the first one speaks.
struct second_process
{
    std::string from;  // its address, and its process number where that is known
    bool same_store = false;
    instant seen_at{};
};

// Of a process that is or was connected.
struct last_said
{
    shared_facts facts;
    seq end;  // of its log
    seq commit;
};

struct status_input
{
    std::string cluster;  // its name, for people
    std::string lineage;
    control::record const& record;
    std::vector<node_status> nodes = {};
    std::optional<learner_assignment> learning;
    std::optional<join_status> joining;
    std::optional<node_id> draining;
    std::vector<node_id> strangers = {};  // connected, but not known
    std::map<node_id, last_said> const& said;
    instant now{};
    std::int64_t wall_ms = 0;
    std::optional<microseconds> clock_error = {};  // of the config service's own clock
    std::vector<node_id> foreign = {};  // known names whose machines say that they are of another cluster
    std::string registry_lacks = {};    // controller::registry_lacks
    std::map<node_id, cannot_start> stuck = {};     // who has just said so
    std::map<node_id, second_process> second = {};  // of names that are spoken for
    std::optional<forced_row> forced = {};          // the newest
    microseconds registry_busy_for{};               // with a write that is not done
    bool registry_full = false;                     // there is no room for it
    config_service_status service = {};
    microseconds unserved_for{};  // since a member of the chain said last that it can take writes
    microseconds unread_for{};    // the same of reads
};

[[nodiscard]] cluster_status status_of(status_input const& from);
[[nodiscard]] known_nodes nodes_of(status_input const& from);

}  // namespace chaind::control
