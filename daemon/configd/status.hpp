#pragma once
// What `chainctl status`, `nodes` and the `cluster` frames show (docs/client_api.md 4.4), made from what the
// controller knows and what each replica says of itself. Pure.

#include "configd/registry.hpp"
#include "control/controller.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace chaind::configd
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
    node_facts facts;
    seq end;  // of its log
    seq commit;
};

struct status_input
{
    std::string cluster;  // its name, for people
    std::string lineage;
    control::record const& record;
    std::vector<control::node_status> const& nodes;
    std::optional<learner_assignment> learning;
    std::optional<control::join_status> joining;
    std::optional<node_id> draining;
    std::vector<node_id> const& strangers;  // connected, but not known
    std::map<node_id, last_said> const& said;
    instant now{};
    std::int64_t wall_ms = 0;
    std::optional<microseconds> clock_error = {};  // of the config service's own clock
    std::vector<node_id> foreign = {};  // known names whose machines say that they are of another cluster
    std::string registry_lacks = {};    // control::controller::registry_lacks
    std::map<node_id, cannot_start> stuck = {};     // who has just said so
    std::map<node_id, second_process> second = {};  // of names that are spoken for
    std::optional<event_row> forced = {};           // the newest forced epoch
    microseconds registry_busy_for{};               // with a write that is not done
    microseconds unserved_for{};  // since a member of the chain said last that it can take writes
};

// Why nothing is decided for the machines that there are ("reason", "next"); null: it is.
boost::json::value age_of_registry(status_input const& from);
// Schema chainctl.status.v1.
boost::json::object status_json(status_input const& from);
// Schema chainctl.nodes.v1: every name that is known.
boost::json::object nodes_json(status_input const& from);

}  // namespace chaind::configd
