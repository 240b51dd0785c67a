#include "chain/service.hpp"

#include "chain/known_links.hpp"

#include <algorithm>

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

bool is_ahead(peer_links const& of, own_state const& own)
{
    return !own.hears_config && of.reached && of.at > own.chain.at;
}

bool can_read(own_state const& own, known_links const& known, service const& now)
{
    // Where the chain ends at somebody, what is not committed yet never is, and a read would wait for it.
    bool const flows = (now.missing.empty() && commits(own)) || own.commit == own.end;
    bool const whole = now.unreached.empty() && overtaken_by(own, known) == nullptr;
    return own.active && !own.stopping && !own.stalled_for && ((whole && flows) || own.has_lease);
}

// Its options decide for all, and it alone knows them.
bool head_refuses(own_state const& own, known_links const& known)
{
    auto const* const head = own.chain.head();
    return head != nullptr && *head != own.self && known.reached(*head) && known.of(*head).refuses;
}

bool are_too_few(own_state const& own)
{
    auto const* const head = own.chain.head();
    return head != nullptr && *head == own.self && own.chain.members.size() < own.min_replicas;
}

bool can_write(own_state const& own, known_links const& known, service const& now)
{
    return own.active && !own.stopping && !own.stalled_for && now.missing.empty() && !are_too_few(own) &&
           !head_refuses(own, known) && !is_low(own.least.left) && commits(own);
}

bool is_reached(node_id const& who, own_state const& own, known_links const& known)
{
    auto const& members = own.chain.members;
    return std::any_of(
        members.begin(), members.end(), [&](member const& m) { return m.name == who && known.reached(m); }
    );
}

void explain(own_state const& own, known_links const& known, service& now)
{
    auto const because = [&now](not_served why, node_id who = {})
    {
        now.why = why;
        now.who = std::move(who);
    };
    if (now.can_read && now.can_write) return because(not_served::nothing);
    if (own.stopping) return because(not_served::stopping);
    if (own.stalled_for) return because(not_served::disk_stalled);
    if (own.takes_snapshot) return because(not_served::taking_snapshot);
    if (own.learns) return because(not_served::catching_up);
    if (!own.active) return because(not_served::not_active);
    if (now.missing.empty() && is_low(own.least.left)) return because(not_served::disk_full, own.least.who);
    if (now.missing.empty() && are_too_few(own)) return because(not_served::too_few_replicas);
    if (now.missing.empty() && !commits(own)) return because(not_served::nothing_commits);
    if (now.missing.empty() && head_refuses(own, known))
        return because(not_served::head_refuses, own.chain.head()->name);
    if (auto const* const who = overtaken_by(own, known)) return because(not_served::overtaken, *who);
    // Until there is a chain without it.
    auto const& away = now.missing.empty() ? now.unreached : now.missing;
    if (away.empty()) return because(not_served::taking_its_place);
    because(is_reached(away.front(), own, known) ? not_served::apart : not_served::unreached, away.front());
}

}  // namespace

std::vector<node_id> missing_for_writes(own_state const& own, known_links const& known)
{
    std::vector<node_id> out;
    auto const& members = own.chain.members;
    auto const here = std::find(members.begin(), members.end(), own.self);
    for (auto at = members.begin(); at != members.end(); ++at)
    {
        if (at == here) continue;
        bool const carries = at == members.begin() || at + 1 == here || here + 1 == at;
        bool const heard = own.hears_config && known.heard_by_config(at->name);
        auto const& link = known.of(*at);
        if (link.reached ? link.apart || is_ahead(link, own) : carries || !heard) out.push_back(at->name);
    }
    return out;
}

node_id const* overtaken_by(own_state const& own, known_links const& known)
{
    auto const& members = own.chain.members;
    auto const found = std::find_if(
        members.begin(), members.end(), [&](member const& m) { return is_ahead(known.of(m), own); }
    );
    return found == members.end() ? nullptr : &found->name;
}

std::vector<node_id> unreached_members(own_state const& own, known_links const& known)
{
    std::vector<node_id> out;
    for (auto const& m : own.chain.members)
        if (m != own.self && !known.reached(m)) out.push_back(m.name);
    return out;
}

bool is_apart(own_state const& own, known_links const& known)
{
    auto const& members = own.chain.members;
    auto const here = std::find(members.begin(), members.end(), own.self);
    if (here == members.end()) return false;
    return (here != members.begin() && !known.reached(*(here - 1))) ||
           (here + 1 != members.end() && !known.reached(*(here + 1)));
}

bool is_alone(own_state const& own, service const& now, known_links const& known)
{
    auto const goes_on = [&](node_id const& who)
    {
        return known.heard_by_config(who) &&
               std::find(now.unreached.begin(), now.unreached.end(), who) != now.unreached.end();
    };
    return own.active && own.hears_config && !now.missing.empty() &&
           std::all_of(now.missing.begin(), now.missing.end(), goes_on);
}

service judge_service(own_state const& own, known_links const& known)
{
    service out;
    out.missing = missing_for_writes(own, known);
    out.unreached = unreached_members(own, known);
    out.can_read = can_read(own, known, out);
    out.can_write = can_write(own, known, out);
    out.hears_config = own.hears_config;
    // Without the config service nobody would take it back: it serves again.
    out.draining = own.drain && own.hears_config;
    out.outside = own.chain.leaves_out(own.self);
    out.apart = own.stalled_for || is_apart(own, known);
    out.stalled_for = own.stalled_for.value_or(microseconds{});
    explain(own, known, out);
    return out;
}

}  // namespace chaind::chain
