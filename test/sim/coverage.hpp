#pragma once
// How often each interesting branch was taken. One that stays at zero over a whole run means that the run
// proved less than it seems to.

#include <array>
#include <cstdint>
#include <string_view>

namespace chaind::sim
{

enum class seen : std::uint8_t
{
    acks_under_faults,
    acks,
    reads_answered,
    reads_again,
    reads_unavailable,
    barrier_rounds,
    lease_reads,
    refusals,
    repeated_keys,
    nacks,
    truncations,
    log_reads,
    own_pauses,
    standstills,
    pending_configs,
    active_configs,
    superseded_configs,
    joins,
    cold_starts,
    activations_over_silence,
    crashes,
    lost_transactions,
    wiped_disks,
    older_disks,
    refused_disks,
    fsync_errors,
    fsync_losses,
    low_disks,
    stalled_disks,
    refused_for_room,
    config_crashes,
    config_crashes_mid_change,
    probes_answered_gone,
    control_links_lost,
    full_links,
    goodbyes_lost,
    impostors,
    mistaken_words,
    admin_done,
    admin_refused,
    nodes_added,
    crashes_at_chunks,
    snapshots_made,
    chunks_travelled,
    chunks_resumed,
    chunks_unsynced,
    flipped_bits,
    damaged_parts,
    snapshot_errors,
    snapshots_installed,
    interrupted_installs,
    set_aside,
    foreign_disks,
    rotten_disks,
    compactions,
    clock_jumps,
    clocks_named,
    wrong_times,
    registries_put_back,
    forced_epochs,
    restored_backups,
    tokens_shown,
    let_in,
    count_
};
constexpr std::size_t seen_kinds = static_cast<std::size_t>(seen::count_);
std::string_view name(seen what);

struct coverage
{
    std::array<std::uint64_t, seen_kinds> counts{};

    void add(seen what, std::uint64_t n = 1) { counts[static_cast<std::size_t>(what)] += n; }
    [[nodiscard]] std::uint64_t of(seen what) const { return counts[static_cast<std::size_t>(what)]; }
    void add(coverage const& other)
    {
        for (std::size_t i = 0; i < seen_kinds; ++i)
            counts[i] += other.counts[i];
    }
};

}  // namespace chaind::sim
