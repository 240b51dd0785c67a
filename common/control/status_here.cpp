#include "control/status_here.hpp"

#include <algorithm>

namespace chaind::control
{

namespace
{

constexpr char const* start_it = "start configd, or restart it if it hangs";
constexpr char const* once_let_in =
    "put that right, or stop chaind here; `chainctl status` where configd runs says more";

bool is_unreached(seen_here const& now, node_id const& name)
{
    return std::find(now.unreached.begin(), now.unreached.end(), name) != now.unreached.end();
}

// Somebody serves in a chain without this machine.
bool anybody_else(seen_here const& now, bool other_machine::* what)
{
    return std::any_of(
        now.others.begin(),
        now.others.end(),
        [&](other_machine const& other) { return other.*what && other.is_elsewhere(now.at, now.member); }
    );
}

// Of its own chain a machine judges the writes itself; reads each one serves by itself, as it says every 50
// ms.
bool others_read(seen_here const& now)
{
    return std::any_of(
        now.others.begin(),
        now.others.end(),
        [&](other_machine const& other) { return other.can_read && !is_unreached(now, other.name); }
    );
}

// By the config service, which this machine takes for gone.
std::string answered(seen_here const& now)
{
    return who_is_answered(now.others, now.at, now.member);
}

failed_row missing(seen_here const& now, node_id const& who)
{
    auto const name = who.name.str();
    failed_row out;
    out.name = who;
    out.reason = now.node.name.str() + " has no link to it" +
                 (now.member ? ", and only the config service can take it out of the chain" : "");
    if (!now.refused.empty())
        out.next = once_let_in;
    else if (auto const heard = answered(now); !heard.empty())
        out.next = "see `chainctl status` where configd runs, which answers " + heard;
    else if (now.member)
        out.next = std::string(start_it) + ": it takes " + name + " out of the chain; then chaind on " +
                   name + ", should it have ended";
    else
        out.next = std::string(start_it) + "; and chaind on " + name + ", should it have ended";
    return out;
}

failed_row this_one(seen_here const& now)
{
    auto const name = now.node.name.str();
    failed_row out;
    out.name = now.node;
    out.alive = true;
    if (!now.refused.empty())
    {
        out.reason = "the config service does not let it in: " + now.refused;
        out.next = once_let_in;
    }
    else if (auto const heard = answered(now); !heard.empty())
    {
        out.reason = "the config service answers " + heard + ", and not " + name +
                     (anybody_else(now, &other_machine::can_write) ? ": the others go on without it" : "");
        out.next = "mend the way between " + name + " and the config service; the rest happens by itself";
    }
    else
    {
        out.reason = now.member ? now.why_not : "it is in no chain, and only the config service takes it in";
        out.next = now.what_helps.empty() ? start_it : now.what_helps;
    }
    return out;
}

bool is_linked(seen_here const& now, node_id const& name)
{
    return std::any_of(
        now.others.begin(), now.others.end(), [&](other_machine const& other) { return other.name == name; }
    );
}

// The config service may have gone before it had heard any of them.
void correct_the_chain(std::vector<chain_row>& chain, seen_here const& now)
{
    for (auto& row : chain)
    {
        bool const is_there = row.name == now.node || is_linked(now, row.name);
        if (is_unreached(now, row.name) && !is_there)
            row.state = member_state::silent;
        else if (now.can_write && (row.state == member_state::reconfiguring ||
                                   (is_there && row.state == member_state::silent)))
            row.state = member_state::normal;
        else if (is_there && row.state == member_state::silent)
            row.state = now.member ? member_state::normal : member_state::reconfiguring;
    }
}

// Who is in no chain does not know the one that the others are in.
void forget_an_older_chain(cluster_status& told, seen_here const& now)
{
    epoch newest;
    for (auto const& other : now.others)
        if (other.is_elsewhere(now.at, now.member)) newest = std::max(newest, other.at);
    if (newest <= told.epoch) return;
    told.epoch = newest;
    told.chain.clear();
    told.replicas.have = 0;
}

// Of a member that is there, or that is missed here, it is no longer so.
void forget_what_is_no_more(cluster_status& told, seen_here const& now)
{
    auto const in_chain = [&](node_id const& name)
    {
        return std::any_of(
            told.chain.begin(), told.chain.end(), [&](chain_row const& row) { return row.name == name; }
        );
    };
    std::erase_if(
        told.failed,
        [&](failed_row const& row)
        {
            return in_chain(row.name) &&
                   (row.name == now.node || is_linked(now, row.name) || is_unreached(now, row.name));
        }
    );
}

}  // namespace

// Without the config service, or refused by it, its last word is old, or there is none: who has gone since
// then stays a member, who restarted comes in nowhere, and what can be served is what this replica can serve,
// or another one that it is linked with: the config service need not be silent to all.
cluster_status status_here(cluster_status told, seen_here const& now)
{
    if (told.config_service.state == service_state::up) return told;
    bool const nothing_told = told.replicas.want == 0;
    if (nothing_told)
    {
        told.lineage = now.lineage;
        told.replicas = {.want = now.replicas, .have = now.replicas};
    }
    correct_the_chain(told.chain, now);
    forget_what_is_no_more(told, now);
    // Who has just started knows of a chain what it has promised, and no more.
    if (now.member) told.epoch = now.at;
    if (now.member) told.committed = std::max(told.committed, now.committed);
    forget_an_older_chain(told, now);
    bool const refused = !now.refused.empty();
    if (refused)
    {
        told.config_service = {};
        told.config_service.refuses = now.refused;
    }
    auto const heard = answered(now);
    if (!refused && !heard.empty()) told.config_service.answers = heard;
    told.joining.clear();         // nobody takes anybody in meanwhile, ...
    told.changing.draining = {};  // ... or sends people away
    if (!refused && heard.empty())
        for (auto& row : told.failed)
            row.next = std::string(start_it) + ", without which no machine comes back; then " + row.next;
    for (auto const& name : now.unreached)
        if (name != now.node && !is_linked(now, name))
            told.failed.push_back(missing(now, name));  // not its own earlier run
    if ((now.unreached.empty() || !now.member || !heard.empty()) && !now.can_write)
        told.failed.push_back(this_one(now));
    bool const writes = now.can_write || anybody_else(now, &other_machine::can_write);
    bool const reads = now.can_read || others_read(now);
    told.state = writes ? health::degraded : reads ? health::read_only : health::down;
    return told;
}

}  // namespace chaind::control
