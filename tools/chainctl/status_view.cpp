#include "chainctl/status_view.hpp"

#include "base/listed.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/output.hpp"
#include "chainctl/progress.hpp"
#include "runtime/clock.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <set>

namespace chaind::chainctl
{
namespace
{

namespace json = boost::json;

std::string names_in(json::array const& rows, std::string_view state = {})
{
    std::string out;
    for (auto const& value : rows)
    {
        if (!value.is_object()) continue;
        auto const& row = value.get_object();
        if (!state.empty() && text_at(row, "state") != state) continue;
        auto const name = text_at(row, "name");
        add_listed(out, (name.empty() ? std::string("the config service's machine") : name));
    }
    return out;
}

std::uint64_t how_many(json::array const& rows, std::string_view state)
{
    return static_cast<std::uint64_t>(std::count_if(
        rows.begin(),
        rows.end(),
        [&](json::value const& row) { return row.is_object() && text_at(row.get_object(), "state") == state; }
    ));
}

bool is_being_made(json::object const& status)
{
    return !names_in(list_at(status, "chain"), "reconfiguring").empty();
}

// Besides fewer machines than wanted, which the numbers say: each reason, with "; " behind it.
std::string why_degraded(json::object const& status)
{
    std::string out;
    auto const& service = object_at(status, "config_service");
    if (service.contains("hears_nobody"))
        out += "the config service hears none of the machines, so that no further failure is repaired; ";
    else if (service.contains("answers"))
        out += "this machine does not hear the config service, which answers " + text_at(service, "answers") +
               "; ";
    else if (text_at(service, "state") == "down")
        out += "the config service is down, so that no further failure is repaired; ";
    if (!list_at(status, "damaged").empty())
        out += "not every one has sound data (" + names_in(list_at(status, "damaged")) + "); ";
    if (auto const wrong = names_in(list_at(status, "clocks")); !wrong.empty())
        out += "a clock is wrong (" + wrong + "); ";
    if (auto const off = names_in(list_at(status, "cut_off")); !off.empty())
        out += "not every one can take writes (" + off + "); ";
    if (auto const deaf = names_in(list_at(status, "unanswered")); !deaf.empty())
        out += "not every one hears the config service (" + deaf + "), so that a crash may stay unrepaired; ";
    if (auto const silent = names_in(list_at(status, "chain"), "silent"); !silent.empty())
        out += "not heard: " + silent + "; ";
    if (out.empty() && is_being_made(status)) out += "the next chain is being made; ";
    return out;
}

// What is served while a chain is being made, or a member is not heard and not taken out yet.
std::string goes_on(json::object const& status, std::string const& machines)
{
    auto const& forced = object_at(status, "forced");
    auto const loss = forced.empty() ? std::string("nothing is lost, ")
                                     : "what " + text_at(forced, "name") +
                                           " did not hold was given up by force-epoch (epoch " +
                                           count_at(forced, "epoch") + "), ";
    if (is_being_made(status) || !names_in(list_at(status, "chain"), "silent").empty())
        return loss + "and it goes on in a moment";
    return loss + (machines == "1" ? "one more failure stops service" : "the chain goes on");
}

std::string why_down(json::object const& status)
{
    if (is_being_made(status)) return "nothing is served until the next chain is made; ";
    auto const silent = names_in(list_at(status, "chain"), "silent");
    bool const some = !names_in(list_at(status, "chain"), "normal").empty();
    return some && !silent.empty() ? "nothing is served as long as the chain has " + silent + "; "
                                   : "no machine serves; ";
}

// With too few machines nothing is deleted either, so that this is said before a full disk.
std::string why_read_only(json::object const& status, std::string const& machines)
{
    bool const decides = object_at(status, "registry").empty();
    auto const& replicas = object_at(status, "replicas");
    auto const least = number_at(replicas, "min");
    if (decides && number_at(replicas, "have") < least)
        return machines + "; writes are refused until " + std::to_string(least) + " are there (min-replicas)";
    if (!names_in(list_at(status, "chain"), "full").empty())
        return machines + " serve; a disk is full, so only reading and deleting go on";
    if (!decides) return "messages can be read, nothing can be written, and nothing is decided";
    return machines + "; writes are not taken at this moment: " +
           (text_at(object_at(status, "config_service"), "state") != "up" ? "below is why"
            : list_at(status, "cut_off").empty() ? "`chainctl events` tells what is under way"
                                                 : "below is what the machines say");
}

std::string headline(json::object const& status)
{
    auto const state = text_at(status, "state", "unknown");
    auto const& replicas = object_at(status, "replicas");
    auto const have = std::to_string(number_at(replicas, "have"));
    auto const want = std::to_string(number_at(replicas, "want"));
    bool const more = number_at(replicas, "have") > number_at(replicas, "want");
    // Who is not heard and not taken out yet serves nobody.
    auto const silent = how_many(list_at(status, "chain"), "silent");
    auto const there = std::to_string(list_at(status, "chain").size() - silent);
    auto const of = silent > 0 ? there + " of " + want + " machines"
                    : more     ? have + " machines (" + want + " are wanted)"
                               : have + " of " + want + " machines";
    if (state == "healthy")
        return coloured(tint::good, "healthy") + ": " + of + " serve; every message is on each of them";
    if (state == "degraded" && !object_at(status, "registry").empty())
        return coloured(tint::warning, "degraded") +
               ": who is in the chain goes on, and nothing is decided: the next failure stops service";
    if ((state == "degraded" || state == "read_only") && list_at(status, "chain").empty())
        return coloured(tint::warning, state == "degraded" ? "degraded" : "read only") +
               ": other machines serve; the one that tells this is in no chain, and none of them answers "
               "here";
    if (state == "degraded")
        return coloured(tint::warning, "degraded") + ": " + of + " serve; " + why_degraded(status) +
               goes_on(status, have);
    if (state == "read_only") return coloured(tint::warning, "read only") + ": " + why_read_only(status, of);
    if (state == "unknown" && !object_at(status, "registry").empty())
        return coloured(tint::bad, "unknown") + ": the machines are of another cluster than configd";
    if (state == "down")
        return coloured(tint::bad, "down") + ": " + why_down(status) +
               "what was acknowledged is on their disks";
    return state;
}

tint tint_of(std::string const& state)
{
    return state == "normal" ? tint::good : state == "damaged" || state == "full" ? tint::bad : tint::warning;
}

// When the machine's disk was last read as a whole, and how far it has come with that now.
std::string proven(json::object const& scrub)
{
    auto const at = number_at(scrub, "proven_ms");
    auto out = at == 0 ? std::string("never") : utc(static_cast<std::int64_t>(at));
    if (scrub.contains("percent")) out += ", now " + std::to_string(number_at(scrub, "percent")) + " %";
    return out;
}

std::string chain_table(json::object const& status, bool wide)
{
    std::vector<std::vector<std::string>> rows{
        {"ROLE", "NAME", "STATE", "COMMITTED", "BEHIND", "CLIENTS", "ON DISK", "ADDRESS"}
    };
    if (wide)
        rows.front().insert(
            rows.front().end(), {"LEASE", "PID", "VERSION", "ROWS PROVEN", "REPLICA ADDRESS"}
        );
    for (auto const& value : list_at(status, "chain"))
    {
        if (!value.is_object()) continue;
        auto const& node = value.get_object();
        auto const state = text_at(node, "state", "unknown");
        rows.push_back(
            {text_at(node, "role"),
             text_at(node, "name"),
             coloured(tint_of(state), state),
             count_at(node, "committed"),
             count_at(node, "lag"),
             with_thousands(number_at(node, "clients")),
             in_bytes(number_at(node, "db_bytes")),
             text_at(node, "client_url")}
        );
        if (wide)
            rows.back().insert(
                rows.back().end(),
                {std::to_string(number_at(node, "lease_ms")) + " ms",
                 text_at(node, "pid"),
                 text_at(node, "version"),
                 proven(object_at(node, "scrub")),
                 text_at(node, "replica_addr")}
            );
    }
    return rows.size() > 1 ? table(rows) : "";
}

// What replicas say in the config service's place of each other is what that said last.
std::string how_old(json::object const& status)
{
    auto const& service = object_at(status, "config_service");
    if (text_at(service, "state") != "down") return "";
    auto const heard = number_at(service, "heard_ms");
    auto const now = static_cast<std::uint64_t>(runtime::now().wall_us / 1000);
    auto const age = ", " + in_words(now > heard ? (now - heard) / 1000 : 0) + " ago";
    return "Below is what the config service said last" + (heard > 0 ? age : "") + ":\n";
}

std::string joining_lines(json::object const& status)
{
    std::string out;
    for (auto const& value : list_at(status, "joining"))
    {
        if (!value.is_object()) continue;
        auto const& node = value.get_object();
        out += "  " + coloured(tint::warning, "joining") + "  " + text_at(node, "name") + "  " +
               text_at(node, "phase");
        auto const has = number_at(node, "bytes_done");
        if (auto const total = number_at(node, "bytes_total"); total > 0)
            out += ", " + (text_at(node, "phase") == "snapshot" && has == total
                               ? "has all " + in_bytes(total) + " and checks them"
                               : in_bytes(has) + " of " + in_bytes(total));
        if (auto const lag = number_at(node, "lag"); lag > 0)
            out += ", " + with_thousands(lag) + " entries to catch up";
        out += "\n";
    }
    return out;
}

std::string listed(json::array const& names)
{
    std::string out;
    for (auto const& value : names)
        if (auto const* name = value.if_string()) add_listed(out, *name);
    return out;
}

// To be copied.
std::string named(std::string note, std::string_view name)
{
    constexpr std::string_view place = "NAME";
    if (auto const at = note.find(place); at != std::string::npos) note.replace(at, place.size(), name);
    return note;
}

// What administrators have asked for and has not come true yet.
std::string changing_lines(json::object const& status)
{
    auto const& changing = object_at(status, "changing");
    std::string out;
    auto const line = [&](std::string const& what)
    { out += "  " + coloured(tint::warning, "changing") + " " + what + "\n"; };
    if (changing.contains("draining"))
        line(text_at(changing, "draining") + " is being drained: its clients leave");
    if (changing.contains("moving"))
        line(
            text_at(changing, "moving_for") +
            " changes its place; still to leave for that: " + listed(list_at(changing, "moving"))
        );
    if (auto const& exchange = object_at(changing, "replacing"); !exchange.empty())
        line(
            text_at(exchange, "old") + " is being replaced by " + text_at(exchange, "with") +
            ", and goes when that is in and no machine is missing"
        );
    return out;
}

// Machines that are in no chain on purpose.
std::string aside_lines(json::object const& status)
{
    struct kind
    {
        char const* key;
        char const* what;
        char const* note;
    };
    static constexpr kind kinds[] = {
        {"not_admitted",
         "waits",
         "not known here: `chainctl add-node NAME HOST:PORT` takes it in (`chainctl nodes` shows where it is)"
        },
        {"removed_running",
         "removed",
         "its chaind still runs: stop it there, or `chainctl add-node NAME` takes it in again"},
        {"drained", "drained", "`chainctl undrain NAME` brings it back"},
        {"spares", "spare", "comes in when a machine is missing"},
    };
    constexpr char const* undecided =
        "what is said of the registry comes first: nothing is decided, and it is not taken in";
    bool const decides = object_at(status, "registry").empty();
    std::string out;
    for (auto const& [key, what, note] : kinds)
        for (auto const& value : list_at(status, key))
            if (auto const* name = value.if_string())
                out += "  " + coloured(tint::faint, what) +
                       std::string(9 - std::string_view(what).size(), ' ') +
                       std::string(name->data(), name->size()) + "  " +
                       (decides || key != std::string_view("not_admitted")
                            ? named(note, std::string_view(name->data(), name->size()))
                            : undecided) +
                       "\n";
    return out;
}

std::string failed_lines(json::object const& status)
{
    std::string out;
    for (auto const& value : list_at(status, "failed"))
    {
        if (!value.is_object()) continue;
        auto const& node = value.get_object();
        auto const name = text_at(node, "name");
        auto const* alive = node.if_contains("alive");
        bool const runs = alive != nullptr && *alive == true;
        out += "  " +
               (runs ? coloured(tint::warning, "waits") + "    " : coloured(tint::bad, "away") + "     ") +
               name;
        if (auto const since = number_at(node, "since"); since > 0)
            out += "  since " + utc(static_cast<std::int64_t>(since));
        out += ": " + text_at(node, "reason", "no reason known");
        // Who has the most is a question only then.
        if (text_at(status, "state") == "down" && node.contains("log_end"))
            out += "; its log ends at " + count_at(node, "log_end");
        out += "\n";
        // A config service of an earlier version does not say.
        auto const next = "start chaind on " + name + "; it catches up and comes back by itself";
        out += "           next: " + text_at(node, "next", next.c_str()) + "\n";
    }
    return out;
}

// What its disk has changed nobody takes from it; where others are sound, a restart is the whole repair.
std::set<std::string> set_of(json::array const& names_or_rows)
{
    std::set<std::string> out;
    for (auto const& value : names_or_rows)
        if (value.is_string())
            out.emplace(value.get_string());
        else if (value.is_object())
            out.insert(text_at(value.get_object(), "name"));
    return out;
}

// A backup is older than any machine.
std::string what_repairs(json::object const& status, std::string const& name)
{
    auto const damaged = set_of(list_at(status, "damaged"));
    auto const is_sound = [&](json::value const& row)
    {
        return row.is_object() && text_at(row.get_object(), "state") != "silent" &&
               !damaged.contains(text_at(row.get_object(), "name"));
    };
    auto const& chain = list_at(status, "chain");
    auto const restart = "restart chaind on " + name +
                         ": it sets its database aside and takes a sound one from another machine";
    if (std::any_of(chain.begin(), chain.end(), is_sound)) return "look at its disk, then " + restart;
    for (auto const& comes : set_of(list_at(status, "joining")))
        if (!damaged.contains(comes))
            return "look at its disk; " + comes + " is on its way into the chain: when it is there, " +
                   restart;
    std::set<std::string> outside;
    for (auto const* list : {"failed", "drained", "spares", "removed"})
        outside.merge(set_of(list_at(status, list)));
    std::string others;
    for (auto const& other : outside)
        if (!damaged.contains(other)) others += (others.empty() ? "" : " or ") + other;
    constexpr char const* none = "look at its disk; no machine of the chain has a sound database";
    if (others.empty()) return std::string(none) + ", so restore the newest backup";
    return none + (": bring " + others) +
           " into it (start its chaind, `chainctl undrain`, `chainctl add-node`), then " + restart +
           ". Only where none of them is sound, restore the newest backup";
}

std::string damaged_lines(json::object const& status)
{
    auto const& damaged = list_at(status, "damaged");
    std::string out;
    for (auto const& value : damaged)
    {
        if (!value.is_object()) continue;
        auto const& node = value.get_object();
        auto const name = text_at(node, "name");
        out += "  " + coloured(tint::bad, "damaged") + "  " + name + ": " +
               text_at(node, "reason", "no reason known") +
               "\n           next: " + what_repairs(status, name) + "\n";
    }
    return out;
}

std::string registry_lines(json::object const& status)
{
    auto const& registry = object_at(status, "registry");
    if (registry.empty()) return "";
    return "  " + coloured(tint::bad, "blocked") + "  " + text_at(registry, "reason") +
           "\n           next: " + text_at(registry, "next") + "\n";
}

std::string set_aside_lines(json::object const& status)
{
    std::string out;
    for (auto const& value : list_at(status, "set_aside"))
    {
        if (!value.is_object()) continue;
        auto const& node = value.get_object();
        out += "  " + coloured(tint::warning, "refills") + "  " + text_at(node, "name") +
               ": its database was set aside (" + text_at(node, "reason", "no reason known") +
               ") and is kept in " + text_at(node, "folder", "its data folder") +
               (is_listed(status, "spares", text_at(node, "name"))
                    ? "; it is a spare, and an empty one is filled when it is needed\n"
                    : "; an empty one is being filled from another machine\n");
    }
    return out;
}

std::string cut_off_lines(json::object const& status)
{
    std::string out;
    for (auto const& value : list_at(status, "cut_off"))
    {
        if (!value.is_object()) continue;
        auto const name = text_at(value.get_object(), "name");
        out += "  " + coloured(tint::warning, "cut off") + "  " + name + ": " +
               text_at(value.get_object(), "reason") + "; it takes no writes" +
               (text_at(status, "state") == "degraded" ? ", and its clients go to the other machines" : "") +
               "\n           next: mend what that names (a tunnel, a cable, a firewall, a disk); the rest "
               "happens by itself\n";
    }
    return out;
}

// A line for each machine of that list: what is wrong with it, what follows from that, and what to do.
std::string trouble_lines(
    json::object const& status, char const* key, std::string const& title, std::string const& what_follows
)
{
    std::string out;
    for (auto const& value : list_at(status, key))
        if (value.is_object())
            out += "  " + coloured(tint::warning, title) + std::string(9 - title.size(), ' ') +
                   text_at(value.get_object(), "name") + ": " + text_at(value.get_object(), "reason") + "; " +
                   what_follows + "\n";
    return out;
}

std::string unanswered_lines(json::object const& status)
{
    return trouble_lines(
        status,
        "unanswered",
        "deaf",
        "no crash is repaired with it in the chain, and it comes into none\n           next: mend the way "
        "from "
        "the config service to it, or restart chaind there"
    );
}

std::string slow_lines(json::object const& status)
{
    return trouble_lines(
        status,
        "slow_disks",
        "slow",
        "every message waits for every disk\n           next: see what else uses that disk, or mend it; "
        "`chainctl drain` takes the machine out meanwhile"
    );
}

std::string second_lines(json::object const& status)
{
    return trouble_lines(
        status,
        "second_processes",
        "second",
        "it is refused as long as the first one runs\n           next: stop one of the two"
    );
}

std::string clock_lines(json::object const& status)
{
    std::string out;
    for (auto const& value : list_at(status, "clocks"))
        if (value.is_object())
            out += "  " + coloured(tint::warning, "clock") + "    " + text_at(value.get_object(), "reason") +
                   "; until then it goes by the others" +
                   (text_at(value.get_object(), "name").empty()
                        ? "\n"
                        : ", and is not the head where another one can be\n");
    return out;
}

std::string full_lines(json::object const& status)
{
    std::string out;
    for (auto const& value : list_at(status, "full"))
    {
        if (!value.is_object()) continue;
        auto const& node = value.get_object();
        auto const folder = text_at(node, "data_dir", "its data folder");
        out += "  " + coloured(tint::bad, "full") + "     " + text_at(node, "name") + ": " +
               std::to_string(number_at(node, "free_bytes") >> 20) + " MiB are free for " + folder +
               (row_of(list_at(status, "chain"), text_at(node, "name")) == nullptr
                    ? "; it comes back into the chain when it has room again\n"
                    : "; the chain takes only what makes room as long as that machine is in it\n") +
               "           next: free some space on the file system of " + folder +
               ", or make it larger; the rest happens by itself\n";
    }
    return out;
}

}  // namespace

std::string status_text(json::object const& status, bool wide)
{
    auto const cluster = text_at(status, "cluster");
    std::string out = "Cluster " + cluster + (cluster.empty() ? "is " : " is ") + headline(status) + "\n";
    auto const& service = object_at(status, "config_service");
    bool const service_up = text_at(service, "state") == "up";
    out +=
        "Epoch " + with_thousands(number_at(status, "epoch")) + ", " +
        with_thousands(number_at(status, "committed")) + " entries committed, config service " +
        (service_up ? "up (" + text_at(service, "store", "?") + ")"
         : service.contains("hears_nobody")
             ? coloured(tint::warning, "cut off") +
                   (text_at(status, "state") == "down"
                        ? ": no chain is made until it hears the machines again: mend the network between "
                          "them"
                        : ": the chain goes on, but a crash now is not repaired until it hears the machines "
                          "again: mend the network between them")
         : service.contains("answers")
             ? coloured(tint::warning, "not heard here") + ": it answers " + text_at(service, "answers") +
                   "; ask there, and mend the way between this machine and the config service"
             : coloured(tint::warning, "down") +
                   (text_at(status, "state") == "down"
                        ? ": no chain is made without the machines that are away until it is back"
                        : ": the chain goes on, but a crash now is not repaired until it is back: "
                          "start it, or restart it if it hangs")) +
        "\n";
    if (auto rows = chain_table(status, wide); !rows.empty()) out += "\n" + how_old(status) + rows;
    // First what somebody has to do something about.
    auto const notes = registry_lines(status) + failed_lines(status) + full_lines(status) +
                       damaged_lines(status) + cut_off_lines(status) + unanswered_lines(status) +
                       second_lines(status) + clock_lines(status) + slow_lines(status) +
                       set_aside_lines(status) + changing_lines(status) + joining_lines(status) +
                       aside_lines(status);
    if (!notes.empty()) out += "\n" + notes;
    return out;
}

int check_of(json::object const& status)
{
    auto const state = text_at(status, "state");
    bool const service_up = text_at(object_at(status, "config_service"), "state") == "up";
    if (state == "healthy") return service_up ? check_healthy : check_degraded;
    if (state == "degraded" || state == "read_only") return check_degraded;
    if (state == "down") return check_down;
    return check_unknown;
}

}  // namespace chaind::chainctl
