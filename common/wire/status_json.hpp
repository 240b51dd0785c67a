#pragma once
// The JSON form of what is known of the cluster (docs/client_api.md 4.3 and 4.4): the only place that writes
// it, and the only one that reads it in a daemon.

#include "membership/cluster_status.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string_view>

namespace chaind::wire
{

// Schema chainctl.status.v1.
[[nodiscard]] boost::json::object status_json(cluster_status const& from);
// Schema chainctl.nodes.v1.
[[nodiscard]] boost::json::object nodes_json(known_nodes const& from);
// As docs/client_api.md names it.
[[nodiscard]] std::string_view name_of(health of);

// Nothing: no status.
[[nodiscard]] std::optional<cluster_status> read_status(std::string_view json);

}  // namespace chaind::wire
