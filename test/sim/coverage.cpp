#include "sim/coverage.hpp"

namespace chaind::sim
{

std::string_view name(seen what)
{
    static constexpr std::array<std::string_view, seen_kinds> names{
        "acks_under_faults",
        "acks",
        "reads_answered",
        "reads_again",
        "reads_unavailable",
        "barrier_rounds",
        "lease_reads",
        "refusals",
        "repeated_keys",
        "nacks",
        "truncations",
        "log_reads",
        "own_pauses",
        "pending_configs",
        "active_configs",
        "superseded_configs",
        "joins",
        "cold_starts",
        "activations_over_silence",
        "crashes",
        "lost_transactions",
        "wiped_disks",
        "older_disks",
        "refused_disks",
        "fsync_errors",
        "fsync_losses",
        "config_crashes",
        "config_crashes_mid_change",
        "probes_answered_gone",
        "control_links_lost",
        "goodbyes_lost",
        "impostors",
        "mistaken_words",
        "admin_done",
        "admin_refused",
        "nodes_added",
        "crashes_at_chunks",
        "snapshots_made",
        "chunks_travelled",
        "chunks_resumed",
        "chunks_unsynced",
        "flipped_bits",
        "damaged_parts",
        "snapshot_errors",
        "snapshots_installed",
        "interrupted_installs",
        "set_aside",
        "foreign_disks",
        "rotten_disks",
        "compactions",
        "clock_jumps",
        "clocks_named",
        "wrong_times",
        "registries_put_back",
        "forced_epochs",
    };
    return names[static_cast<std::size_t>(what)];
}

}  // namespace chaind::sim
