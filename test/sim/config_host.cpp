#include "sim/config_host.hpp"

#include "sim/world.hpp"

namespace chaind::sim
{

config_host::config_host(world& in)
    : in_(in),
      clock_{in.random.between(0, 1'000'000'000'000), in.random.between(-in.how.clock_ppm, in.how.clock_ppm)}
{
}

void config_host::later(us delay, scheduler::action what)
{
    in_.time.after(
        delay,
        [this, life = life_, run = std::move(what)]
        {
            if (life == life_) run();
        }
    );
}

void config_host::start()
{
    if (alive()) return;
    in_.log.line("start config revision=", registry_.revision);
    auto how = in_.how.control;
    for (int i = 0; i < in_.how.nodes - in_.how.spares; ++i)
        how.bootstrap.push_back(in_.at(i).self().name);
    core_.emplace(how, registry_, instant(clock_.local(in_.time.now())));
    next_tick();
}

void config_host::stop()
{
    if (!alive()) return;
    in_.log.line("stop config");
    in_.count.add(seen::config_crashes);
    if (being_stored_)
    {
        in_.count.add(seen::config_crashes_mid_change);
        auto record = *being_stored_;
        being_stored_.reset();
        if (in_.random.chance(0.5))
        {
            registry_ = record;
            in_.check.on_registry(registry_);
        }
    }
    core_.reset();
    paused_ = false;
    inbox_.clear();
    ++life_;
}

void config_host::pause()
{
    if (!alive() || paused_) return;
    in_.log.line("pause config");
    paused_ = true;
    paused_since_ = in_.time.now();
}

void config_host::resume()
{
    if (!paused_) return;
    in_.log.line("resume config");
    paused_ = false;
    if (in_.time.now() - paused_since_ > 60'000) in_.count.add(seen::own_pauses);
    if (in_.random.chance(0.5)) inbox_.push_front(control::tick{});
    auto events = std::move(inbox_);
    inbox_.clear();
    auto life = life_;
    for (auto& each : events)
    {
        if (life != life_) return;
        process(std::move(each));
    }
}

void config_host::hear(int from, heartbeat what)
{
    in_.net.send(
        from,
        in_.net.config_machine(),
        [this, message = std::move(what)] { deliver(control::heard{message}); }
    );
}

void config_host::on_process_gone(node const& which)
{
    in_.net.send(
        which.index(),
        in_.net.config_machine(),
        [this, who = which.self()] { deliver(control::connection_lost{who}); }
    );
}

void config_host::deliver(control::event what)
{
    if (!alive()) return;
    if (paused_)
        inbox_.push_back(std::move(what));
    else
        process(std::move(what));
}

void config_host::next_tick()
{
    later(
        clock_.true_span(5'000) + in_.random.between(0, 500),
        [this]
        {
            deliver(control::tick{epoch_us + in_.time.now() + clock_jump_us});
            next_tick();
        }
    );
}

void config_host::process(control::event what)
{
    in_.log.mix_time();
    in_.log.mix(0x100 + what.index());
    perform(core_->step(instant(clock_.local(in_.time.now())), std::move(what)));
}

void config_host::perform(control::effects what)
{
    auto life = life_;
    for (auto const& each : what.notices)
        note(each);
    for (auto const& each : what.replies)
        in_.count.add(each.verdict == control::admin_verdict::done ? seen::admin_done : seen::admin_refused);
    for (auto& each : what.directives)
    {
        auto* to = in_.find(each.to.name);
        if (!to) continue;
        in_.check.on_directive(each.what);
        in_.net.send(
            in_.net.config_machine(),
            to->index(),
            [to, each] { to->deliver(each.to, chain::directed{each.what}); }
        );
    }
    for (auto const& each : what.probes)
        probe(each);
    if (what.persist) store(std::move(*what.persist));
    if (life != life_) return;
}

void config_host::store(control::record what)
{
    demand(!being_stored_, "two records are being stored");
    demand(
        what.revision == registry_.revision + 1,
        "compare-and-set: ",
        what.revision,
        " after ",
        registry_.revision
    );
    if (in_.log.printing()) in_.log.line("store ", describe(what.current), " revision ", what.revision);
    being_stored_ = std::move(what);
    bool changes = being_stored_->current != registry_.current;
    auto duration = in_.random.skewed(in_.how.registry_write.low, in_.how.registry_write.high);
    if (armed_ && changes)
    {
        armed_ = false;
        // During the write, or a moment after it.
        later(
            in_.random.between(1, duration + in_.random.between(0, 8'000)),
            [this]
            {
                stop();
                in_.time.after(in_.random.skewed(1'000, 400'000), [this] { start(); });
            }
        );
    }
    later(
        duration,
        [this]
        {
            registry_ = *being_stored_;
            being_stored_.reset();
            in_.check.on_registry(registry_);
            deliver(control::stored{registry_.revision});
        }
    );
}

void config_host::probe(member const& who)
{
    auto* target = in_.find(who.name);
    if (!target) return;
    auto answered = std::make_shared<bool>(false);
    auto answer = [this, who, answered](bool gone)
    {
        if (*answered) return;
        *answered = true;
        if (gone) in_.count.add(seen::probes_answered_gone);
        deliver(control::probed{who, gone});
    };
    auto life = life_;
    auto config = in_.net.config_machine();
    in_.net.send(
        config,
        target->index(),
        [this, target, who, answer, config, life]
        {
            if (!target->powered()) return;
            bool gone = !target->alive() || target->self() != who;
            in_.net.send(
                target->index(),
                config,
                [this, answer, gone, life]
                {
                    if (life == life_) answer(gone);
                }
            );
        }
    );
    later(200'000, [answer] { answer(false); });
}

void config_host::note(control::notice const& what)
{
    if (what.what == "cold_start") in_.count.add(seen::cold_starts);
    if (what.what == "refused") in_.count.add(seen::refused_disks);
    if (what.what == "clock") in_.count.add(seen::clocks_named);
    if (in_.log.printing()) in_.log.line("notice ", what.what, " at ", what.at, " ", what.who, " ", what.why);
}

}  // namespace chaind::sim
