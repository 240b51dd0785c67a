#include "chain/service.hpp"

namespace chaind::chain
{
namespace
{

// Longer than any disk or way should take; what is wrong then nobody has noticed yet.
constexpr microseconds commits_within = 2s;

bool commits(own_state const& own)
{
    return own.waiting_for < commits_within;
}

bool applies_in_time(own_state const& own)
{
    return own.applying_for < own.read_limit;
}

bool can_read(own_state const& own, reach const& seen)
{
    // A read waits for all that is logged, and where the chain ends at somebody, what is not committed yet
    // never is. A lease proves how new the rows are, and brings nothing.
    bool const flows = (seen.missing.empty() && commits(own)) || own.commit == own.end;
    bool const whole = seen.unreached.empty() && seen.overtaken_by.empty();
    return own.active && !own.stopping && !own.stalled_for && flows && applies_in_time(own) &&
           (whole || own.has_lease);
}

bool are_too_few(own_state const& own, reach const& seen)
{
    return seen.leads && own.chain.members.size() < own.min_replicas;
}

bool can_write(own_state const& own, reach const& seen)
{
    return own.active && !own.stopping && !own.stalled_for && seen.missing.empty() &&
           !are_too_few(own, seen) && !seen.head_refuses && !is_low(own.least.left) && commits(own);
}

// The config service makes chains without this machine, which hears nothing of that. Of its own epoch a
// member knows as much itself, and sooner.
bool is_left_behind(own_state const& own, service const& now)
{
    auto const there = now.seen.served_in;
    return !now.can_write && !own.hears_config && there > epoch{} && (!own.active || there > own.chain.at);
}

void explain(own_state const& own, service& now)
{
    auto const& seen = now.seen;
    auto const because = [&now](not_served why, node_id const& who = {})
    {
        now.why = why;
        now.who = who;
    };
    bool const whole = seen.missing.empty();
    if (now.can_read && now.can_write) return because(not_served::nothing);
    if (own.stopping) return because(not_served::stopping);
    if (own.stalled_for) return because(not_served::disk_stalled);
    if (own.takes_snapshot) return because(not_served::taking_snapshot);
    if (own.learns) return because(not_served::catching_up);
    if (!own.active) return because(not_served::not_active);
    if (whole && is_low(own.least.left)) return because(not_served::disk_full, own.least.who);
    if (whole && are_too_few(own, seen)) return because(not_served::too_few_replicas);
    if (whole && !commits(own)) return because(not_served::nothing_commits);
    if (whole && !applies_in_time(own)) return because(not_served::too_slow);
    if (whole && seen.head_refuses) return because(not_served::head_refuses, own.chain.head()->name);
    if (!seen.overtaken_by.empty()) return because(not_served::overtaken, seen.overtaken_by);
    // Until there is a chain without it.
    if (!whole)
        return because(
            seen.first_is_linked ? not_served::apart : not_served::unreached, seen.missing.front()
        );
    if (!seen.unreached.empty()) return because(not_served::unreached, seen.unreached.front());
    because(not_served::taking_its_place);
}

}  // namespace

void judge_service(own_state const& own, service& now)
{
    auto const& seen = now.seen;
    now.can_read = can_read(own, seen);
    now.can_write = can_write(own, seen);
    now.hears_config = own.hears_config;
    // Without the config service nobody would take it back: it serves now.
    now.draining = own.drain && own.hears_config;
    now.outside = own.chain.is_active() && !seen.member;
    now.apart = own.stalled_for || seen.apart;
    now.cut_off = is_left_behind(own, now);
    now.stalled_for = own.stalled_for.value_or(microseconds{});
    explain(own, now);
}

}  // namespace chaind::chain
