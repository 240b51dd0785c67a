#include "sim/nemesis.hpp"

#include "sim/world.hpp"

#include <numeric>

namespace chaind::sim
{
namespace
{

// What is on its way when the head hears of it, and what deletes, must fit: so it is in the daemon, whose
// reserve is many times what may wait at a head.
constexpr std::int64_t rows_to_full = 150;

}  // namespace

void nemesis::start()
{
    in_.chunk_trap = static_cast<std::uint64_t>(in_.random.between(0, 12));
    if (std::accumulate(in_.how.weight.begin(), in_.how.weight.end(), 0) > 0) next();
}

void nemesis::stop()
{
    stopped_ = true;
    in_.faults_on = false;
    in_.net.heal();
    for (auto& each : in_.nodes)
    {
        each->repair_disk();
        each->clock_jump_us = 0;
        each->resume();
        if (each->stopping()) each->stop(false);
    }
    in_.config.clock_jump_us = 0;
    in_.config.arm(false);
    in_.config.resume();
    in_.config.mend();
}

void nemesis::next()
{
    in_.time.after(
        in_.random.skewed(in_.how.fault_gap.low, in_.how.fault_gap.high),
        [this]
        {
            if (stopped_) return;
            auto total = std::accumulate(in_.how.weight.begin(), in_.how.weight.end(), 0);
            auto drawn = in_.random.between(0, total - 1);
            for (std::size_t i = 0; i < fault_kinds; ++i)
            {
                drawn -= in_.how.weight[i];
                if (drawn >= 0) continue;
                if (!quiet_) strike(static_cast<fault>(i));
                break;
            }
            next();
        }
    );
}

void nemesis::undo_later(us span, std::function<void()> what)
{
    in_.time.after(
        span,
        [this, undo = std::move(what)]
        {
            if (!stopped_) undo();
        }
    );
}

node& nemesis::any()
{
    return *in_.nodes[in_.random.below(in_.nodes.size())];
}

node& nemesis::end_of_chain()
{
    auto const& members = in_.config.registry().last_active.members;
    if (members.empty()) return any();
    return *in_.find((in_.random.chance(0.5) ? members.front() : members.back()).name);
}

us nemesis::cut_time()
{
    return in_.random.skewed(in_.how.cut_time.low, in_.how.cut_time.high);
}

void nemesis::crash(node& which, bool power_lost)
{
    if (stopped_) return;
    if (!which.alive()) return which.stop(power_lost);  // whoever starts it later finds what that has left
    if (in_.random.chance(0.3)) which.remember_disk();
    which.stop(power_lost);
    in_.restart_later(which);
}

// The process ends by it and begins again. Half of the machines lose their power soon after, before that or
// later.
void nemesis::fsync_error(node& which)
{
    which.fail_next_fsync();
    if (in_.random.chance(0.5)) return;
    bool const all = in_.random.chance(0.2);
    undo_later(
        in_.random.skewed(1'000, 2'500'000),
        [this, &which, all]
        {
            if (all)
                power_loss_all();
            else
                crash(which, true);
        }
    );
}

void nemesis::new_disk(node& which)
{
    if (stopped_ || !which.alive()) return;
    which.stop(in_.random.chance(0.5));
    bool foreign = in_.how.foreign > 0 && in_.random.chance(0.3);
    auto with = foreign ? disk_choice::foreign : disk_choice::wiped;
    in_.time.after(
        in_.random.skewed(in_.how.down_time.low, in_.how.down_time.high),
        [this, &which, with] { in_.restart(which, in_.faults_on ? with : disk_choice::same); }
    );
}

void nemesis::slow_disk(node& which)
{
    if (in_.how.disk_hangs > 0 && in_.random.chance(in_.how.disk_hangs))
    {
        which.hang_disk(true);
        undo_later(in_.random.between(500'000, 3'500'000), [&which] { which.hang_disk(false); });
        return;
    }
    which.slow_disk(in_.random.between(5'000, 120'000));
    undo_later(cut_time(), [&which] { which.slow_disk(0); });
}

// One, or all of them at the same time as where every machine has the same.
void nemesis::fill_disks(node& which)
{
    bool const all = in_.random.chance(0.3);
    auto const left = in_.random.chance(0.2) ? room::none : room::low;
    for (auto& each : in_.nodes)
    {
        if (!all && each.get() != &which) continue;
        // Equal machines: some are low a little later than the first.
        auto const of_this = all && in_.random.chance(0.3) ? room::enough : left;
        each->fill_disk(of_this, rows_to_full);
        undo_later(in_.random.skewed(200'000, 3'000'000), [node = each.get()] { node->empty_disk(); });
    }
}

void nemesis::power_loss_all()
{
    if (in_.random.chance(0.3)) config_kill(in_.random.skewed(1'000, 600'000));
    for (auto& each : in_.nodes)
    {
        if (in_.random.chance(0.02)) continue;
        auto* which = each.get();
        if (each->alive() && in_.random.chance(0.3)) which->remember_disk();
        in_.time.after(
            in_.random.chance(0.7) ? 0 : in_.random.between(0, 100'000),
            [this, which] { crash(*which, true); }
        );
    }
}

void nemesis::pause(node& which)
{
    which.pause();
    undo_later(
        in_.random.skewed(in_.how.pause_time.low, in_.how.pause_time.high), [&which] { which.resume(); }
    );
}

void nemesis::pause_config()
{
    if (in_.config.paused()) return;  // it goes on when the first pause ends
    in_.config.pause();
    undo_later(
        in_.random.between(in_.how.pause_time.low, in_.how.pause_time.high), [this] { in_.config.resume(); }
    );
}

// The host that all share stands still, and one after the other goes on. In the middle of it one may die.
void nemesis::standstill()
{
    // Whoever is down would come up beside those that stand still, and be the only one who lives.
    auto const is_alive = [](auto const& each) { return each->alive(); };
    if (standing_still_ || !std::all_of(in_.nodes.begin(), in_.nodes.end(), is_alive)) return;
    standing_still_ = true;
    in_.count.add(seen::standstills);
    auto& random = in_.random;
    constexpr us spread = 30'000;
    auto const span = random.between(in_.how.pause_time.low, in_.how.pause_time.high);
    for (auto& each : in_.nodes)
    {
        auto* which = each.get();
        undo_later(random.between(0, spread), [which] { which->pause(); });
        undo_later(spread + span + random.between(0, spread), [which] { which->resume(); });
    }
    // What was missed meanwhile has to arrive before the next one is a silence of its own.
    undo_later(2 * spread + span + 100'000, [this] { standing_still_ = false; });
    if (in_.how.must_stay_calm || random.chance(0.6)) return;
    undo_later(
        random.between(0, 2 * spread + span),
        [this, &which = any(), power_lost = random.chance(0.5)] { crash(which, power_lost); }
    );
}

void nemesis::config_kill(us down)
{
    in_.config.stop();
    in_.time.after(down, [this] { in_.config.start(); });
}

void nemesis::cut_for(us span, std::function<bool(int, int)> const& cuts)
{
    std::vector<std::pair<int, int>> cut;
    int machines = in_.how.nodes + 1;
    for (int from = 0; from < machines; ++from)
        for (int to = 0; to < machines; ++to)
            if (from != to && cuts(from, to)) cut.emplace_back(from, to);
    for (auto [from, to] : cut)
        in_.net.cut(from, to, 1);
    if (in_.log.printing())
        for (auto [from, to] : cut)
            in_.log.line("cut ", from, " -> ", to, " for ", span);
    undo_later(
        span,
        [this, cut]
        {
            for (auto [from, to] : cut)
                in_.net.cut(from, to, -1);
        }
    );
}

void nemesis::isolate(node const& which, bool from_peers, bool from_config, us span)
{
    int config = in_.net.config_machine();
    int who = which.index();
    bool only_out = in_.random.chance(0.15);
    bool only_in = !only_out && in_.random.chance(0.15);
    cut_for(
        span,
        [=](int from, int to)
        {
            if ((from != who || only_in) && (to != who || only_out)) return false;
            bool config_link = from == config || to == config;
            return config_link ? from_config : from_peers;
        }
    );
    // Where a forwarder stands between, it may notice at once and end the connection.
    if (from_config && !only_out && !only_in && in_.random.chance(0.4)) in_.config.lose(which);
}

// A forwarder is started again, or not: the process lives.
void nemesis::lose_control_link(node& which)
{
    in_.config.lose(which);
    if (in_.how.must_stay_calm || in_.random.chance(0.3)) return;
    int config = in_.net.config_machine();
    int who = which.index();
    bool alone = in_.random.chance(0.4);
    cut_for(
        cut_time(),
        [=](int from, int to)
        {
            if (from != who && to != who) return false;
            return alone || from == config || to == config;
        }
    );
}

// From a copy of its disk, or with another one, or as that very run: while it speaks, its name is its own.
void nemesis::impostor(node& which)
{
    if (!in_.config.speaks_now(which)) return;
    auto what = *in_.config.last_word(which);
    switch (in_.random.below(3))
    {
        case 0: what.from.boot = in_.random.id<boot_id>(); break;
        case 1:
            what.from.boot = in_.random.id<boot_id>();
            what.from.store = in_.random.id<store_id>();
            break;
        default: what.stepping_down = true; break;
    }
    what.sent += microseconds(in_.random.between(1'000, 1'000'000));
    in_.config.impostor(which, what);
}

void nemesis::mistaken_word(node& which)
{
    auto const& chain = in_.config.registry().last_active;
    if (!in_.config.speaks_now(which) || in_.config.registry().current != chain || chain.members.size() < 2)
        return;
    auto what = *in_.config.last_word(which);
    what.sent += 1us;
    auto const far = std::uint64_t{1} << in_.random.between(33, 62);
    switch (in_.random.below(5))
    {
        case 0: what.sent += 1000s; break;
        case 1: what.commit = what.end.at + in_.random.below(5'000) + 1; break;
        case 2: what.commit = what.end.at = seq(far); break;
        case 3: what.end.in = epoch(far); break;
        // Nothing in it is wrong by itself; nor is its word alone enough to say that the head's time is.
        default:
            what.refused_us = 40'000'000 + static_cast<std::int64_t>(far >> 20);
            what.commit = what.end.at = what.end.at + in_.random.below(5'000) + 1;
            break;
    }
    in_.config.mistaken(which, what);
}

void nemesis::goodbye_and_linger(node& which)
{
    if (!which.alive()) return;
    in_.count.add(seen::goodbyes_lost);
    which.shut_down();
    in_.time.after(
        in_.random.between(500, 9'000),
        [this, &which]
        {
            if (stopped_) return;
            isolate(which, true, true, 300'000);
            in_.config.lose(which);
        }
    );
    in_.time.after(250'000, [this, &which] { in_.restart_later(which); });
}

// The tail is taken out by false suspicion, comes back as a learner, and its source is struck while it
// catches up.
void nemesis::rejoin_under_old_tail()
{
    auto const& members = in_.config.registry().last_active.members;
    if (members.size() < 2) return;
    auto* tail = in_.find(members.back().name);
    auto* other = in_.find(members[in_.random.below(members.size() - 1)].name);
    bool restart = in_.random.chance(0.4);
    if (restart)
        crash(*tail, in_.random.chance(0.5));
    else
        isolate(*tail, true, true, in_.random.between(300'000, 700'000));
    auto strike_at = in_.random.between(200'000, 1'100'000);
    undo_later(
        strike_at,
        [this, tail, other]
        {
            switch (in_.random.below(5))
            {
                case 0: power_loss_all(); break;
                case 1: crash(*other, in_.random.chance(0.5)); break;
                case 2: isolate(*other, true, true, in_.random.between(300'000, 600'000)); break;
                case 3:
                    crash(*tail, in_.random.chance(0.5));
                    crash(*other, in_.random.chance(0.5));
                    break;
                default: pause(*other); break;
            }
        }
    );
}

// A member that has just been granted a lease is taken out and hears nothing of it, and the config service
// dies in the middle of that: the next one knows of no lease and may not go on before the longest possible
// one is over.
void nemesis::removed_and_cut_off()
{
    auto& which = end_of_chain();
    if (in_.wanted().size() <= 2 || !which.alive()) return;
    in_.config.arm();
    in_.config.ask(control::remove_node{.request = 0, .who = which.self().name});
    undo_later(
        in_.random.skewed(0, 4'000),
        [this, &which] { isolate(which, true, true, in_.random.between(300'000, 900'000)); }
    );
}

// One clock at a time, and a while between two: most of those that are heard are right then. (Where only two
// are left, each is one of two.)
void nemesis::clock_jump()
{
    if (clock_is_wrong_) return;
    auto& random = in_.random;
    auto far = random.chance(0.5) ? random.between(120, 7'200) : random.between(7'200, 400LL * 24 * 3'600);
    auto by = (random.chance(0.6) ? far : -far) * 1'000'000;
    auto const& members = in_.config.registry().last_active.members;
    auto which = random.below(in_.nodes.size() + 3);
    std::int64_t* clock = &in_.config.clock_jump_us;
    if (which < in_.nodes.size())
        clock = &in_.nodes[which]->clock_jump_us;
    else if (which > in_.nodes.size() && !members.empty())
        clock = &in_.find(members.front().name)->clock_jump_us;
    *clock = by;
    clock_is_wrong_ = true;
    in_.count.add(seen::clock_jumps);
    if (in_.log.printing()) in_.log.line("clock ", which, " by ", by / 1'000'000, " s");
    auto const span = random.skewed(in_.how.jump_time.low, in_.how.jump_time.high);
    undo_later(span, [clock] { *clock = 0; });
    undo_later(span + 1'500'000, [this] { clock_is_wrong_ = false; });
}

void nemesis::strike(fault what)
{
    auto& random = in_.random;
    int config = in_.net.config_machine();
    auto& which = any();
    if (in_.log.printing()) in_.log.line("fault ", static_cast<int>(what), " on ", which.self().name);
    switch (what)
    {
        case fault::kill: crash(which, false); break;
        case fault::power_cut: crash(which, true); break;
        case fault::double_kill:
        {
            crash(which, random.chance(0.5));
            auto& second = any();
            in_.time.after(
                random.skewed(0, 300'000), [this, &second] { crash(second, in_.random.chance(0.5)); }
            );
            break;
        }
        case fault::power_loss_all: power_loss_all(); break;
        case fault::pause: pause(which); break;
        case fault::pause_head_or_tail: pause(end_of_chain()); break;
        case fault::standstill: standstill(); break;
        case fault::config_kill: config_kill(random.skewed(1'000, 1'500'000)); break;
        case fault::config_pause: pause_config(); break;
        case fault::config_kill_mid_change:
            in_.config.arm();
            if (random.chance(0.6))
                isolate(end_of_chain(), true, true, cut_time());
            else
                crash(which, false);
            break;
        case fault::cut_one_way:
        {
            int a = which.index();
            int b = static_cast<int>(random.below(in_.nodes.size()));
            cut_for(cut_time(), [=](int from, int to) { return from == a && to == b; });
            break;
        }
        case fault::cut_pair:
        {
            int a = which.index();
            int b = static_cast<int>(random.below(in_.nodes.size()));
            cut_for(
                cut_time(), [=](int from, int to) { return (from == a && to == b) || (from == b && to == a); }
            );
            break;
        }
        case fault::isolate: isolate(which, true, true, cut_time()); break;
        case fault::isolate_from_config: isolate(which, false, true, cut_time()); break;
        case fault::isolate_from_peers: isolate(which, true, false, cut_time()); break;
        case fault::isolate_end: isolate(end_of_chain(), true, random.chance(0.8), cut_time()); break;
        case fault::partition:
        {
            auto groups = random.next();
            cut_for(
                cut_time(), [=](int from, int to) { return ((groups >> from) & 1) != ((groups >> to) & 1); }
            );
            break;
        }
        case fault::config_unreachable:
            cut_for(cut_time(), [=](int from, int to) { return from == config || to == config; });
            break;
        case fault::admin_remove:
        case fault::admin_add:
        case fault::admin_drain:
        case fault::admin_undrain:
        case fault::admin_move:
        case fault::admin_replace:
        case fault::admin_want: administer(what, which); break;
        case fault::new_disk: new_disk(which); break;
        case fault::control_link_lost: lose_control_link(which); break;
        case fault::goodbye_and_linger: goodbye_and_linger(which); break;
        case fault::impostor: impostor(which); break;
        case fault::mistaken_word: mistaken_word(which); break;
        case fault::step_down:
            if (which.alive())
            {
                which.shut_down();
                in_.time.after(250'000, [this, &which] { in_.restart_later(which); });
            }
            break;
        case fault::slow_disk: slow_disk(which); break;
        case fault::slow_links:
        {
            int a = which.index();
            auto extra = random.between(1'000, 150'000);
            for (int b = 0; b <= in_.how.nodes; ++b)
            {
                in_.net.set_slow(a, b, extra);
                in_.net.set_slow(b, a, extra);
            }
            undo_later(
                cut_time(),
                [this, a]
                {
                    for (int b = 0; b <= in_.how.nodes; ++b)
                    {
                        in_.net.set_slow(a, b, 0);
                        in_.net.set_slow(b, a, 0);
                    }
                }
            );
            break;
        }
        case fault::clock_jump: clock_jump(); break;
        case fault::registry_put_back: put_registry_back(); break;
        case fault::fsync_error: fsync_error(which); break;
        case fault::disk_fills: fill_disks(which); break;
        case fault::rejoin_under_old_tail: rejoin_under_old_tail(); break;
        case fault::removed_and_cut_off: removed_and_cut_off(); break;
        case fault::count_: break;
    }
}

}  // namespace chaind::sim
