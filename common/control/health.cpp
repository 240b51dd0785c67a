#include "control/health.hpp"

#include "base/span_text.hpp"
#include "control/names.hpp"

#include <algorithm>

namespace chaind::control
{

namespace
{

constexpr microseconds unserved_at_most = 1s;
constexpr microseconds slow_write = 500ms;  // half of what makes a disk stand still
constexpr microseconds disk_is_slow_after = 2s;

// The head takes only what makes room while it serves.
bool is_short_of_room(status_input const& in, member const& m)
{
    return serves(in, m) && is_low(find(in, m.name)->last->left);
}

// It says that its disk has changed rows of its store, and serves all the same: a cold start took it in.
bool is_damaged(status_input const& in, member const& m)
{
    return serves(in, m) && find(in, m.name)->last->damaged;
}

// Whether a machine that is heard says so of itself. A registry that is older than the replicas need not know
// who serves.
bool anybody(status_input const& in, bool node_facts::* what)
{
    auto const says_so = [&](node_id const& name) { return facts_of(in, name).*what; };
    return std::any_of(
               in.nodes.begin(),
               in.nodes.end(),
               [&](node_status const& node) { return node.alive && says_so(node.name); }
           ) ||
           (!in.registry_lacks.empty() && std::any_of(in.strangers.begin(), in.strangers.end(), says_so));
}

// While the registry is older than the replicas nobody is told anything: that nothing is heard of it is no
// fault of any way, and a restart would take a machine out that serves.
bool says_nothing(status_input const& in)
{
    return !in.registry_lacks.empty();
}

}  // namespace

node_status const* find(status_input const& in, node_id const& name)
{
    auto const found =
        std::find_if(in.nodes.begin(), in.nodes.end(), [&](node_status const& n) { return n.name == name; });
    return found == in.nodes.end() ? nullptr : &*found;
}

node_facts const& facts_of(status_input const& in, node_id const& name)
{
    static node_facts const none;
    auto const found = in.said.find(name);
    return found == in.said.end() ? none : *found->second.facts;
}

bool is_listed(std::vector<node_id> const& in, node_id const& name)
{
    return std::find(in.begin(), in.end(), name) != in.end();
}

bool serves(status_input const& in, member const& m)
{
    auto const* const node = find(in, m.name);
    return node != nullptr && node->alive && node->last && node->last->from == m;
}

member_state state_of(status_input const& in, member const& m)
{
    if (!serves(in, m)) return member_state::silent;
    if (is_damaged(in, m)) return member_state::damaged;
    if (is_short_of_room(in, m)) return member_state::full;
    return in.record.current.state == config_state::active ? member_state::normal
                                                           : member_state::reconfiguring;
}

node_state state_of(status_input const& in, node_status const& node)
{
    auto const& chain = in.record.current.members;
    auto const place =
        std::find_if(chain.begin(), chain.end(), [&](member const& m) { return m.name == node.name; });
    bool const in_chain = place != chain.end();
    if (in_chain && serves(in, *place))
        return is_damaged(in, *place)         ? node_state::damaged
               : is_short_of_room(in, *place) ? node_state::full
                                              : node_state::member;
    if (is_listed(in.record.removed, node.name)) return node_state::removed;
    if (is_listed(in.record.drained, node.name)) return node_state::drained;
    if (!node.alive) return node_state::failed;
    if (node.learner) return node_state::learner;
    return chain.size() >= in.record.want && !in_chain ? node_state::spare : node_state::waiting;
}

health health_of(status_input const& in)
{
    // Of the chain that serves this registry knows nothing: the replicas themselves do.
    if (!in.registry_lacks.empty())
        return anybody(in, &node_facts::can_write)  ? health::degraded
               : anybody(in, &node_facts::can_read) ? health::read_only
                                                    : health::down;
    auto const& members = in.record.current.members;
    auto const all = [&](auto const& holds) { return std::all_of(members.begin(), members.end(), holds); };
    auto const one_serves = [&](member const& m) { return serves(in, m); };
    // Those of the other cluster may well serve.
    if (std::none_of(members.begin(), members.end(), one_serves))
        return registry_is_foreign(in) ? health::unknown : health::down;
    // Each change of the chain does that for a moment.
    if (in.unread_for > unserved_at_most && in.unserved_for > unserved_at_most) return health::down;
    if (members.size() < fewest_for_writes(in)) return health::read_only;
    if (!all([&](member const& m) { return !is_short_of_room(in, m); })) return health::read_only;
    if (in.unserved_for > unserved_at_most) return health::read_only;
    bool const whole = members.size() >= in.record.want && in.record.current.state == config_state::active;
    bool const sound = all([&](member const& m) { return serves(in, m) && !is_damaged(in, m); });
    bool const quiet = !disk_stands_still(in) && wrong_clocks(in).empty() && who_is_cut_off(in).empty() &&
                       who_is_unanswered(in).empty();
    return whole && sound && quiet ? health::healthy : health::degraded;
}

std::uint64_t fewest_for_writes(status_input const& in)
{
    auto const* const head = in.record.current.head();
    if (head == nullptr || !serves(in, *head)) return 1;
    return std::max<std::uint64_t>(1, facts_of(in, head->name).min_replicas);
}

bool registry_is_foreign(status_input const& in)
{
    // Whoever spoke as a member to this run of the config service is of its cluster.
    auto const spoke = [&](node_status const& node)
    { return node.last && has_name(in.record.last_active.members, node.name); };
    return !in.foreign.empty() && std::none_of(in.nodes.begin(), in.nodes.end(), spoke);
}

bool disk_stands_still(status_input const& in)
{
    return in.registry_full || in.registry_busy_for > disk_is_slow_after;
}

std::vector<machine_trouble> wrong_clocks(status_input const& in)
{
    std::vector<machine_trouble> out;
    auto const add = [&](node_id const& name, std::string const& whose, microseconds ahead)
    { out.push_back({name, "set the clock of " + whose + ": it is " + ahead_in_words(ahead)}); };
    if (in.clock_error) add({}, "the config service's machine", *in.clock_error);
    for (auto const& node : in.nodes)
        if (node.alive && node.clock_error) add(node.name, node.name.name.str(), *node.clock_error);
    return out;
}

std::vector<machine_trouble> who_is_cut_off(status_input const& in)
{
    std::vector<machine_trouble> out;
    if (says_nothing(in)) return out;
    // Where nobody does it is no matter of a single machine, unless it lasts.
    if (!anybody(in, &node_facts::can_write) && in.unserved_for <= unserved_at_most) return out;
    for (auto const& m : in.record.current.members)
        if (auto const& reason = facts_of(in, m.name).cut_off; serves(in, m) && !reason.empty())
            out.push_back({m.name, reason});
    return out;
}

std::vector<machine_trouble> who_is_unanswered(status_input const& in)
{
    std::vector<machine_trouble> out;
    if (says_nothing(in)) return out;
    for (auto const& node : in.nodes)
        if (node.alive && facts_of(in, node.name).unanswered)
            out.push_back(
                {node.name, "the config service hears it, and it hears nothing of the config service"}
            );
    return out;
}

std::vector<machine_trouble> slow_disks(status_input const& in)
{
    std::vector<machine_trouble> out;
    for (auto const& m : in.record.current.members)
    {
        auto const* const node = find(in, m.name);
        if (!serves(in, m) || node->last->fsync < slow_write) continue;
        auto const tenths = node->last->fsync.count() / 100'000;
        out.push_back(
            {m.name,
             "its disk took " + std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) +
                 " s for a write lately"}
        );
    }
    return out;
}

}  // namespace chaind::control
