// What an administrator may ask for at the wrong moment.

#include "sim/nemesis.hpp"
#include "sim/world.hpp"

namespace chaind::sim
{

// Each of them would notice a registry that is older: nobody has missed the last change.
bool nemesis::all_know_the_chain() const
{
    auto const& r = in_.config.registry();
    int const config = in_.net.config_machine();
    if (r.current.state != config_state::active) return false;
    for (auto const& name : r.known)
    {
        auto const& each = *in_.find(name);
        if (!each.alive() || each.paused() || each.stopping()) return false;
        if (each.store().durable().promised.at != r.current.at) return false;
        for (int other = 0; other <= config; ++other)
            if (!in_.net.open_both(each.index(), other)) return false;
    }
    return true;
}

// What nobody could notice is not simulated: a registry that is older, and none who knows better is heard.
void nemesis::put_registry_back()
{
    if (quiet_ || !in_.config.can_be_put_back() || !all_know_the_chain()) return;
    quiet_ = true;
    in_.config.put_back();
    auto const& members = in_.config.registry().last_active.members;
    auto const who = members[in_.random.below(members.size())];
    if (in_.random.chance(0.6))
        undo_later(
            in_.random.between(30'000, 600'000),
            [this, who]
            {
                // People choose a machine for what it holds: none that has come back with another disk.
                if (in_.find(who.name)->self().same_store(who))
                    in_.config.ask(control::force_epoch{0, who.name});
            }
        );
    undo_later(
        1'500'000,
        [this]
        {
            in_.config.mend();
            quiet_ = false;
        }
    );
}

void nemesis::administer(fault what, node& which)
{
    auto& random = in_.random;
    auto const& r = in_.config.registry();
    auto const& name = which.self().name;
    // At least two stay, so that the rest of the run has a chain. Who is being replaced does not.
    auto const wanted = in_.wanted();
    bool const one_leaves = r.replacing && std::count(wanted.begin(), wanted.end(), r.replacing->old) > 0;
    bool const enough = wanted.size() > (one_leaves ? 3 : 2);
    switch (what)
    {
        case fault::admin_remove:
            if (enough && random.chance(0.5)) in_.config.ask(control::remove_node{0, name});
            return;
        case fault::admin_add:
        {
            auto* fresh = &which;
            for (auto& each : in_.nodes)
                if (!each->alive() && std::count(r.known.begin(), r.known.end(), each->self().name) == 0)
                    fresh = each.get();
            if (in_.how.only_by_token)
                return in_.guests.invite(*fresh, random.chance(0.3) ? random.between(1, 800) : 600'000);
            if (!fresh->alive()) fresh->start();
            auto who = fresh->self().name;
            if (std::count(r.known.begin(), r.known.end(), who) == 0) in_.count.add(seen::nodes_added);
            undo_later(
                random.between(0, 300'000), [this, who] { in_.config.ask(control::add_node{0, who}); }
            );
            return;
        }
        case fault::admin_drain:
            if (!enough) return;
            in_.config.ask(control::drain_node{0, name});
            // Who asked is told that it is undecided.
            if (random.chance(0.2))
                undo_later(random.between(1'000, 600'000), [this] { in_.config.withdraw_newest(); });
            if (random.chance(0.5))
                undo_later(
                    random.between(1'000, 600'000),
                    [this, name] { in_.config.tell(control::drained_clients{name}); }
                );
            return;
        case fault::admin_undrain:
            for (auto const& each : r.drained)
                in_.config.ask(control::undrain_node{0, each});
            if (r.drained.empty()) in_.config.ask(control::undrain_node{0, name});
            return;
        case fault::admin_move: in_.config.ask(control::move_node{0, name, random.chance(0.5)}); return;
        case fault::admin_replace:
        {
            if (!enough) return;
            control::replace_node question{0, name, {}};
            auto const& other = any().self().name;
            if (random.chance(0.5) && other != name) question.with = other;
            in_.config.ask(question);
            return;
        }
        case fault::admin_want:
        {
            // Shorter than a chain that takes writes nobody would want it.
            auto least = static_cast<std::int64_t>(in_.how.chain.min_replicas);
            in_.config.ask(
                control::set_want{0, static_cast<std::size_t>(random.between(least, in_.how.nodes))}
            );
            return;
        }
        default: return;
    }
}

}  // namespace chaind::sim
