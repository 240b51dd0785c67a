#pragma once
// All parts of one simulation. Single-threaded; everything that is random comes from `random`, everything
// that takes time waits in `time`.

#include "chain/describe.hpp"
#include "control/describe.hpp"
#include "sim/app.hpp"
#include "sim/checker.hpp"
#include "sim/clients.hpp"
#include "sim/config_host.hpp"
#include "sim/connections.hpp"
#include "sim/coverage.hpp"
#include "sim/network.hpp"
#include "sim/newcomers.hpp"
#include "sim/node.hpp"
#include "sim/profile.hpp"
#include "sim/trace.hpp"

#include <map>
#include <memory>
#include <vector>

namespace chaind::sim
{

class world
{
public:
    world(
        std::uint64_t seed, std::string_view profile_name, chain::forwarding policy, app_kind kind, bool print
    );

    [[nodiscard]] node& at(int index) { return *nodes[static_cast<std::size_t>(index)]; }
    [[nodiscard]] node* find(node_id const& name);
    void send(node const& from, chain::envelope&& what);
    // Restarts a dead replica after a while, with a disk that the guarantee allows.
    void restart_later(node& which);
    void restart(node& which, disk_choice with);
    // May this replica's disk be lost or go back in time, without taking the last complete copy along?
    [[nodiscard]] bool expendable(node const& which) const;
    [[nodiscard]] bool in_no_chain(node const& which) const;
    // Names that the administrator wants to serve: known, neither removed nor drained.
    [[nodiscard]] std::vector<node_id> wanted() const;
    // A chunk of a snapshot leaves: this is where its source or its target may die.
    void on_chunk_sent(node& source, chain::envelope const& what);

    rng random;
    profile how;
    scheduler time;
    trace log;
    coverage count;
    app_kind application;
    network net;
    checker check;
    connections links;
    std::vector<std::unique_ptr<node>> nodes;
    config_host config;
    client_crowd clients;
    newcomers guests;

    std::map<digest, std::shared_ptr<snapshot_file const>> files;  // each that was ever made

    bool faults_on = false;
    std::uint64_t chunk_trap = 0;  // index of the chunk at which somebody dies next
    us last_ack = 0;
};

}  // namespace chaind::sim
