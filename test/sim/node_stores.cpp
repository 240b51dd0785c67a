// A replica gets another store: by its own decision (an installed snapshot, a history set aside) or because
// somebody changed its disk.

#include "sim/node.hpp"
#include "sim/world.hpp"

namespace chaind::sim
{

void node::rename_store(store_id id)
{
    in_.check.on_new_store(id);
    self_.store = id;
    older_.reset();
    lying = foreign = rotten = false;
}

// The driver ends, the files are exchanged, the process begins again on the same ports. A crash on the way
// leaves the old store or the new one.
void node::begin_anew(chain::begin_anew const& what)
{
    in_.log.line("anew ", self_.name, what.install ? " from a snapshot" : " empty: ", what.set_aside);
    in_.check.on_leaves_store(*this);
    std::shared_ptr<snapshot_file const> file;
    if (what.install) file = snapshots_.installable(*what.install);
    end_process();
    in_.config.on_process_gone(*this);
    installing_ = true;

    bool crashes = in_.faults_on && in_.random.chance(in_.how.crash_anew);
    if (crashes) in_.count.add(seen::interrupted_installs);
    if (!crashes || in_.random.chance(0.5))
    {
        if (file)
            install(*file, what.promised);
        else
        {
            in_.count.add(seen::set_aside);
            disk_.set_aside();
            rename_store(in_.random.id<store_id>());
        }
    }
    else if (!in_.application.habits.installs_whole && file)
    {
        // The new file under the old one's write-ahead log.
        auto mixed = disk_.durable();
        mixed.keep(file->state);
        disk_.replace(std::move(mixed));
    }
    if (crashes)
        in_.restart_later(*this);
    else
        in_.time.after(in_.random.skewed(2'000, 120'000), [this] { start(); });
}

void node::install(snapshot_file const& file, chain_config promised)
{
    in_.count.add(seen::snapshots_installed);
    disk_image now;
    now.promised = std::move(promised);
    now.base = file.base;
    now.log = file.rows;
    now.applied = file.what.at.at;
    now.keep(file.state);
    in_.check.on_installed(*this, file, now, snapshots_.holds_exactly(file));
    snapshots_.installed();
    rename_store(in_.application.habits.gives_a_new_identity ? in_.random.id<store_id>() : file.made_by);
    disk_.install(std::move(now), file.what.id, self_.store);
}

void node::restore(backup const& from)
{
    in_.log.line("restored ", self_.name, " end=", from.image.end());
    in_.count.add(seen::restored_backups);
    rename_store(in_.random.id<store_id>());
    disk_.restore(from, self_.store);
}

void node::change_disk(disk_choice what)
{
    switch (what)
    {
        case disk_choice::same: return;
        case disk_choice::wiped:
            in_.log.line("wipe ", self_.name);
            in_.count.add(seen::wiped_disks);
            disk_.replace({});
            rename_store(in_.random.id<store_id>());
            snapshots_.wipe();
            return;
        case disk_choice::older:
            if (!older_) return;
            in_.log.line("older disk ", self_.name, " end=", older_->end());
            disk_.replace(*older_);
            lying = true;
            in_.count.add(seen::older_disks);
            return;
        case disk_choice::foreign:
            in_.log.line("disk of another history ", self_.name);
            in_.count.add(seen::foreign_disks);
            disk_.replace(foreign_image());
            rename_store(in_.random.id<store_id>());
            foreign = true;
            return;
        case disk_choice::rotten:
            if (disk_.durable().applied == seq{}) return;  // there is no row
            in_.log.line("rotten disk ", self_.name);
            in_.count.add(seen::rotten_disks);
            disk_.replace(rotten_image());
            rotten = true;
            return;
    }
}

// A row that nobody looks at before the next entry is applied: a start finds nothing odd.
disk_image node::rotten_image() const
{
    auto out = disk_.durable();
    out.keep(out.application(in_.application)->clone({.counters = false}));
    return out;
}

// From some point on other commands were committed.
disk_image node::foreign_image() const
{
    auto out = disk_.durable();
    auto const least = std::max(out.kept_at, out.base.at);
    auto room = out.end() - least;
    chain::store_write change;
    auto last = least + in_.random.below(room + 1);
    change.truncate_after = last;
    auto previous = out.point(last);
    auto count = in_.random.between(1, 60);
    for (std::int64_t i = 0; i < count; ++i)
    {
        auto const command = [this](std::int64_t)
        {
            op_key const key{in_.random.below(2), static_cast<std::uint64_t>(in_.random.between(1, 500))};
            return in_.application.command(key, {});
        };
        auto const in = previous.in.value() == 0 ? epoch(1) : previous.in;
        change.entries.push_back(written_elsewhere(in_.random, previous, in, command));
        previous = change.entries.back().point();
    }
    change.apply_upto = previous.at;
    if (out.applied > last) out.applied = last;
    out.perform(change);
    return out;
}

}  // namespace chaind::sim
