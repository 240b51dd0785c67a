#include "sim/run.hpp"

#include "sim/backup.hpp"
#include "sim/nemesis.hpp"
#include "sim/rest_check.hpp"
#include "sim/world.hpp"

namespace chaind::sim
{
namespace
{

class simulation
{
public:
    explicit simulation(world& in) : in_(in), trouble_(in) {}

    void run()
    {
        bootstrap();
        with_faults();
        heal_the_least();
        heal_all();
        rest();
    }

private:
    void pass(us span)
    {
        in_.time.run_until(in_.time.now() + span, [] { return true; });
    }

    template <class Condition>
    void wait_for(us limit, char const* what, Condition holds)
    {
        auto end = in_.time.now() + limit;
        in_.time.run_until(end, [&] { return !holds(); });
        demand(holds(), "I21: not within ", limit / 1000, " ms: ", what);
    }

    [[nodiscard]] control::record const& registry() const { return in_.config.registry(); }

    void bootstrap()
    {
        if (in_.how.from_backup) begin_with_backup();
        in_.config.start();
        in_.links.start();
        for (int i = 0; i < in_.how.nodes - in_.how.spares; ++i)
            in_.time.after(in_.random.between(0, 200'000), [which = &in_.at(i)] { which->start(); });
        if (doubled_) one_backup_too_many();
        // What fails while a restored chain begins is the point of it.
        if (in_.how.from_backup && in_.random.chance(0.7)) return in_.clients.start();
        wait_for(
            10'000'000,
            "the first chain is ACTIVE",
            [&] { return registry().last_active.state == config_state::active; }
        );
        in_.clients.start();
        pass(300'000);
    }

    void begin_with_backup()
    {
        auto const old = make_backup(
            in_.random,
            in_.application,
            in_.check,
            in_.how.snapshot_rows,
            static_cast<std::uint64_t>(in_.how.writers)
        );
        auto const named = static_cast<std::uint64_t>(in_.how.nodes - in_.how.spares);
        auto const which = static_cast<int>(in_.random.below(named));
        in_.at(which).restore(old);
        if (in_.random.chance(0.7)) return;
        doubled_ = &in_.at(static_cast<int>((static_cast<std::uint64_t>(which) + 1) % named));
        doubled_->restore(old);
    }

    // Nobody says which of two stores the cluster is to go on with: it waits until one is taken away.
    void one_backup_too_many()
    {
        pass(in_.random.between(300'000, 1'500'000));
        demand(
            registry().current.state == config_state::none,
            "I20: a new chain begins with two restored replicas: ",
            registry().current
        );
        doubled_->stop(in_.random.chance(0.5));
        doubled_->change_disk(disk_choice::wiped);
        doubled_->start();
    }

    void with_faults()
    {
        in_.faults_on = true;
        trouble_.start();
        pass(in_.how.faulty_time);
        trouble_.stop();
        in_.log.line("faults end");
    }

    // Replicas that failed with a snapshot in the last moments wait, one of them before the other.
    [[nodiscard]] us transfer_retry() const
    {
        return in_.how.snapshot_error > 0 || in_.how.flip > 0 ? 12'000'000 : 0;
    }

    // From now on: a chain of which no process is left waits for those that may still come.
    [[nodiscard]] us resume_limit() const
    {
        auto const& chain = registry().last_active.members;
        bool warm = std::any_of(
            chain.begin(),
            chain.end(),
            [&](member const& m)
            {
                auto const* each = in_.find(m.name);
                return each->alive() && each->self() == m &&
                       in_.net.open_both(each->index(), in_.net.config_machine());
            }
        );
        // A chain that is too short to take writes has to take somebody back first.
        us join = in_.how.chain.min_replicas > 1
                      ? in_.how.control.flap_last.count() + 500'000 + transfer_retry()
                      : 0;
        // Who was paused says that it is late, and is waited for longer; so are two that fall silent
        // together.
        us const late = (in_.how.control.silence_max - in_.how.control.silence).count();
        // Who is cut off may be on its way to a config service that has just started.
        us const back = in_.how.control.return_wait.count();
        return in_.how.resume_limit + late + back + join + (warm ? 0 : in_.how.control.cold_wait.count());
    }

    // One complete replica and the config service must be enough.
    void heal_the_least()
    {
        if (in_.how.must_stay_calm || in_.how.chain.min_replicas > 1 || in_.random.chance(0.5)) return;
        std::vector<node*> complete;
        auto const wanted = in_.wanted();
        for (auto const& m : registry().last_active.members)
        {
            auto* each = in_.find(m.name);
            bool is_wanted = std::count(wanted.begin(), wanted.end(), m.name) > 0;
            if (each->self().store == m.store && !each->lying && is_wanted) complete.push_back(each);
        }
        // A change that is under way may still make another chain ACTIVE.
        if (complete.empty() || registry().current.state != config_state::active || in_.config.being_stored())
            return;
        auto* core = complete[in_.random.below(complete.size())];
        in_.log.line("only ", core->self().name, " goes on");
        in_.config.start();
        in_.config.take_dials();
        for (auto& each : in_.nodes)
        {
            if (each.get() == core) continue;
            if (in_.random.chance(0.5)) each->stop(in_.random.chance(0.5));
            for (int m = 0; m <= in_.how.nodes; ++m)
            {
                if (m == each->index()) continue;
                in_.net.cut(m, each->index(), 1);
                in_.net.cut(each->index(), m, 1);
            }
        }
        core->start();
        in_.clients.prefer(core->index());
        if (!in_.how.idle)
        {
            auto since = in_.time.now();
            auto limit = resume_limit();
            wait_for(
                limit,
                "a write is acknowledged by the core that is left",
                [&] { return in_.last_ack > since; }
            );
        }
        else
            pass(1'000'000);
        in_.net.heal();
    }

    // One that was drained or removed since is waited for by nobody.
    [[nodiscard]] bool awaits_replacement() const
    {
        auto const& both = registry().replacing;
        if (!both) return false;
        auto const wanted = in_.wanted();
        return std::count(wanted.begin(), wanted.end(), both->with) > 0;
    }

    void heal_all()
    {
        in_.log.line("all heal");
        in_.config.start();
        in_.config.take_dials();
        for (auto& each : in_.nodes)
            each->start();
        in_.clients.prefer(-1);
        auto since = in_.time.now();
        auto limit = resume_limit();
        if (!in_.how.idle) wait_for(limit, "a write is acknowledged", [&] { return in_.last_ack > since; });
        wait_for(
            in_.how.join_limit + transfer_retry(),
            "the chain is whole again",
            [&]
            {
                auto const& r = registry();
                if (r.current.state != config_state::active || r.moving || !in_.check.all_known())
                    return false;
                // Who is on its way out answers nobody who asks it now.
                auto const wanted = in_.wanted();
                auto stays = [&](member const& m)
                {
                    return in_.find(m.name)->self() == m && in_.find(m.name)->alive() &&
                           std::count(wanted.begin(), wanted.end(), m.name) > 0;
                };
                return r.current.members.size() >= std::min(r.want, wanted.size()) && !awaits_replacement() &&
                       std::all_of(r.current.members.begin(), r.current.members.end(), stays);
            }
        );
        if (!in_.how.idle)
        {
            since = in_.time.now();
            in_.clients.prefer(-1);
            wait_for(
                in_.how.resume_limit, "the whole chain acknowledges", [&] { return in_.last_ack > since; }
            );
        }
    }

    void rest()
    {
        in_.clients.stop();
        in_.log.line("rest");
        pass(500'000);
        wait_for(
            6'000'000 + in_.how.resume_limit,
            "all is applied everywhere",
            [&]
            {
                for (auto const& m : registry().last_active.members)
                {
                    auto const& disk = in_.find(m.name)->store().durable();
                    if (disk.applied != disk.end() || disk.end().value() < in_.check.committed())
                        return false;
                }
                return true;
            }
        );
        in_.check.demand_equal();
        rest_check(in_).run();
        in_.check.demand_equal();
    }

    world& in_;
    nemesis trouble_;
    node* doubled_ = nullptr;  // has the backup as well, by mistake
};

}  // namespace

run_result run_one(
    std::uint64_t seed, std::string_view profile, chain::forwarding policy, app_kind const& kind, bool print
)
{
    run_result out;
    world in(seed, profile, policy, kind, print);
    try
    {
        simulation(in).run();
    }
    catch (violation const& what)
    {
        out.failure = what.what();
    }
    out.trace_hash = in.log.hash();
    out.simulated_us = in.time.now();
    out.count = in.count;
    return out;
}

}  // namespace chaind::sim
