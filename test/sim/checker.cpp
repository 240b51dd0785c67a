#include "sim/checker.hpp"

#include "sim/world.hpp"

namespace chaind::sim
{

void checker::on_event(node const&, chain::event const& what)
{
    if (auto const* message = std::get_if<chain::received>(&what))
        if (std::holds_alternative<chain::nack>(message->message)) in_.count.add(seen::nacks);
}

void checker::on_write(node const& where, chain::store_write const& what)
{
    if (what.truncate_after)
    {
        in_.count.add(seen::truncations);
        auto commit = where.status().commit;
        demand(
            *what.truncate_after >= commit,
            "I4: ",
            where.self().name,
            " truncates to ",
            *what.truncate_after,
            " below its commit ",
            commit
        );
    }
    auto const& log = where.store().issued();
    auto const after = what.truncate_after ? std::min(*what.truncate_after, log.end()) : log.end();
    auto previous = log.hash(after);
    for (auto const& row : what.entries)
    {
        bool const fresh = check_row(row, previous);
        previous = row.hash;
        // Clocks of machines differ by seconds as long as they are right, and most of them are. The one that
        // is wrong is the only one there is for a machine that goes on alone and has heard of no other:
        // nobody can know better, and where its rows are the newest, who is right is taken for being behind.
        auto const real_us = epoch_us + in_.time.now();
        bool const ahead = row.ts_us > real_us + in_.how.chain.clock_tolerance.count() + 20'000'000;
        if (ahead && fresh && where.clock_jump_us > 0 && !where.status().agreed_us) stamped_alone_ = true;
        demand(
            !ahead || stamped_alone_,
            "I23: position ",
            row.at,
            " is stamped ",
            (row.ts_us - real_us) / 1'000'000,
            " s ahead"
        );
    }
}

// Each row is hashed once, where it is written first; the same row elsewhere is that one.
bool checker::check_row(chain::entry const& row, digest const& previous)
{
    auto [known, fresh] =
        assigned_.try_emplace(row.in.value() << 32 | row.at.value(), assigned{row, previous});
    if (fresh)
    {
        demand(row.hash == chain::entry_hash(previous, row), "hash chain broken at ", row.at);
        return true;
    }
    auto const& first = known->second.row;
    demand(first.hash == row.hash, "I9: position ", row.at, " was assigned twice in epoch ", row.in);
    demand(
        known->second.previous == previous && first.ts_us == row.ts_us && first.request == row.request &&
            (first.command == row.command || *first.command == *row.command),
        "hash chain broken at ",
        row.at
    );
    return false;
}

void checker::on_applied(
    node const& where, chain::entry const& what, outcome const& result, digest const& state
)
{
    auto i = what.at.value() - 1;
    if (i == committed_.size())
    {
        committed_.push_back({what.hash, state});
    }
    demand(i < committed_.size(), "I3: ", where.self().name, " applies ", what.at, " beyond all others");
    demand(committed_[i].log == what.hash, "I3: ", where.self().name, " applies another entry at ", what.at);
    demand(committed_[i].state == state, "I17: ", where.self().name, " has another state at ", what.at);
    if (!result.final) return;
    auto [known, first] = answers_.try_emplace(result.key, result.answer);
    demand(
        known->second == result.answer,
        "I15: two answers for one key: ",
        known->second,
        " and ",
        result.answer
    );
    if (!result.repeated)
    {
        auto [where_, fresh] = effects_.try_emplace(result.key, what.at);
        demand(where_->second == what.at, "I15: a key takes effect at ", where_->second, " and at ", what.at);
    }
}

void checker::on_history(chain::entry const& what, outcome const& result, digest const& state)
{
    committed_.push_back({what.hash, state});
    answers_.try_emplace(result.key, result.answer);
    effects_.try_emplace(result.key, what.at);
    assigned_.try_emplace(
        what.in.value() << 32 | what.at.value(),
        assigned{what, what.at == seq{1} ? digest{} : committed_[what.at.value() - 2].log}
    );
    acknowledged_ = highest_commit_ = longest_ = what.at;
}

void checker::on_answered(outcome const& what)
{
    if (!what.wrong_time) return;
    in_.count.add(seen::wrong_times);
    // What a wrong clock has stamped alone is the state's time.
    demand(
        !in_.clients.knows_the_time(what.key.client) || stamped_alone_,
        "I23: the time of a key is refused that is right"
    );
}

void checker::on_acknowledged(seq at)
{
    in_.count.add(seen::acks);
    if (in_.faults_on) in_.count.add(seen::acks_under_faults);
    in_.last_ack = in_.time.now();
    if (at <= acknowledged_) return;
    acknowledged_ = at;
    check_durability();
}

void checker::on_read(seq floor, seq saw)
{
    in_.count.add(seen::reads_answered);
    demand(
        saw >= floor, "I13: a read saw ", saw, ", but ", floor, " was acknowledged or read before it began"
    );
    seen_by_reads_ = std::max(seen_by_reads_, saw);
}

void checker::know_config(chain_config const& what)
{
    if (what.state == config_state::none) return;
    auto [known, fresh] = configs_.try_emplace(what.at, what.members);
    demand(known->second == what.members, "I2: two configurations of epoch ", what.at);
}

void checker::on_directive(member const& to, directive const& what)
{
    know_config(what.config);
    if (what.lease_for)
    {
        auto& from = leases_given_[{to.boot, what.config.at}];
        from = std::max(from, *what.lease_for);
    }
    if (what.config.state == config_state::active)
        demand(
            registry_.last_active.at >= what.config.at,
            "I2: told that ",
            what.config.at,
            " is ACTIVE before it is stored"
        );
    else if (what.config.state == config_state::pending)
        demand(
            registry_.current.at >= what.config.at, "I2: told of ", what.config.at, " before it is stored"
        );
}

void checker::check_activation(control::record const& now) const
{
    auto const& chain = now.current;
    auto const& joiner = registry_.current.joiner;  // of the same epoch, PENDING
    demand(!chain.members.empty(), "an empty chain is ACTIVE");
    auto const& old = registry_.last_active;
    bool cold = false;
    if (old.state == config_state::active)
    {
        // I20: everybody but the joiner was in the last ACTIVE chain; the sole member stays.
        std::size_t survivors = 0;
        for (auto const& m : chain.members)
        {
            bool same_store = std::any_of(
                old.members.begin(), old.members.end(), [&](member const& x) { return x.same_store(m); }
            );
            survivors += same_store;
            cold = cold || (same_store && !old.contains(m));
            demand(same_store || joiner == m.name, "I14: ", m.name, " is neither a survivor nor the joiner");
        }
        demand(survivors > 0, "I20: no member of the last ACTIVE chain is left");
    }
    for (auto const& m : chain.members)
    {
        auto const* at = in_.find(m.name);
        demand(
            at->self().store != m.store || at->lying || at->store().durable().promised.at >= chain.at,
            "I14: ",
            m.name,
            " has not promised ",
            chain.at
        );
    }
    for (auto const& m : old.members)
    {
        auto const* at = in_.find(m.name);
        if (at->self() == m && at->alive() && at->store().durable().promised.at < chain.at)
        {
            in_.count.add(seen::activations_over_silence);
            demand(!at->lease_valid(), "I14: ", m.name, " still has a lease");
        }
    }
    if (joiner) in_.count.add(seen::joins);
}

void checker::on_registry(control::record const& now)
{
    if (in_.log.printing()) in_.log.line("stored ", now);
    in_.log.mix(now.revision);
    know_config(now.current);
    check_known(now);
    demand(now.current.at >= registry_.current.at, "I2: the epoch falls");
    demand(now.watermark_epoch >= registry_.watermark_epoch, "the watermark's epoch falls");
    // Who is mistaken about its own disk raises it as far as the others' disks reach, and no further.
    auto const reached = in_.count.of(seen::mistaken_words) > 0 ? longest_ : highest_commit_;
    demand(now.watermark <= reached, "the watermark ", now.watermark, " is not committed");
    bool fresh = now.current != registry_.current;
    if (fresh && now.current.state == config_state::pending)
    {
        in_.count.add(seen::pending_configs);
        demand(now.current.at > registry_.current.at, "I2: an epoch is used twice");
        if (registry_.current.state == config_state::pending) in_.count.add(seen::superseded_configs);
        if (in_.how.must_stay_calm && registry_.last_active.state == config_state::active)
            throw violation(text("calm: the chain changes for no reason, to ", now.current));
        if (in_.how.must_spare_the_living && in_.faults_on)
            for (auto const& m : registry_.last_active.members)
                demand(
                    now.current.contains(m) || !in_.find(m.name)->alive() || in_.find(m.name)->self() != m,
                    m.name,
                    " is taken out, and it lives"
                );
    }
    if (now.last_active != registry_.last_active)
    {
        in_.count.add(seen::active_configs);
        demand(now.last_active.state == config_state::active, "last_active is not ACTIVE");
        demand(now.last_active == now.current, "I2: a superseded configuration becomes ACTIVE");
        demand(now.last_active.at > highest_active_, "I2: ACTIVE falls to ", now.last_active.at);
        check_activation(now);
        highest_active_ = now.last_active.at;
    }
    know_registry(now);
    for (auto& each : in_.nodes)
        if (!registry_.last_active.contains_store(each->self())) each->lying = false;
    on_disk_changed();
    for (auto const& each : in_.nodes)
        check_lease(*each);
}

// Nothing that was acknowledged is lost by it here: whoever begins alone was a member of the last chain.
void checker::on_forced(control::record const& now)
{
    if (in_.log.printing()) in_.log.line("forced ", now.current);
    in_.log.mix(now.revision);
    in_.count.add(seen::forced_epochs);
    demand(now.current.state == config_state::pending, "I2: a forced chain is ACTIVE before it has promised");
    demand(now.current.at > registry_.current.at, "I2: the forced epoch ", now.current.at, " is used twice");
    know_config(now.current);
    highest_active_ = now.last_active.at;
    know_registry(now);
    on_disk_changed();
    for (auto const& each : in_.nodes)
        check_lease(*each);
}

void checker::check_durability() const
{
    if (acknowledged_.value() == 0) return;
    auto const& want = committed_[acknowledged_.value() - 1].log;
    for (auto const& m : registry_.last_active.members)
    {
        auto const* at = in_.find(m.name);
        if (at->self().store != m.store || at->lying) continue;
        auto const& disk = at->store().durable();
        if (agrees(disk, acknowledged_, want)) continue;
        throw violation(text(
            "I5: ",
            m.name,
            " (",
            disk.end(),
            ") does not have the acknowledged ",
            acknowledged_,
            " in ",
            registry_.last_active
        ));
    }
}

void checker::check_pair(node const& before, node const& after) const
{
    auto const& a = before.status();
    auto const& b = after.status();
    auto const& first = before.store().issued();
    auto const& second = after.store().issued();
    auto const from_promise = views_[static_cast<std::size_t>(after.index())].commit_at_promise;
    demand(
        b.stable <= a.stable, "I7: stable of ", after.self().name, " is ", b.stable, ", before it ", a.stable
    );
    demand(
        b.verified <= std::max(a.verified, std::max(b.commit, from_promise)),
        "I8: ",
        after.self().name,
        " verified ",
        b.verified,
        " beyond ",
        a.verified
    );
    auto common = std::min(b.verified, first.end());
    demand(
        !first.reaches(common) || !second.reaches(common) || first.hash(common) == second.hash(common),
        "I8: ",
        after.self().name,
        " verified another log"
    );
}

void checker::check_core(node const& each)
{
    if (!each.alive()) return;
    auto const& s = each.status();
    auto const& name = each.self().name;
    demand(
        s.applied <= s.commit && s.commit <= s.verified && s.verified <= s.received,
        "I11: ",
        name,
        " applied ",
        s.applied,
        " commit ",
        s.commit,
        " verified ",
        s.verified,
        " received ",
        s.received
    );
    demand(s.received == each.store().issued().end(), "received of ", name, " is ", s.received);
    demand(s.stable <= std::min(s.durable, s.verified), "I7: stable of ", name, " is ", s.stable);
    demand(each.store().issued().applied <= s.commit, "applies above the commit");
    views_.resize(in_.nodes.size());
    auto& view = views_[static_cast<std::size_t>(each.index())];
    if (view.boot != each.self().boot || view.at != s.config.at)
        view = {each.self().boot, s.config.at, s.stable, s.commit, s.commit};
    demand(s.stable >= view.stable, "I7: stable of ", name, " falls in epoch ", s.config.at);
    demand(s.commit >= view.commit, "commit of ", name, " falls");
    view.stable = s.stable;
    view.commit = s.commit;
    highest_commit_ = std::max(highest_commit_, s.commit);
    longest_ = std::max({longest_, s.commit, each.store().durable().end()});
}

void checker::check_lease(node const& each) const
{
    if (!each.alive() || !each.lease_valid()) return;
    auto const& s = each.status();
    demand(
        registry_.last_active.at == s.config.at && s.active,
        "I12: ",
        each.self().name,
        " holds a lease of ",
        s.config.at,
        ", ACTIVE is ",
        registry_.last_active.at
    );
    auto const given = leases_given_.find({each.self().boot, s.config.at});
    demand(
        given != leases_given_.end() && each.local_now() < given->second + in_.how.chain.lease,
        "I12: ",
        each.self().name,
        " holds a lease that it was not given in epoch ",
        s.config.at
    );
}

// The invariants that tie a member to the one before it and the one behind it.
void checker::check_neighbours(node const& each)
{
    auto const& s = each.status();
    share const now{
        each.self().boot,
        s.config.at,
        each.store().durable().promised.at,
        s.stable,
        s.verified,
        s.commit,
        each.store().last_write()
    };
    judged_.resize(in_.nodes.size());
    auto& before = judged_[static_cast<std::size_t>(each.index())];
    if (before == now) return;
    before = now;
    auto const& chain = registry_.last_active;
    auto takes_part = [&](std::size_t place)
    {
        auto const& n = *chain_[place];
        return n.alive() && n.self() == chain.members[place] && n.status().config.at == chain.at &&
               n.store().durable().promised.at == chain.at;
    };
    for (std::size_t i = 0; i < chain_.size(); ++i)
    {
        if (chain_[i] != &each || !takes_part(i)) continue;
        if (i > 0 && takes_part(i - 1)) check_pair(*chain_[i - 1], each);
        if (i + 1 < chain_.size() && takes_part(i + 1)) check_pair(each, *chain_[i + 1]);
    }
}

void checker::know_registry(control::record const& now)
{
    registry_ = now;
    judged_.clear();
    chain_.clear();
    for (auto const& m : registry_.last_active.members)
        chain_.push_back(in_.find(m.name));
}

void checker::on_step(node const& where)
{
    check_core(where);
    check_neighbours(where);
    // What other cores hold has not changed, nor what is on disks (on_disk_changed), nor what was
    // acknowledged.
    check_lease(where);
}

void checker::on_disk_changed()
{
    check_durability();
}

void checker::demand_equal() const
{
    node const* first = nullptr;
    for (auto const& m : registry_.last_active.members)
    {
        auto const* each = in_.find(m.name);
        each->store().compare_shadow();
        auto const& disk = each->store().durable();
        demand(
            disk.end() == disk.applied, "at rest: ", m.name, " applied ", disk.applied, " of ", disk.end()
        );
        if (!first) first = each;
        auto const& other = first->store().durable();
        demand(
            disk.end() == other.end(),
            "at rest: ",
            m.name,
            " ends at ",
            disk.end(),
            ", the head at ",
            other.end()
        );
        bool const same =
            each == first || each->store().application().has_the_rows_of(first->store().application());
        demand(same, "at rest: the states differ");
        demand(disk.end() >= acknowledged_, "at rest: an acknowledged write is absent");
        demand(disk.end().value() >= committed_.size(), "at rest: a committed entry is absent");
        auto is_common = [&](log_point const& p)
        {
            return p.at == seq{} ||
                   (p.at.value() <= committed_.size() && committed_[p.at.value() - 1].log == p.hash);
        };
        demand(is_common(disk.base), "at rest: the log begins after another entry than ", disk.base.at);
        for (auto const& row : disk.log)
            demand(is_common(row.point()), "at rest: the logs differ at ", row.at);
    }
}

}  // namespace chaind::sim
