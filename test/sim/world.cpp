#include "sim/world.hpp"

namespace chaind::sim
{

world::world(
    std::uint64_t seed, std::string_view profile_name, chain::forwarding policy, app_kind kind, bool print
)
    : random(seed * 2 + (policy == chain::forwarding::parallel)),
      how(draw_profile(profile_name, policy, random)),
      log(time, print),
      application(std::move(kind)),
      net(time, random, how),
      check(*this),
      links(*this),
      config(*this),
      clients(*this),
      guests(*this)
{
    // Beside real files: those of an earlier moment or of another history are not kept.
    if (application.shadow) how.older = how.foreign = how.rotten = 0;
    for (int i = 0; i < how.nodes; ++i)
        nodes.push_back(std::make_unique<node>(*this, i));
}

std::vector<node_id> world::wanted() const
{
    auto const& r = config.registry();
    std::vector<node_id> out;
    out.reserve(r.known.size());
    auto has = [](std::vector<node_id> const& list, node_id const& name)
    { return std::find(list.begin(), list.end(), name) != list.end(); };
    for (auto const& name : r.known)
        if (!has(r.removed, name) && !has(r.drained, name)) out.push_back(name);
    return out;
}

void world::on_chunk_sent(node& source, chain::envelope const& what)
{
    auto const* chunk = std::get_if<chain::snap_chunk>(&what.message);
    if (chunk == nullptr || !faults_on || how.crash_at_chunk <= 0) return;
    if (chunk->index != chunk_trap || !random.chance(how.crash_at_chunk)) return;
    chunk_trap = (chunk_trap + 1) % 40;
    auto* target = find(what.to.name);
    auto* victim = random.chance(0.5) || target == nullptr ? &source : target;
    count.add(seen::crashes_at_chunks);
    time.after(
        random.skewed(0, 6'000),
        [this, victim]
        {
            if (!victim->alive() || !faults_on) return;
            victim->stop(random.chance(0.5));
            restart_later(*victim);
        }
    );
}

node* world::find(node_id const& name)
{
    for (auto const& each : nodes)
        if (each->self().name == name) return each.get();
    return nullptr;
}

void world::send(node const& from, chain::envelope&& what)
{
    auto* to = find(what.to.name);
    if (!to || !links.up(from, *to, what.to)) return;
    if (auto const* asks = std::get_if<chain::still_at>(&what.message); asks) count.add(seen::barrier_rounds);
    if (log.printing()) log.line(from.self().name, " ", what);
    net.send(
        from.index(),
        to->index(),
        [to,
         process = what.to,
         event = chain::event(std::in_place_type<chain::received>, from.self(), std::move(what.message))](
        ) mutable { to->deliver(process, std::move(event)); }
    );
}

// A mistaken word may have raised the watermark above the other's disk: then no cold start takes that one.
bool world::expendable(node const& which) const
{
    auto const& stored = config.registry();
    auto others_hold = [&](std::vector<member> const& members)
    {
        if (std::none_of(
                members.begin(), members.end(), [&](auto const& m) { return m.same_store(which.self()); }
            ))
            return true;
        return std::any_of(
            members.begin(),
            members.end(),
            [&](member const& m)
            {
                if (m.name == which.self().name) return false;
                for (auto const& each : nodes)
                    if (each->self().same_store(m))
                        return !each->lying && each->store().durable().end() >= stored.watermark;
                return false;
            }
        );
    };
    // Whoever restores a backup takes care of it until there is a chain.
    if (stored.last_active.state == config_state::none) return false;
    if (!others_hold(stored.last_active.members) || !others_hold(stored.current.members)) return false;
    return !config.being_stored() || others_hold(config.being_stored()->current.members);
}

// It can only come back as a learner.
bool world::in_no_chain(node const& which) const
{
    auto const& stored = config.registry();
    auto holds = [&](chain_config const& chain) { return chain.contains_store(which.self()); };
    return !holds(stored.last_active) && !holds(stored.current) &&
           !(config.being_stored() && holds(config.being_stored()->current));
}

void world::restart(node& which, disk_choice with)
{
    if (which.alive()) return;
    if (with == disk_choice::rotten)
    {
        // A member that a cold start takes in is not looked at.
        if (in_no_chain(which)) which.change_disk(with);
    }
    else if (with != disk_choice::same && expendable(which))
    {
        // An older disk must be one that the rules can detect: it ends below the highest commit reported.
        if (with != disk_choice::older ||
            (which.older() && which.older()->end() < config.registry().watermark))
            which.change_disk(with);
    }
    which.start();
}

void world::restart_later(node& which)
{
    auto with = random.chance(how.wipe)      ? disk_choice::wiped
                : random.chance(how.older)   ? disk_choice::older
                : random.chance(how.foreign) ? disk_choice::foreign
                : random.chance(how.rotten)  ? disk_choice::rotten
                                             : disk_choice::same;
    time.after(
        random.skewed(how.down_time.low, how.down_time.high),
        [this, &which, with] { restart(which, faults_on ? with : disk_choice::same); }
    );
}

}  // namespace chaind::sim
