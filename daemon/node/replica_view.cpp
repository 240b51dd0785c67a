// What the driver shows: to its gateway, to the config service, to the log.

#include "base/span_text.hpp"
#include "node/needed_links.hpp"
#include "node/replica_driver.hpp"
#include "runtime/address.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/printable.hpp"
#include "store/sqlite.hpp"
#include "store/store_file.hpp"
#include "wire/status_json.hpp"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

namespace chaind::node
{

namespace
{
char const* name_of(chain::role part)
{
    switch (part)
    {
        case chain::role::detached: return "detached";
        case chain::role::learner: return "learner";
        case chain::role::head: return "head";
        case chain::role::middle: return "middle";
        case chain::role::tail: return "tail";
        case chain::role::solo: return "solo";
    }
    return "detached";
}

constexpr auto config_silent_after = 1s;
// A link that comes back sooner sends nobody away.
constexpr auto cut_off_after = 2s;
constexpr auto not_served_for = 1s;  // before the log says so

// The members that the config service hears, by its own word.
std::set<std::string> heard_in(cluster_status const& status)
{
    std::set<std::string> out;
    for (auto const& row : status.chain)
        if (row.state != member_state::silent) out.insert(row.name.name.str());
    return out;
}

bool is_listed(std::vector<node_id> const& names, node_id const& name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void replica_driver::instructed(wire::peer::instruction what)
{
    view_.lineage = std::move(what.lineage);
    peers_.set_addresses(what.addresses);
    if (auto told = what.status_json.empty() ? std::nullopt : wire::read_status(what.status_json))
    {
        heard_by_service_ = heard_in(*told);
        status_ = std::make_shared<cluster_status const>(std::move(*told));
        show_service(config_speaks());
        tell_(looks{view_, status_});
    }
    feed(chain::directed{std::move(what.what)});
}

void replica_driver::show_service(bool up)
{
    service_shown_ = up;
    auto const state = up ? service_state::up : service_state::down;
    if (status_->config_service.state == state) return;
    auto next = *status_;
    auto& service = next.config_service;
    service.state = state;
    service.heard_ms = {};
    // All that is said of others is as old as that.
    auto const now = runtime::now();
    if (!up && config_heard_ != instant{})
        service.heard_ms = (now.wall_us - (now.steady - config_heard_).count()) / 1000;
    status_ = std::make_shared<cluster_status const>(std::move(next));
    tell_(looks{view_, status_});
}

// It answers each heartbeat. A machine that has lost its power says no goodbye.
bool replica_driver::config_speaks() const
{
    return config_up_ && runtime::steady_now() - config_heard_ < config_silent_after;
}

void replica_driver::refresh_view()
{
    if (config_speaks() != service_shown_) show_service(!service_shown_);
    auto const now = core_.status();
    auto const& members = now.config.members;
    auto next = view_;
    next.unreached.clear();
    for (auto const& m : members)
        if (m != how_.core.self && !peers_.reaches(m)) next.unreached.push_back(m.name.name.str());
    bool const others = next.unreached.empty();
    auto const heard_by_config = [this](node_id const& name)
    { return config_speaks() && heard_by_service_.contains(name.name.str()); };
    known_links const links{
        .reached = [this](member const& m) { return peers_.reaches(m); },
        .heard_by_config = heard_by_config,
        .apart = [this](member const& m) { return peers_.is_apart(m); }
    };
    auto const missing = missing_for_writes(now.config, how_.core.self, links);
    bool const stalled = disk_stands_still();
    apart_ = stalled || is_apart(now.config, how_.core.self, links);
    // Where the chain ends at somebody, what is not committed yet never is, and a read would wait for it.
    bool const flows = missing.empty() || now.commit == now.end.at;

    next.at = now.config.at;
    next.member = now.active;
    next.replicas = now.active ? members.size() : 0;
    next.can_read = now.active && !stopping_ && !stalled &&
                    ((others && flows) || core_.lease_valid(runtime::steady_now()));
    next.can_write = now.active && !stopping_ && !stalled && missing.empty() &&
                     members.size() >= how_.core.min_replicas && !is_low(now.least.left);
    next.cut_off = is_cut_off(now, missing, next.unreached);
    bool const serves = next.can_read && next.can_write;
    next.refused = serves ? "" : refused();
    next.why_not = serves ? "" : why_not(now, missing, next);
    // Without the config service nobody would take it back: it serves again.
    next.draining = now.drain && config_speaks();
    next.outside = now.config.leaves_out(how_.core.self);
    next.applied = now.applied;
    next.committed = now.commit;
    // Each word of the config service was on its way for another while: that is nothing to tell.
    if (now.agreed_us && std::abs(*now.agreed_us - next.agreed_us) > 1'000'000)
        next.agreed_us = *now.agreed_us;
    next.clock_tolerance = how_.core.clock_tolerance;
    auto const shown = [](gateway::chain_view const& v)
    {
        return std::tie(
            v.at,
            v.member,
            v.can_read,
            v.can_write,
            v.why_not,
            v.refused,
            v.unreached,
            v.replicas,
            v.draining,
            v.cut_off,
            v.outside,
            v.agreed_us
        );
    };
    bool const changed = shown(next) != shown(view_) || view_.lineage != told_lineage_;
    bool const moved = next.applied != view_.applied || next.committed != view_.committed;
    view_ = std::move(next);
    told_lineage_ = view_.lineage;
    if (changed)
        tell_(looks{view_, nullptr});
    else if (moved)
        tell_(progress{view_.applied, view_.committed});
    run_those_behind();
    log_role(now);
    log_served();
    log_clock(now);
}

// For a while now, and by no more than links of this machine: the others go on.
bool replica_driver::is_cut_off(
    chain::replica_status const& now,
    std::vector<std::string> const& missing,
    std::vector<std::string> const& unreached
)
{
    bool const alone = now.active && !missing.empty() && config_speaks() &&
                       std::all_of(
                           missing.begin(),
                           missing.end(),
                           [&](auto const& name)
                           {
                               return heard_by_service_.contains(name) &&
                                      std::find(unreached.begin(), unreached.end(), name) != unreached.end();
                           }
                       );
    if (!alone)
        cut_off_since_.reset();
    else if (!cut_off_since_)
        cut_off_since_ = runtime::steady_now();
    return alone && runtime::steady_now() - *cut_off_since_ >= cut_off_after;
}

// By the service's own words, to a hello or in the status. To a machine that it does not know it says
// nothing.
std::string replica_driver::refused() const
{
    if (!config_up_) return runtime::printable(config_->refusal());
    auto const self = how_.core.self.name.name.str();
    auto const add =
        ": `chainctl add-node " + self + " " + runtime::to_string(peers_.address()) + "` takes it in";
    if (is_listed(status_->removed, how_.core.self.name)) return self + " was removed" + add + " again";
    if (!config_speaks() && !config_told_)
        return core_.status().config.contains(how_.core.self)
                   ? "it gives " + self +
                         " no answer: its registry is older than this chain; `chainctl status` says what to "
                         "do"
                   : self + " is not known there" + add;
    if (is_listed(status_->drained, how_.core.self.name))
        return self + " is drained: `chainctl undrain " + self + "` brings it back";
    return {};
}

std::string replica_driver::why_not(
    chain::replica_status const& now, std::vector<std::string> const& missing, gateway::chain_view const& seen
) const
{
    auto const& refused = seen.refused;
    if (stopping_) return "stopping";
    if (disk_stands_still())
        return "its disk has not finished a write for " +
               std::to_string(store_->busy_for().count() / 1'000'000) +
               " s: mend it, or move the data folder to another one";
    std::string const deaf =
        !refused.empty()  ? ", and the config service does not let it in: " + refused
        : config_speaks() ? ""
                          : ", and the config service does not answer: start it, or restart it if it hangs";
    if (now.receiving) return "taking in a snapshot" + deaf;
    if (now.part == chain::role::learner) return "catching up with the chain" + deaf;
    if (!now.active) return "not in an active chain" + deaf;
    auto const& all = now.config.members;
    if (missing.empty() && is_low(now.least.left))
        return "disk full: the disk of " + now.least.who.name.str() +
               " has no room left; reading and deleting go on, free some space there";
    if (missing.empty() && all.size() < how_.core.min_replicas) return "fewer replicas than min-replicas";
    // Until there is a chain without it.
    auto const& away = missing.empty() ? seen.unreached : missing;
    if (away.empty()) return "taking its place in the chain" + deaf;
    bool const there = std::any_of(
        all.begin(),
        all.end(),
        [&](member const& m) { return m.name.name.str() == away.front() && peers_.reaches(m); }
    );
    return (there ? away.front() + " does not reach its neighbour in the chain, or its disk stands still"
                  : "a member of the chain cannot be reached from here: " + away.front()) +
           deaf;
}

std::uint64_t replica_driver::moved_bytes() const
{
    return core_.status().moved_bytes + how_.moved_before;
}

void replica_driver::log_role(chain::replica_status const& now)
{
    std::pair const role{now.config.at, now.part};
    if (role == told_role_ && now.active == told_active_) return;
    // Another join would begin here.
    if (told_active_ && !now.active) how_.moved_before = 0;
    told_role_ = role;
    told_active_ = now.active;
    log::write(
        log::level::notice,
        "node",
        now.active ? "this replica serves" : "this replica does not serve",
        {{"Epoch", now.config.at}, {"Role", name_of(now.part)}, {"End", now.end.at}, {"Committed", now.commit}
        }
    );
}

// An epoch takes less than that to change. A replica that goes down, or waits to be let in, says more by
// itself.
void replica_driver::log_served()
{
    if (stopping_) return;
    auto const served = view_.can_write  ? ""
                        : view_.can_read ? "reads alone: " + view_.why_not
                                         : "neither reads nor writes: " + view_.why_not;
    if (served == told_served_)
    {
        served_since_.reset();
        return;
    }
    if (!served_since_) served_since_ = runtime::steady_now();
    if (runtime::steady_now() - *served_since_ < not_served_for) return;
    served_since_.reset();
    told_served_ = served;
    if (served.empty())
        log::write(log::level::notice, "node", "reads and writes are served again", {});
    else
        log::write(log::level::warning, "node", "not all is served now", {{"Serves", served}});
}

void replica_driver::log_clock(chain::replica_status const& now)
{
    if (now.clock_error.has_value() != told_clock_)
    {
        told_clock_ = now.clock_error.has_value();
        if (told_clock_)
            log::write(
                log::level::warning,
                "node",
                "the clock of this machine is wrong: set it; it goes by the others meanwhile",
                {{"Is", ahead_in_words(*now.clock_error)}}
            );
        else
            log::write(log::level::notice, "node", "the clock of this machine is right again", {});
    }
    bool const refuses = now.refused_us > 0;
    if (refuses == told_refused_) return;
    told_refused_ = refuses;
    if (refuses)
        log::write(
            log::level::warning,
            "node",
            "the head stamps entries far ahead of all clocks: they are not taken",
            {{"Is", ahead_in_words(microseconds(now.refused_us))}}
        );
}

void replica_driver::heard_of_space(room left, std::uint64_t free)
{
    free_bytes_ = free;
    if (left == room_) return;
    auto const before = std::exchange(room_, left);
    feed(chain::disk_room{left});
    auto const free_mib = std::to_string(free >> 20) + " MiB";
    if (is_low(before) && !is_low(left))
        log::write(
            log::level::notice,
            "node",
            "the disk has room again",
            {{"Folder", how_.data_dir}, {"Free", free_mib}}
        );
    else if (is_low(left) && left > before)
        log::write(
            log::level::error,
            "node",
            left == room::low ? "the disk is nearly full: only what makes room is taken"
                              : "the disk is full: nothing is taken",
            {{"Folder", how_.data_dir},
             {"Free", free_mib},
             {"Next", "free some space on that file system, or make it larger"}}
        );
}

node_facts replica_driver::facts(chain::replica_status const& now) const
{
    node_facts out;
    out.replica_addr = runtime::to_string(peers_.address());
    out.pid = static_cast<std::uint64_t>(::getpid());
    out.version = CHAIND_VERSION;
    out.data_dir = store::legible(how_.data_dir);
    out.database = store::legible(how_.database);
    out.db_bytes = store::size_of(how_.database) + store::size_of(how_.database + "-wal");
    out.free_bytes = free_bytes_;
    out.moved_bytes = moved_bytes();
    out.lease = std::max(microseconds{}, now.lease_until - runtime::steady_now());
    out.min_replicas = how_.core.min_replicas;
    out.can_read = view_.can_read;
    out.can_write = view_.can_write;
    if (view_.cut_off) out.cut_off = view_.why_not;
    out.scrub = {
        .running = scrubbed_.running,
        .asked = scrubbed_.asked,
        .done = scrubbed_.done,
        .all = scrubbed_.all,
        .proven_ms = proven_ms_,
        .error = scrubbed_.error,
    };
    out.sum = sum_;
    out.set_aside = set_aside_;
    out.front = front_;
    return out;
}

}  // namespace chaind::node
