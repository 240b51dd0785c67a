#pragma once
// One replica of the chain, sans I/O: every decision of docs/protocol.md 2, 3, 5 and 6 (replica's side), no
// clock, socket, file or thread. The daemon's driver and the simulator run this same object: hand it events,
// perform its effects.
//
// Shape after ScyllaDB's raft/fsm.hh and etcd's Ready: all outputs of a step are one value, so that a test
// can compare them and a driver needs no decisions of its own.

#include "chain/service.hpp"
#include "chain/types.hpp"

#include <memory>

namespace chaind::chain
{

// A view for status pages, metrics and tests.
struct replica_status
{
    chain_config config;  // newest known
    role part = role::detached;
    bool active = false;  // this replica is a member of an ACTIVE configuration that it has durably promised
    log_point end;
    seq received, durable, verified, stable, commit, applied;
    instant lease_until{};                       // zero: none
    std::size_t pending_submissions = 0;         // local ones, not yet decided
    log_point base;                              // the log begins above
    std::optional<snapshot_progress> receiving;  // as a learner
    least_room least;                            // of the members, as far as this one knows
    std::uint64_t moved_bytes = 0;  // received as a learner since it last was a member: entries and chunks
    std::optional<microseconds>
        clock_error;              // how much the own wall clock is ahead of most; nothing: it is right
    std::int64_t refused_us = 0;  // as in the heartbeat
    std::optional<std::int64_t> agreed_us;  // what most clocks say, less the boot-time clock
};

class replica
{
public:
    replica(settings how, recovered from);
    ~replica();
    replica(replica&&) noexcept;
    replica& operator=(replica&&) noexcept;

    // Performs one event at the time `now`; `now.steady` never falls. The caller performs the returned
    // effects, all of them, in any order between the lists and in list order within one.
    [[nodiscard]] effects step(now_t const& now, event const& what);

    [[nodiscard]] replica_status status() const;
    // Brings a status up to date that this replica has given before: what costs memory is made anew only
    // where it has changed.
    void status(replica_status& again) const;
    // As of the last step.
    [[nodiscard]] service const& can_do() const;
    // May this replica serve a linearizable read now without asking anybody?
    [[nodiscard]] bool lease_valid(instant now) const;
    // What time it is, in µs since 1970 UTC: by the own wall clock, unless most others say otherwise.
    [[nodiscard]] std::int64_t time_us(now_t const& now) const;
    // The same, if it is known what most say.
    [[nodiscard]] bool time_is_agreed() const;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chaind::chain
