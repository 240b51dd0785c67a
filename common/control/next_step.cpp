#include "control/next_step.hpp"

#include "base/listed.hpp"
#include "control/health.hpp"
#include "control/names.hpp"

#include <algorithm>

namespace chaind::control
{

namespace
{

// Who was in the last chain has everything; when none of them is heard, or only with other data, nobody knows
// what is missing, and the others wait for them.
std::optional<std::string> who_has_all(status_input const& in)
{
    auto const& last = in.record.last_active.members;
    bool const waits = std::none_of(
        last.begin(),
        last.end(),
        [&](member const& m)
        {
            auto const* const node = find(in, m.name);
            return node != nullptr && node->alive && node->last && node->last->from.store == m.store &&
                   node->back != held::lost_writes;
        }
    );
    if (last.empty() || !waits) return std::nullopt;
    std::string out;
    for (auto const& m : last)
        out += (out.empty() ? "" : " or ") + m.name.name.str();
    return out;
}

// Of a machine that the config service refuses for what its process is or says; "": it does not.
std::string next_step_of_held(node_status const& node)
{
    auto const name = node.name.name.str();
    switch (node.back)
    {
        case held::no: break;
        case held::lost_writes: return "nothing; it catches up from those that have what it lacks";
        case held::has_log:
            return "give " + name +
                   " an empty data folder; or, if its data are those of this chain, stop configd and put the "
                   "newest copy of its data folder back";
        case held::second_restored:
            return "give " + name + " an empty data folder: it takes all from the other restored machine";
        case held::contradicts:
            return "look at the log of chaind on " + name +
                   " and restart it: nothing that it says is believed as long as it contradicts itself";
    }
    return {};
}

// The others of the last chain that are not heard, while nobody serves and this one could.
std::string waited_for(status_input const& in, node_status const& node)
{
    std::string out;
    auto const& last = in.record.last_active.members;
    if (health_of(in) != health::down || !has_name(last, node.name)) return out;
    for (auto const& m : last)
        if (auto const* const other = find(in, m.name); other == nullptr || !other->alive)
            add_listed(out, m.name.name, " and ");
    return out;
}

// Machines that are heard, and say that they hear it: "n1 and n2".
std::string who_hears(status_input const& in, node_id const& name)
{
    std::string out;
    for (auto const& node : in.nodes)
        if (node.alive && node.name != name && has_name(facts_of(in, node.name).linked, name))
            add_listed(out, node.name.name, " and ");
    return out;
}

}  // namespace

std::string next_step(status_input const& in, node_status const& node)
{
    auto const name = node.name.name.str();
    bool const foreign = is_listed(in.foreign, node.name);
    if (!in.registry_lacks.empty() || disk_stands_still(in) || (foreign && registry_is_foreign(in)))
        return "first what `blocked` says: until then nothing is decided";
    if (foreign && !node.alive)
        return "if that is " + name +
               " itself, stop chaind there, move its data folder aside and start it: it is filled from the "
               "others; if it is a machine of another cluster, stop it, and start chaind on " +
               name;
    if (node.last && node.last->outdated) return "upgrade chaind on " + name;
    if (node.stalled)
        return "look at the disk of " + name +
               " (`dmesg` there names the device), or restart that machine; when the "
               "disk works again it comes back by itself";
    auto const who = who_has_all(in);
    if (who && node.alive)
        return "bring " + *who +
               " back with the data that it had: the others may lack what was acknowledged; if that "
               "is lost for ever, `chainctl force-epoch` goes on with one of them";
    if (auto const step = next_step_of_held(node); !step.empty()) return step;
    if (who && !node.alive && !has_name(in.record.last_active.members, node.name))
        return "start chaind on " + *who + " first, which has everything that was acknowledged; then on " +
               name;
    if (auto const others = who_hears(in, node.name); !node.alive && !others.empty())
        return "mend the way between " + name + " and the config service, since it is heard by " + others +
               "; it comes back by itself, and a restart does not help";
    if (!node.alive)
        return "start chaind on " + name +
               ", or restart it if it runs and is not heard; it catches up and comes back by itself";
    if (node.alive && facts_of(in, node.name).unanswered)
        return "mend the way from the config service to " + name + ", or restart chaind there";
    if (node.unheard_by)
        return "mend the way between " + name + " and " + node.unheard_by->name.str() +
               ", from which it is to catch up; it is tried again by itself";
    if (in.second.contains(node.name)) return "stop one of the two processes of " + name;
    if (node.last && !node.last->trouble.empty())
        return "look at the log of chaind on " + name + "; it tries again by itself";
    if (auto const others = waited_for(in, node); !others.empty())
        return "start chaind on " + others + "; who was in the last chain is waited for, no longer than " +
               "cold-wait of configd (10 s, where it is not set)";
    return "nothing; it comes back by itself";
}

std::optional<registry_trouble> trouble_of_registry(status_input const& in)
{
    if (!in.registry_lacks.empty())
        return registry_trouble{
            .reason = "the registry is older than the replicas: " + in.registry_lacks,
            .next =
                "stop configd and put the newest copy of its data folder back, or take one machine's word by "
                "`chainctl force-epoch`, with chaind stopped on machines that are not known here. If the one "
                "that said it was away and cannot have said it, start it and all others of the chain: what "
                "was "
                "said in its name falls when none of them knows of it. Until then no machine is taken out, "
                "and none comes in: restart no chaind that serves",
        };
    if (in.registry_full)
        return registry_trouble{
            .reason = "the disk of configd's data folder is full",
            .next =
                "make room there: what is to be decided waits for it and is tried each second. Until then "
                "no machine is taken out, and none comes in",
        };
    if (disk_stands_still(in))
        return registry_trouble{
            .reason = "the disk of configd's data folder has not finished a write for " +
                      std::to_string(in.registry_busy_for.count() / 1'000'000) + " s",
            .next =
                "mend that disk, or stop configd, move the folder to another one and start it there. Until "
                "then "
                "no machine is taken out, and none comes in",
        };
    if (!registry_is_foreign(in)) return std::nullopt;
    bool const is_new = in.record.last_active.state == config_state::none;
    std::string who;
    for (auto const& name : in.foreign)
        add_listed(who, name.name);
    return registry_trouble{
        .reason = (is_new ? "this registry is new, and of another cluster than "
                          : "this registry is of another cluster than ") +
                  who + ": configd's data folder was lost or replaced",
        .next =
            "stop configd and put the newest copy of its data folder back; operations.md says what to do "
            "without "
            "one. Until then these machines go on as without a config service",
    };
}

}  // namespace chaind::control
