#include "sim/profile.hpp"

#include <stdexcept>

namespace chaind::sim
{
namespace
{

void weigh(profile& p, std::initializer_list<std::pair<fault, int>> what)
{
    for (auto [kind, weight] : what)
        p.weight[static_cast<std::size_t>(kind)] = weight;
}

// Everything a little.
void common_faults(profile& p)
{
    weigh(
        p,
        {{fault::kill, 10},
         {fault::power_cut, 8},
         {fault::double_kill, 4},
         {fault::power_loss_all, 3},
         {fault::pause, 8},
         {fault::pause_head_or_tail, 5},
         {fault::config_kill, 4},
         {fault::config_pause, 4},
         {fault::config_kill_mid_change, 3},
         {fault::cut_one_way, 5},
         {fault::cut_pair, 4},
         {fault::isolate, 5},
         {fault::isolate_from_config, 4},
         {fault::isolate_from_peers, 3},
         {fault::isolate_end, 3},
         {fault::partition, 4},
         {fault::config_unreachable, 2},
         {fault::admin_remove, 1},
         {fault::admin_add, 1},
         {fault::admin_drain, 1},
         {fault::admin_undrain, 1},
         {fault::admin_move, 1},
         {fault::admin_replace, 1},
         {fault::admin_want, 1},
         {fault::new_disk, 2},
         {fault::control_link_lost, 3},
         {fault::impostor, 1},
         {fault::mistaken_word, 2},
         {fault::step_down, 2},
         {fault::goodbye_and_linger, 2},
         {fault::slow_disk, 2},
         {fault::slow_links, 3},
         {fault::fsync_error, 2},
         {fault::disk_fills, 2}}
    );
}

// Small limits make windows, batches and admission matter at the loads of a simulation.
void draw_limits(profile& p, rng& random)
{
    auto& c = p.chain;
    // On slow links, or under a dense load, small windows are slower than what comes in: a learner would
    // never arrive.
    bool slow = p.peer_delay.high > 10'000;
    bool narrow = !slow && p.think.high > 6'000;
    if (!slow && random.chance(0.5))
        c.batch_entries = static_cast<std::size_t>(narrow ? random.between(3, 8) : random.between(8, 20));
    if (narrow && random.chance(0.3)) c.batch_bytes = static_cast<std::size_t>(random.between(300, 1000));
    if (narrow && random.chance(0.3)) c.window_bytes = static_cast<std::size_t>(random.between(300, 4000));
    if (random.chance(0.4)) c.cache_bytes = static_cast<std::size_t>(random.between(100, 6000));
    if (random.chance(0.3))
    {
        c.admission_entries = static_cast<std::size_t>(random.between(4, 40));
        c.admission_bytes = 150 * c.admission_entries;
    }
    p.control.cold_wait = microseconds(random.between(300'000, 1'500'000));
    p.control.flap_first = microseconds(random.between(20'000, 300'000));
    p.control.flap_last = 1s;
    p.control.vouch_wait = microseconds(random.between(500'000, 2'000'000));
    p.control.return_wait = microseconds(random.between(300'000, 1'000'000));
    p.control.drain_wait = microseconds(random.between(50'000, 1'000'000));
    p.control.trouble_wait = microseconds(random.between(50'000, 400'000));
    p.writes_in_a_transaction = static_cast<int>(random.between(1, 64));
}

// Small numbers make snapshots and short logs common at the loads of a simulation.
void draw_stores(profile& p, rng& random)
{
    if (random.chance(0.7)) p.compact = static_cast<double>(random.between(5, 250)) / 1000.0;
    p.log_keep = random.between(0, 150);
    if (random.chance(0.5)) p.chain.snapshot_after = static_cast<std::uint64_t>(random.between(80, 500));
    if (random.chance(0.3)) p.chain.pin_entries = static_cast<std::uint64_t>(random.between(3'000, 6'000));
    if (random.chance(0.3))
        p.chain.snapshot_rate = static_cast<std::uint64_t>(random.between(5'000, 100'000));
    p.snapshot_rows = random.between(0, 60);
    p.rows_a_chunk = random.between(8, 60);
    if (random.chance(0.3)) p.snapshot_error = 0.01;
    if (random.chance(0.3)) p.flip = 0.02;
    if (random.chance(0.3)) p.foreign = 0.03;
}

// Half of the seeds have some kinds of fault switched off.
void thin_out(profile& p, rng& random)
{
    if (random.chance(0.5)) return;
    for (auto& weight : p.weight)
        if (random.chance(0.4)) weight = 0;
}

void draw_load(profile& p, rng& random)
{
    switch (random.below(4))
    {
        case 0: p.think = {100, 4'000}; break;  // dense
        case 1: p.think = {1'000, 60'000}; break;
        default: break;
    }
    p.writers = static_cast<int>(random.between(2, 6));
    p.readers = static_cast<int>(random.between(1, 4));
}

void draw_network(profile& p, rng& random)
{
    if (random.chance(0.5)) p.drop = static_cast<double>(random.between(0, 100)) / 1000.0;
    if (random.chance(0.5)) p.duplicate = static_cast<double>(random.between(0, 150)) / 1000.0;
    if (random.chance(0.5)) p.reorder = static_cast<double>(random.between(0, 200)) / 1000.0;
    if (random.chance(0.3)) p.spike = 0.01;
    if (random.chance(0.3)) p.fsync = {100, 25'000};
}

profile normal(rng& random)
{
    profile p;
    common_faults(p);
    draw_network(p, random);
    draw_load(p, random);
    if (random.chance(0.2)) p.slow_read = 0.05;
    p.disk_hangs = 0.5;
    thin_out(p, random);
    return p;
}

profile slow_config_links(rng& random)
{
    auto p = normal(random);
    p.config_delay = {2'000, random.between(60'000, 180'000)};
    p.control.silence = 600ms;
    p.control.promise_wait = 400ms;
    p.control.splice_stall = 1s;
    p.readers = 4;
    p.resume_limit = 6'000'000;
    p.join_limit = 20'000'000;
    return p;
}

profile calm(rng& random)
{
    profile p;
    draw_load(p, random);
    p.clock_ppm = 10'000;
    // Longer than the silence that its own lateness makes the config service allow to others.
    p.pause_time = {60'000, 1'400'000};
    p.fsync_spike = 0;
    p.must_stay_calm = true;
    weigh(
        p,
        {{fault::config_pause, 2},
         {fault::config_kill, 1},
         {fault::control_link_lost, 1},
         {fault::impostor, 2},
         {fault::mistaken_word, 4}}
    );
    p.fault_gap = {100'000, 700'000};
    return p;
}

// All replicas stop and go on together, for less than the longest silence. In half of the seeds nothing else
// goes wrong, and the chain stays as it is; in the others it loses those that died and nobody else.
profile standstills(rng& random)
{
    profile p;
    draw_load(p, random);
    p.clock_ppm = 10'000;
    p.pause_time = {60'000, 850'000};
    p.fault_gap = {100'000, 900'000};
    p.fsync_spike = 0;
    p.must_spare_the_living = true;
    weigh(p, {{fault::standstill, 6}, {fault::config_pause, 1}});
    p.must_stay_calm = random.chance(0.5);
    if (!p.must_stay_calm) weigh(p, {{fault::kill, 2}, {fault::power_cut, 2}});
    return p;
}

profile groups(rng& random)
{
    profile p;
    draw_network(p, random);
    draw_load(p, random);
    weigh(
        p,
        {{fault::partition, 12},
         {fault::isolate, 6},
         {fault::isolate_end, 5},
         {fault::isolate_from_config, 4},
         {fault::config_kill_mid_change, 8},
         {fault::config_kill, 3},
         {fault::pause_head_or_tail, 4},
         {fault::kill, 2},
         {fault::control_link_lost, 5},
         {fault::goodbye_and_linger, 4},
         {fault::removed_and_cut_off, 3}}
    );
    p.readers = 5;
    p.slow_read = random.chance(0.7) ? 0.25 : 0;
    p.cut_time = {60'000, 1'500'000};
    p.fault_gap = {30'000, 500'000};
    p.clock_ppm = 20'000;
    return p;
}

profile isolated_ends(rng& random)
{
    profile p;
    draw_network(p, random);
    draw_load(p, random);
    weigh(
        p,
        {{fault::isolate_end, 12},
         {fault::power_loss_all, 8},
         {fault::kill, 5},
         {fault::power_cut, 5},
         {fault::cut_one_way, 4},
         {fault::pause_head_or_tail, 3},
         {fault::fsync_error, 4},
         {fault::slow_disk, 3}}
    );
    p.wipe = 0.2;
    p.older = 0.15;
    p.fault_gap = {30'000, 500'000};
    p.fsync = {100, 20'000};
    p.fsync_spike = 0.05;
    return p;
}

profile duplicates_and_drops(rng& random)
{
    auto p = normal(random);
    p.duplicate = 0.5;
    p.drop = 0.3;
    p.reorder = 0.3;
    p.spike = 0.02;
    return p;
}

profile rejoin(rng& random)
{
    profile p;
    draw_load(p, random);
    p.think = {100, 6'000};
    weigh(
        p,
        {{fault::rejoin_under_old_tail, 10},
         {fault::kill, 2},
         {fault::power_loss_all, 2},
         {fault::power_cut, 2}}
    );
    p.fault_gap = {100'000, 600'000};
    p.wipe = 0;
    p.older = 0;
    p.fsync = {200, 12'000};
    return p;
}

profile slow_links(rng& random)
{
    auto p = normal(random);
    p.peer_delay = {20'000, 90'000};
    p.spike = 0.02;
    p.chain.resend_after = 60ms;
    p.chain.silent_after = 400ms;
    p.control.promise_wait = 300ms;
    p.control.splice_stall = 2s;
    p.resume_limit = 6'000'000;
    p.join_limit = 25'000'000;
    return p;
}

profile clocks(rng& random)
{
    profile p;
    draw_load(p, random);
    p.clock_ppm = 24'000;
    weigh(
        p,
        {{fault::isolate_end, 8},
         {fault::isolate, 6},
         {fault::partition, 6},
         {fault::isolate_from_config, 4},
         {fault::kill, 1}}
    );
    p.peer_delay = {50, 400};
    p.config_delay = {50, 300};
    p.registry_write = {100, 600};
    p.readers = 6;
    p.read_time = {20, 300};
    p.fault_gap = {200'000, 900'000};
    p.cut_time = {400'000, 1'200'000};
    return p;
}

profile idle(rng& random)
{
    auto p = normal(random);
    p.idle = true;
    p.drop = std::min(p.drop, 0.05);
    return p;
}

// People who write whether they are answered or not, on slow disks: nobody waits for the learner. Its limits
// are those of the daemons.
profile open_loop(rng& random)
{
    profile p;
    weigh(
        p,
        {{fault::kill, 6},
         {fault::power_cut, 4},
         {fault::pause_head_or_tail, 1},
         {fault::isolate, 2},
         {fault::step_down, 2},
         {fault::config_kill, 1},
         {fault::slow_disk, 1}}
    );
    p.open_loop = true;
    p.writers = static_cast<int>(random.between(20, 60));
    p.think = {20'000, 180'000};
    p.storm = 0;
    p.readers = 2;
    auto const fsync = random.skewed(1'000, 40'000);
    p.fsync = {fsync, fsync + random.between(1'000, 20'000)};
    p.fault_gap = {300'000, 2'000'000};
    p.wipe = p.older = 0;
    return p;
}

// Replicas that come new or with nothing, and whoever gives them a snapshot dies.
profile joins(rng& random)
{
    profile p;
    draw_network(p, random);
    draw_load(p, random);
    weigh(
        p,
        {{fault::new_disk, 14},
         {fault::admin_add, 4},
         {fault::kill, 4},
         {fault::power_cut, 4},
         {fault::rejoin_under_old_tail, 2},
         {fault::isolate, 2},
         {fault::isolate_end, 2},
         {fault::power_loss_all, 1},
         {fault::config_kill, 1},
         {fault::pause, 2}}
    );
    p.fault_gap = {100'000, 900'000};
    p.down_time = {10'000, 500'000};
    p.wipe = 0.4;
    p.older = 0.05;
    p.foreign = 0.1;
    p.rotten = 0.15;
    p.flip = 0.03;
    p.snapshot_error = 0.01;
    p.crash_at_chunk = 0.5;
    p.crash_anew = 0.3;
    p.fill = 0.01;
    return p;
}

profile administered(rng& random)
{
    profile p;
    draw_network(p, random);
    draw_load(p, random);
    weigh(
        p,
        {{fault::admin_remove, 5},
         {fault::admin_add, 8},
         {fault::admin_drain, 6},
         {fault::admin_undrain, 6},
         {fault::admin_move, 8},
         {fault::admin_replace, 6},
         {fault::admin_want, 3},
         {fault::new_disk, 2},
         {fault::kill, 4},
         {fault::power_cut, 2},
         {fault::config_kill, 2},
         {fault::config_kill_mid_change, 4},
         {fault::isolate, 3},
         {fault::isolate_end, 2},
         {fault::partition, 2},
         {fault::pause_head_or_tail, 2},
         {fault::disk_fills, 2},
         {fault::power_loss_all, 1}}
    );
    p.fault_gap = {30'000, 500'000};
    thin_out(p, random);
    return p;
}

// Wall clocks are set wrong and right again, one at a time.
profile wrong_clocks(rng& random)
{
    profile p;
    draw_network(p, random);
    draw_load(p, random);
    weigh(
        p,
        {{fault::clock_jump, 24},
         {fault::kill, 3},
         {fault::power_cut, 2},
         {fault::power_loss_all, 1},
         {fault::config_kill, 4},
         {fault::config_pause, 1},
         {fault::config_kill_mid_change, 1},
         {fault::pause, 2},
         {fault::isolate_from_config, 2},
         {fault::isolate_end, 3},
         {fault::isolate, 2},
         {fault::step_down, 1},
         {fault::admin_move, 1}}
    );
    p.fault_gap = {30'000, 600'000};
    p.wrong_devices = 0.2;
    return p;
}

// The config service's disk goes back by one change, while all are there who know better.
profile registry_put_back(rng& random)
{
    profile p;
    draw_network(p, random);
    draw_load(p, random);
    weigh(
        p,
        {{fault::registry_put_back, 12},
         {fault::kill, 5},
         {fault::isolate, 3},
         {fault::step_down, 2},
         {fault::admin_move, 2},
         {fault::pause, 1}}
    );
    p.fault_gap = {100'000, 700'000};
    p.down_time = {10'000, 400'000};
    p.older = 0;
    return p;
}

// The first chain begins with a backup, and things go wrong already then.
profile restored(rng& random)
{
    profile p;
    draw_network(p, random);
    draw_load(p, random);
    weigh(
        p,
        {{fault::kill, 8},
         {fault::power_cut, 5},
         {fault::power_loss_all, 2},
         {fault::config_kill, 3},
         {fault::config_kill_mid_change, 8},
         {fault::pause, 3},
         {fault::isolate, 3},
         {fault::isolate_from_config, 3},
         {fault::control_link_lost, 2},
         {fault::step_down, 2},
         {fault::fsync_error, 1},
         {fault::new_disk, 3}}
    );
    p.from_backup = true;
    p.fault_gap = {30'000, 800'000};
    p.down_time = {10'000, 500'000};
    return p;
}

// Machines come in by join tokens, and the config service dies meanwhile.
profile by_token(rng& random)
{
    profile p;
    draw_network(p, random);
    draw_load(p, random);
    weigh(
        p,
        {{fault::admin_add, 20},
         {fault::admin_remove, 10},
         {fault::config_kill, 8},
         {fault::config_kill_mid_change, 4},
         {fault::kill, 3},
         {fault::power_loss_all, 1},
         {fault::new_disk, 2},
         {fault::isolate_from_config, 3}}
    );
    p.fault_gap = {20'000, 300'000};
    p.only_by_token = true;
    p.registry_write = {500, 40'000};
    return p;
}

// Every disk takes nearly as long as its replica goes on without a write, and sometimes one takes longer.
profile slow_disks(rng& random)
{
    profile p;
    weigh(
        p,
        {{fault::kill, 5},
         {fault::power_cut, 2},
         {fault::isolate, 1},
         {fault::isolate_from_config, 1},
         {fault::step_down, 1},
         {fault::config_kill, 1},
         {fault::slow_disk, 2}}
    );
    p.disk_hangs = 1;
    auto const fsync = random.between(200'000, 600'000);
    p.fsync = {fsync, fsync + random.between(10'000, 300'000)};
    // Each of them waits for some seconds.
    p.writers = 24;
    p.fault_gap = {1'000'000, 4'000'000};
    p.wipe = p.older = 0;
    p.resume_limit = 15'000'000;
    p.join_limit = 60'000'000;
    return p;
}

using maker = profile (*)(rng&);
std::vector<std::pair<std::string_view, maker>> const& makers()
{
    static std::vector<std::pair<std::string_view, maker>> const all{
        {"p0", normal},
        {"p1", slow_config_links},
        {"p2", calm},
        {"still", standstills},
        {"p3", groups},
        {"p4", isolated_ends},
        {"p5", duplicates_and_drops},
        {"p6", rejoin},
        {"p7", slow_links},
        {"p8", clocks},
        {"idle", idle},
        {"open", open_loop},
        {"join", joins},
        {"admin", administered},
        {"wall", wrong_clocks},
        {"back", registry_put_back},
        {"restore", restored},
        {"token", by_token},
        {"disks", slow_disks},
    };
    return all;
}

}  // namespace

std::vector<std::string_view> const& profile_names()
{
    static auto const names = []
    {
        std::vector<std::string_view> out;
        for (auto const& [name, make] : makers())
            out.push_back(name);
        return out;
    }();
    return names;
}

profile draw_profile(std::string_view name, chain::forwarding policy, rng& random)
{
    for (auto const& [known, make] : makers())
    {
        if (known != name) continue;
        auto p = make(random);
        p.name = name;
        static constexpr int sizes[] = {2, 3, 3, 3, 4, 5};
        p.nodes = sizes[random.below(6)];
        if (name == "p3" || name == "p6") p.nodes = std::max(p.nodes, 3);
        if (name == "join" || name == "admin" || name == "token")
            p.spares = static_cast<int>(random.between(1, 2));
        else if (!p.must_stay_calm && random.chance(0.2))
            p.spares = 1;
        p.nodes += p.spares;
        p.chain.policy = policy;
        p.control.kernel = "kernel of the config service";
        draw_limits(p, random);
        draw_stores(p, random);
        // Who stands still is waited for as long as it may: a cold start waits longer, as in the daemon.
        if (p.must_spare_the_living)
            p.control.cold_wait = std::max(p.control.cold_wait, p.control.silence_max + 500ms);
        // A dial that hangs ends within it, as in the daemon.
        if (p.must_stay_calm) p.control.return_wait = control::settings{}.return_wait;
        if (p.open_loop || name == "disks")
        {
            p.chain = {};
            p.chain.policy = policy;
            // Such a load does not become less where a disk takes less, nor where one write takes it half a
            // second: what waits for it would grow for ever.
            p.writes_in_a_transaction = 1'000;
        }
        p.chain.clock_tolerance = p.control.clock_tolerance = 30s;
        if (name == "join" && p.chain.snapshot_after > 1'000)
            p.chain.snapshot_after = static_cast<std::uint64_t>(random.between(80, 300));
        if (p.nodes > 2 && !p.must_stay_calm && random.chance(0.1)) p.chain.min_replicas = 2;
        return p;
    }
    throw std::invalid_argument("no profile " + std::string(name));
}

}  // namespace chaind::sim
