// What the driver shows: to its gateway, to the config service, to the log.

#include "base/span_text.hpp"
#include "chain/describe.hpp"
#include "node/replica_driver.hpp"
#include "node/service_words.hpp"
#include "runtime/address.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/printable.hpp"
#include "sqlite/database.hpp"
#include "store/store_file.hpp"
#include "wire/status_json.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include <unistd.h>

namespace chaind::node
{

namespace
{
std::string in_words(chain::role part)
{
    std::ostringstream out;
    out << part;
    return out.str();
}

constexpr auto not_served_for = 1s;   // before the log says so
constexpr auto answered_within = 2s;  // a new link of the config service

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
        status_ = std::make_shared<cluster_status const>(std::move(*told));
        show_service(true);
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

bool replica_driver::config_speaks() const
{
    return core_.can_do().hears_config;
}

void replica_driver::refresh_view()
{
    core_.status(now_);
    auto const& now = now_;
    auto const& can = core_.can_do();
    if (can.hears_config != service_shown_) show_service(can.hears_config);
    auto next = view_;
    next.at = now.config.at;
    next.member = now.active;
    next.replicas = now.active ? now.config.members.size() : 0;
    next.can_read = can.can_read;
    next.can_write = can.can_write;
    next.draining = can.draining;
    if (can.can_write)
        refuses_since_.reset();
    else if (!refuses_since_)
        refuses_since_ = runtime::steady_now();
    next.outside = can.outside;
    next.refused = can.why == chain::not_served::nothing ? "" : refused();
    next.others = peers_.others();
    next.cut_off = can.cut_off;
    next.why_not = why_not(can, next.refused, who_is_answered(next.others, next.at, next.member));
    next.what_helps = what_helps(can);
    next.unreached.clear();
    for (auto const& name : can.seen.unreached)
        next.unreached.push_back(name.name.str());
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
            v.what_helps,
            v.refused,
            v.unreached,
            v.others,
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
        return core_.status().config.contains_store(how_.core.self)
                   ? "it gives " + self +
                         " no answer: its registry is older than this chain; `chainctl status` says what to "
                         "do"
                   : self + " is not known there" + add;
    if (is_listed(status_->drained, how_.core.self.name))
        return self + " is drained: `chainctl undrain " + self + "` brings it back";
    return {};
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
        {{"Epoch", now.config.at},
         {"Role", in_words(now.part)},
         {"End", now.end.at},
         {"Committed", now.commit}}
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
    out.data_dir = sqlite::legible(how_.data_dir);
    out.database = sqlite::legible(how_.database);
    out.db_bytes = store::size_of(how_.database) + store::size_of(how_.database + "-wal");
    out.free_bytes = free_bytes_;
    out.moved_bytes = moved_bytes();
    out.lease = std::max(microseconds{}, now.lease_until - runtime::steady_now());
    out.min_replicas = how_.core.min_replicas;
    out.can_read = view_.can_read;
    out.can_write = view_.can_write;
    bool const for_long = refuses_since_ && runtime::steady_now() - *refuses_since_ > answered_within;
    if (view_.cut_off || (view_.member && for_long && is_cut_off(core_.can_do())))
        out.cut_off = view_.why_not;
    for (auto const& other : view_.others)
        out.linked.push_back(other.name);
    out.unanswered = !config_speaks() && runtime::steady_now() - config_up_at_ > answered_within;
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
