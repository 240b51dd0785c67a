#include "control/next_chain.hpp"

#include "base/rules.hpp"

#include <algorithm>
#include <set>

namespace chaind::control
{
namespace
{

seen_member of(observations const& seen, member const& m)
{
    auto found = seen.members.find(m.name);
    return found == seen.members.end() ? seen_member{} : found->second;
}

std::size_t dead_links_of(member const& m, std::vector<member> const& among, observations const& seen)
{
    auto in_chain = [&](node_id const& name)
    { return std::any_of(among.begin(), among.end(), [&](member const& x) { return x.name == name; }); };
    return static_cast<std::size_t>(std::count_if(
        seen.dead_links.begin(),
        seen.dead_links.end(),
        [&](auto const& link)
        {
            return (link.first == m.name && in_chain(link.second)) ||
                   (link.second == m.name && in_chain(link.first));
        }
    ));
}

// From how many others it is cut off, or was lately. A link with each neighbour that it gets is no fault of
// all of those.
std::size_t others_parted_from(member const& m, observations const& seen)
{
    std::set<node_id> others;
    for (auto const* links : {&seen.dead_links, &seen.parted_lately})
        for (auto const& [a, b] : *links)
            if (a == m.name || b == m.name) others.insert(a == m.name ? b : a);
    return others.size();
}

// A link that is dead while both of its ends are alive: who has more of them goes, of equals who lately had
// them with more machines, of equals the later one.
void part_dead_links(std::vector<member>& chain, observations const& seen)
{
    while (chain.size() > 1)
    {
        auto worst = chain.end();
        std::pair<std::size_t, std::size_t> most;
        for (auto m = chain.begin(); m != chain.end(); ++m)
        {
            auto const links = dead_links_of(*m, chain, seen);
            if (links == 0) continue;
            if (std::pair const counts{links, others_parted_from(*m, seen)}; counts >= most)
            {
                worst = m;
                most = counts;
            }
        }
        if (worst == chain.end()) return;
        chain.erase(worst);
    }
}

}  // namespace

std::vector<member> next_chain(std::vector<member> const& active, observations const& seen)
{
    auto hears = [&](member const& m) { return of(seen, m).heard && !of(seen, m).deaf; };
    // Where all that are heard seem deaf it is not they: nobody is a better choice.
    bool const all_deaf = std::none_of(active.begin(), active.end(), hears);
    auto present = [&](member const& m) { return of(seen, m).heard && (all_deaf || !of(seen, m).deaf); };
    auto there = std::count_if(active.begin(), active.end(), present);
    if (there == 0) return active;

    // Vouching delays the start of a change. Once there is one, a node that we do not hear cannot be part of
    // it: its promise would not reach us.
    bool const must_change = !seen.dead_links.empty() || std::any_of(
                                                             active.begin(),
                                                             active.end(),
                                                             [&](member const& m)
                                                             {
                                                                 if (of(seen, m).removed)
                                                                     return there > 1 || !present(m);
                                                                 return !present(m) && !of(seen, m).vouched;
                                                             }
                                                         );
    std::vector<member> next;
    if (must_change)
        std::copy_if(active.begin(), active.end(), std::back_inserter(next), present);
    else
        next = active;

    auto removed = [&](member const& m) { return of(seen, m).removed; };
    if (must_change && !std::all_of(next.begin(), next.end(), removed)) std::erase_if(next, removed);
    part_dead_links(next, seen);

    auto same_name = [&](member const& m) { return m.name == seen.joiner->name; };
    if (seen.joiner && there == std::ssize(active) && next == active &&
        std::none_of(active.begin(), active.end(), same_name))
        next.push_back(*seen.joiner);
    return next;
}

cold_chain_result cold_chain(
    std::vector<member> const& active, std::vector<returned> const& there, seq watermark
)
{
    std::vector<returned> eligible;
    cold_chain_result out;
    for (auto const& node : there)
    {
        auto counts_as = [&](member const& m)
        {
            return rule(rule_id::cold_start_checks_the_store) ? m.same_store(node.who)
                                                              : m.name == node.who.name;
        };
        if (rule(rule_id::cold_start_takes_members_only) &&
            std::none_of(active.begin(), active.end(), counts_as))
            continue;
        if (rule(rule_id::cold_start_checks_the_watermark) && node.end.at < watermark)
            out.refused.push_back(node.who);
        else
            eligible.push_back(node);
    }

    auto place = [&](member const& m)
    { return std::find_if(active.begin(), active.end(), [&](auto const& x) { return x.name == m.name; }); };
    auto earlier = [&](returned const& a, returned const& b)
    {
        if (rule(rule_id::cold_start_orders_by_log))
        {
            if (a.end.in != b.end.in) return a.end.in > b.end.in;
            if (a.end.at != b.end.at) return a.end.at > b.end.at;
            return place(a.who) < place(b.who);
        }
        return place(b.who) < place(a.who);
    };
    std::stable_sort(eligible.begin(), eligible.end(), earlier);
    for (auto const& node : eligible)
        out.members.push_back(node.who);
    return out;
}

}  // namespace chaind::control
