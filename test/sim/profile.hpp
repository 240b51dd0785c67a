#pragma once
// What may go wrong in a run, and how often. A profile is a family; each seed draws its own values from it,
// so that many seeds have some faults switched off.

#include "chain/types.hpp"
#include "control/types.hpp"
#include "sim/rng.hpp"
#include "sim/scheduler.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::sim
{

enum class fault : std::uint8_t
{
    kill,            // the process dies; peers see the connections close
    power_cut,       // the machine dies; peers see silence
    double_kill,     // two at (nearly) the same time
    power_loss_all,  // every replica, sometimes the config service too
    pause,           // SIGSTOP for a while
    pause_head_or_tail,
    standstill,  // every replica is stopped at nearly the same moment: the host under them is
    config_kill,
    config_pause,
    config_kill_mid_change,  // between computing a record and having it stored, or just after
    cut_one_way,             // one direction between two replicas
    cut_pair,
    isolate,              // from replicas and config service
    isolate_from_config,  // from the config service only
    isolate_from_peers,
    isolate_end,  // head or tail, from replicas and config service
    partition,    // two groups; the config service is in one of them
    config_unreachable,
    admin_remove,
    control_link_lost,  // of a living process
    step_down,
    impostor,            // somebody says hello in the name of a replica that is there
    mistaken_word,       // a heartbeat that cannot be true
    goodbye_and_linger,  // it says that it leaves, its connection ends, and it goes on for a while
    slow_disk,
    slow_links,
    fsync_error,
    disk_fills,
    rejoin_under_old_tail,  // scripted, p6
    removed_and_cut_off,    // scripted, p3: with a lease that only a waiting config service respects
    new_disk,               // a replica dies and comes back with an empty disk, or one of another history
    admin_add,              // a brand-new replica, or one that was removed
    admin_drain,
    admin_undrain,
    admin_move,
    admin_replace,
    admin_want,
    registry_put_back,  // to what it was before the last change, until an administrator finds the newer one
                        // or forces
    clock_jump,  // a wall clock is set wrong, or right: a replica's, the config service's, a client's device
    count_
};
constexpr std::size_t fault_kinds = static_cast<std::size_t>(fault::count_);

struct range
{
    us low = 0;
    us high = 0;
};

struct profile
{
    std::string name;
    int nodes = 3;
    int spares = 0;  // of these: not in the first chain, off until somebody adds them
    us faulty_time = 6'000'000;
    range fault_gap{50'000, 900'000};
    std::array<int, fault_kinds> weight{};

    double same_kernel = 0.4;  // chance of a replica to run on the config service's machine
    range peer_delay{100, 1'500};
    range config_delay{100, 1'500};
    double spike = 0;  // chance of a delay of up to spike_max
    us spike_max = 400'000;
    double drop = 0, duplicate = 0, reorder = 0;

    range fsync{100, 4'000};
    double fsync_spike = 0.01;   // up to 60 ms
    double disk_hangs = 0;       // of slow disks: it answers nothing for a while
    us stall_limit = 1'000'000;  // as of the daemon: a write that takes longer stands still
    range registry_write{500, 10'000};
    int writes_in_a_transaction = 64;

    int writers = 4, readers = 3;
    range think{200, 30'000};
    range patience{200'000, 1'500'000};
    double storm = 0.05;  // the same key at several replicas at once
    double deaf = 0.05;   // the client loses the answer and asks again
    range read_time{50, 3'000};
    double slow_read = 0;
    us slow_read_max = 1'400'000;
    bool idle = false;       // one burst, then nothing
    bool open_loop = false;  // writers do not wait for answers

    std::int64_t clock_ppm = 20'000;
    range down_time{10'000, 1'500'000};
    double wipe = 0.08, older = 0.04;
    range pause_time{5'000, 700'000};
    range cut_time{20'000, 1'200'000};

    // Snapshots and compaction.
    double compact = 0;               // chance that a transaction drops log rows
    std::int64_t log_keep = 100;      // at most so many more than it must
    std::int64_t snapshot_rows = 30;  // the newest log rows in a snapshot
    std::int64_t rows_a_chunk = 30;
    double snapshot_error = 0, flip = 0;
    double fill = 0;  // of a link, each 10 ms: it takes little for a while
    double crash_anew = 0.1;
    double crash_at_chunk = 0;  // source or target dies around the next chunk of a rising series
    double foreign = 0;         // of restarts: with a disk of another history
    double rotten = 0;          // of restarts: with a row changed

    bool from_backup = false;  // the cluster begins with what is left of another one

    bool only_by_token = false;  // does an administrator let anybody in

    // Wall clocks.
    range jump_time{50'000, 4'000'000};  // until one that was set wrong is right again
    double wrong_devices = 0;            // of writers: by whole days

    us resume_limit =
        1'000'000;  // until writes go on once nothing fails any more; a cold start's wait not counted
    us join_limit = 12'000'000;  // until the chain has its full length again

    // Calm profiles demand that no reconfiguration happens at all.
    bool must_stay_calm = false;
    // Or that none takes out a member whose process lives.
    bool must_spare_the_living = false;

    chain::settings chain;
    control::settings control;
};

std::vector<std::string_view> const& profile_names();
// Throws std::invalid_argument for an unknown name.
profile draw_profile(std::string_view name, chain::forwarding policy, rng& random);

}  // namespace chaind::sim
