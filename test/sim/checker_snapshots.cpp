// What must hold when logs are cut short and stores are exchanged: docs/protocol.md 13, I16 to I18, and of
// each installed snapshot that it is what all replicas had at its position.

#include "sim/checker.hpp"
#include "sim/world.hpp"

namespace chaind::sim
{

void checker::on_new_store(store_id id)
{
    demand(stores_.insert(id).second, "a store has the identity of another one");
}

// The rows that a process finds are those of the position that its store claims.
void checker::on_recovered(node const& where)
{
    if (where.foreign) return;
    auto const& disk = where.store().durable();
    auto const& name = where.self().name;
    position then{{}, in_.application.make()->state()};
    demand(disk.applied.value() <= committed_.size(), "I3: ", name, " starts with ", disk.applied);
    if (disk.applied > seq{}) then = committed_[disk.applied.value() - 1];
    demand(then.log == disk.hash(disk.applied), "I3: ", name, " starts with another log");
    demand(
        then.state == where.store().application().state(),
        "I17: ",
        name,
        " starts with another state than that of ",
        disk.applied
    );
}

void checker::on_may_drop(node const& where, seq upto)
{
    auto const& s = where.status();
    demand(
        upto <= s.applied && upto <= s.commit,
        "I18: ",
        where.self().name,
        " may drop up to ",
        upto,
        ", applied ",
        s.applied,
        " commit ",
        s.commit
    );
}

void checker::on_compacted(node const& where, log_point const& base)
{
    in_.count.add(seen::compactions);
    auto const& name = where.self().name;
    auto const& disk = where.store().durable();
    demand(base.at <= disk.applied, "I18: ", name, " begins at ", base.at, ", applied ", disk.applied);
    if (where.foreign) return;
    demand(
        base.at.value() <= committed_.size() && committed_[base.at.value() - 1].log == base.hash,
        "I3: ",
        name,
        " drops entries that are not the common ones, up to ",
        base.at
    );
    for (auto const& [id, file] : where.snapshots().made())
        demand(
            base.at <= file->what.at.at || disk.applied - file->what.at.at > in_.how.chain.pin_entries,
            "I18: ",
            name,
            " drops its log up to ",
            base.at,
            ", a snapshot of it ends at ",
            file->what.at.at
        );
}

// A member's rows count, in every chain that is or may become the last ACTIVE one.
void checker::on_leaves_store(node const& where)
{
    auto counts_in = [&](chain_config const& chain)
    { return chain.state != config_state::none && chain.contains_store(where.self()); };
    demand(
        where.lying || !counts_in(registry_.last_active),
        "I5: ",
        where.self().name,
        " gives up a member's store"
    );
}

void checker::on_installed(node const& where, snapshot_file const& file, disk_image const& now, bool exact)
{
    auto const& name = where.self().name;
    auto const& at = file.what.at.at;
    auto const& before = where.store().durable().promised.at;
    demand(
        now.promised.at >= before,
        "I1: promise of ",
        name,
        " falls from ",
        before,
        " by an installation to ",
        now.promised.at
    );
    demand(exact, "I17: ", name, " installs a damaged snapshot of ", at);
    demand(now.end() == at, "the snapshot of ", at, " has log rows up to ", now.end());
    demand(at.value() <= committed_.size(), "I3: ", name, " installs ", at, ", which nobody has applied");
    if (at == seq{}) return;
    auto const& then = committed_[at.value() - 1];
    demand(then.log == file.what.at.hash, "I3: ", name, " installs another history at ", at);
    demand(then.state == now.kept->state(), "I17: ", name, " installs another state at ", at);
}

bool checker::agrees(disk_image const& disk, seq upto, digest const& want) const
{
    if (disk.end() < upto) return false;
    if (disk.reaches(upto)) return disk.hash(upto) == want;
    // Dropped: what comes before the base is fixed by it.
    auto below = disk.base.at.value();
    return below <= committed_.size() && committed_[below - 1].log == disk.base.hash;
}

}  // namespace chaind::sim
