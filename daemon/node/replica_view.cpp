// What the driver shows: to its gateway, to the config service, to the log.

#include "node/replica_driver.hpp"
#include "runtime/address.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "store/store_file.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <unistd.h>

namespace chaind::node
{

namespace json = boost::json;

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

}  // namespace

void replica_driver::instructed(wire::peer::instruction what)
{
    view_.lineage = std::move(what.lineage);
    peers_.set_addresses(what.addresses);
    boost::system::error_code bad;
    if (!what.status_json.empty())
    {
        auto parsed = json::parse(what.status_json, bad);
        if (!bad && parsed.is_object())
        {
            view_.status = std::move(parsed.get_object());
            if (listener_ != nullptr) listener_->on_view();
        }
    }
    feed(chain::directed{std::move(what.what)});
}

void replica_driver::refresh_view()
{
    auto const now = core_.status();
    auto const& members = now.config.members;
    bool others = true;
    for (auto const& m : members)
        others = others && (m == how_.core.self || peers_.reaches(m));

    // By far the largest part, and asked for after each batch of events: moved, not copied.
    auto status = std::move(view_.status);
    auto next = view_;
    next.at = now.config.at;
    next.member = now.active;
    next.replicas = now.active ? members.size() : 0;
    next.can_read = now.active && !stopping_ && (others || core_.lease_valid(runtime::steady_now()));
    next.can_write = now.active && !stopping_ && others && members.size() >= how_.core.min_replicas &&
                     !is_low(now.least.left);
    next.why_not = next.can_read && next.can_write ? "" : why_not(now, others);
    // Without the config service nobody would take it back: it serves again.
    next.draining = now.drain && config_up_;
    next.outside = now.config.leaves_out(how_.core.self);
    next.applied = now.applied;
    next.committed = now.commit;
    auto const shown = [](gateway::chain_view const& v)
    {
        return std::tie(
            v.at, v.member, v.can_read, v.can_write, v.why_not, v.replicas, v.lineage, v.draining, v.outside
        );
    };
    bool changed = shown(next) != shown(view_);

    next.status = std::move(status);
    json::value const service = config_up_ ? "up" : "down";
    auto& told = next.status["config_service"];
    if (!told.is_object()) told = json::object();
    auto& state = told.get_object()["state"];
    changed = changed || state != service;
    state = service;
    view_ = std::move(next);

    while (!behind_.empty() && behind_.begin()->first <= view_.applied)
    {
        behind_.begin()->second->finish(true);
        behind_.erase(behind_.begin());
    }
    log_role(now);
    if (changed && listener_ != nullptr) listener_->on_view();
}

std::string replica_driver::why_not(chain::replica_status const& now, bool others) const
{
    if (stopping_) return "stopping";
    if (now.receiving) return "taking in a snapshot";
    if (now.part == chain::role::learner) return "catching up with the chain";
    if (!now.active) return "not in an active chain";
    if (others && is_low(now.least.left))
        return "disk full: the disk of " + now.least.who.name +
               " has no room left; reading and deleting go on, free some space there";
    return others ? "fewer replicas than min-replicas" : "a member of the chain cannot be reached";
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

std::string replica_driver::info(chain::replica_status const& now) const
{
    auto const left = now.lease_until - runtime::steady_now();
    json::object out{
        {"replica_addr", runtime::to_string(peers_.address())},
        {"pid", ::getpid()},
        {"version", CHAIND_VERSION},
        {"data_dir", how_.data_dir},
        {"database", how_.database},
        {"db_bytes", store::size_of(how_.database) + store::size_of(how_.database + "-wal")},
        {"log_end", now.end.at.value()},
        {"committed", now.commit.value()},
        {"lease_ms", std::max<std::int64_t>(0, left.count() / 1000)},
        {"role", name_of(now.part)},
        {"min_replicas", how_.core.min_replicas},
        {"log_base", now.base.at.value()},
        {"moved_bytes", moved_bytes()},
    };
    if (free_bytes_) out["free_bytes"] = *free_bytes_;
    if (now.receiving)
        out["snapshot"] = {
            {"bytes_done", now.receiving->bytes_done}, {"bytes_total", now.receiving->bytes_total}
        };
    if (!checkpoint_.empty()) out["checkpoint"] = checkpoint_;
    describe_more_(out);
    return json::serialize(out);
}

}  // namespace chaind::node
