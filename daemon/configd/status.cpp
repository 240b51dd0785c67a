#include "configd/status.hpp"

#include "base/span_text.hpp"
#include "control/names.hpp"

#include <algorithm>

namespace chaind::configd
{

namespace json = boost::json;
using namespace std::chrono_literals;

namespace
{
constexpr microseconds unserved_at_most = 1s;
constexpr auto disk_is_slow_after = 2s;

control::node_status const* find(status_input const& in, node_id const& name)
{
    auto const found = std::find_if(
        in.nodes.begin(), in.nodes.end(), [&](control::node_status const& n) { return n.name == name; }
    );
    return found == in.nodes.end() ? nullptr : &*found;
}

// All empty of who was never heard.
last_said const& said_by(status_input const& in, node_id const& name)
{
    static last_said const none;
    auto const found = in.said.find(name);
    return found == in.said.end() ? none : found->second;
}

node_facts const& facts_of(status_input const& in, node_id const& name)
{
    return said_by(in, name).facts;
}

json::value text_or_null(std::string const& text)
{
    return text.empty() ? json::value() : json::value(text);
}

// Where it is found and what runs there.
void add_process(json::object& row, node_facts const& facts)
{
    row["replica_addr"] = text_or_null(facts.replica_addr);
    row["client_url"] = text_or_null(facts.front.url);
    row["admin_addr"] = text_or_null(facts.front.admin_addr);
    row["pid"] = facts.pid > 0 ? json::value(facts.pid) : json::value();
    row["version"] = text_or_null(facts.version);
}

char const* role_at(std::size_t position, std::size_t length)
{
    if (length == 1) return "solo";
    if (position == 0) return "head";
    return position + 1 == length ? "tail" : "middle";
}

// Which of the current chain's members is heard, in the very run that is the member.
bool serves(status_input const& in, member const& m)
{
    auto const* const node = find(in, m.name);
    return node != nullptr && node->alive && node->last && node->last->from == m;
}

// It says that its disk has changed rows of its store, and serves all the same: a cold start took it in.
bool damaged(status_input const& in, member const& m)
{
    auto const* const node = find(in, m.name);
    return serves(in, m) && node->last->damaged;
}

// The head takes only what makes room while it serves.
bool short_of_room(status_input const& in, member const& m)
{
    auto const* const node = find(in, m.name);
    return serves(in, m) && is_low(node->last->left);
}

seq committed(status_input const& in)
{
    auto out = in.record.watermark;
    for (auto const& node : in.nodes)
        if (node.last && in.record.last_active.contains(node.last->from))
            out = std::max(out, node.last->commit);
    return out;
}

// When its disk was last read as a whole, and how far a reading has come that is under way: in whole percent,
// since each word of this goes to every replica.
json::value scrub(status_input const& in, node_id const& name)
{
    auto const& facts = facts_of(in, name);
    if (facts.pid == 0) return nullptr;
    auto const& how = facts.scrub;
    json::object out{{"proven_ms", how.proven_ms}};
    if (how.running)
        out["percent"] = std::min<std::uint64_t>(99, how.done * 100 / std::max<std::uint64_t>(1, how.all));
    return out;
}

// What it holds, by its last word; of who was never heard nobody knows.
void add_position(json::object& row, control::node_status const& node)
{
    if (!node.last) return;
    row["log_end"] = node.last->end.at.value();
    row["committed"] = node.last->commit.value();
}

void add_database(json::object& row, node_facts const& facts)
{
    row["database"] = text_or_null(facts.database);
    row["moved_bytes"] = facts.pid > 0 ? json::value(facts.moved_bytes) : json::value();
}

json::object chain_row(status_input const& in, std::size_t position, seq highest)
{
    auto const& members = in.record.current.members;
    auto const& m = members.at(position);
    auto const* const node = find(in, m.name);
    bool const here = serves(in, m);
    json::object row{
        {"name", m.name.name.str()},
        {"role", role_at(position, members.size())},
        {"state",
         !here                                             ? "silent"
         : damaged(in, m)                                  ? "damaged"
         : short_of_room(in, m)                            ? "full"
         : in.record.current.state == config_state::active ? "normal"
                                                           : "reconfiguring"},
    };
    auto const& facts = facts_of(in, m.name);
    add_process(row, facts);
    bool const was_heard = facts.pid > 0;
    row["clients"] = was_heard ? json::value(facts.front.clients) : json::value();
    row["db_bytes"] = was_heard ? json::value(facts.db_bytes) : json::value();
    row["lease_ms"] = was_heard ? json::value(facts.lease.count() / 1000) : json::value();
    row["scrub"] = scrub(in, m.name);
    if (node == nullptr || !node->last) return row;
    add_position(row, *node);
    row["lag"] = highest > node->last->commit ? highest - node->last->commit : 0;
    return row;
}

// Whose wall clock is wrong, and what to do. The chain goes on by what the others say.
json::array clocks(status_input const& in)
{
    json::array out;
    auto add = [&](std::string const& name, std::string const& whose, microseconds ahead)
    {
        out.push_back(
            {{"name", name}, {"reason", "set the clock of " + whose + ": it is " + ahead_in_words(ahead)}}
        );
    };
    if (in.clock_error) add("", "the config service's machine", *in.clock_error);
    for (auto const& node : in.nodes)
        if (node.alive && node.clock_error)
            add(node.name.name.str(), node.name.name.str(), *node.clock_error);
    return out;
}

// Whether a machine that is heard says so of itself. A registry that is older than the replicas need not know
// who serves.
bool anybody(status_input const& in, bool node_facts::* what)
{
    auto const says_so = [&](node_id const& name) { return facts_of(in, name).*what; };
    return std::any_of(
               in.nodes.begin(),
               in.nodes.end(),
               [&](control::node_status const& node) { return node.alive && says_so(node.name); }
           ) ||
           (!in.registry_lacks.empty() && std::any_of(in.strangers.begin(), in.strangers.end(), says_so));
}

// Members that serve no writes because of links of their own, while others do.
json::array cut_off(status_input const& in)
{
    json::array out;
    for (auto const& m : in.record.current.members)
        if (auto const& reason = facts_of(in, m.name).cut_off; serves(in, m) && !reason.empty())
            out.push_back({{"name", m.name.name.str()}, {"reason", reason}});
    return out;
}

// min-replicas, as who serves says.
std::uint64_t fewest_for_writes(status_input const& in)
{
    std::uint64_t out = 1;
    for (auto const& m : in.record.current.members)
        if (serves(in, m)) out = std::max(out, facts_of(in, m.name).min_replicas);
    return out;
}

bool disk_stands_still(status_input const& in)
{
    return in.registry_busy_for > disk_is_slow_after;
}

std::string state_of(status_input const& in)
{
    // Of the chain that serves this registry knows nothing: the replicas themselves do.
    if (!in.registry_lacks.empty())
        return anybody(in, &node_facts::can_write)  ? "degraded"
               : anybody(in, &node_facts::can_read) ? "read_only"
                                                    : "down";
    auto const& current = in.record.current;
    auto const alive = static_cast<std::size_t>(std::count_if(
        current.members.begin(), current.members.end(), [&](member const& m) { return serves(in, m); }
    ));
    // Those of the other cluster may well serve.
    if (alive == 0) return in.foreign.empty() ? "down" : "unknown";
    if (current.members.size() < fewest_for_writes(in)) return "read_only";
    auto const& members = current.members;
    if (std::any_of(members.begin(), members.end(), [&](member const& m) { return short_of_room(in, m); }))
        return "read_only";
    // Each change of the chain does that for a moment.
    if (in.unserved_for > unserved_at_most) return anybody(in, &node_facts::can_read) ? "read_only" : "down";
    bool const sound =
        std::none_of(members.begin(), members.end(), [&](member const& m) { return damaged(in, m); });
    bool const whole = !disk_stands_still(in) && members.size() >= in.record.want &&
                       alive == members.size() && sound && clocks(in).empty() && cut_off(in).empty();
    return whole && current.state == config_state::active ? "healthy" : "degraded";
}

json::array joining(status_input const& in)
{
    json::array out;
    if (!in.joining) return out;
    auto const& how = *in.joining;
    bool const splice = in.record.current.state == config_state::pending;
    bool const snapshot = !splice && (how.needs_snapshot || how.snapshot_done < how.snapshot_bytes);
    auto const seconds = static_cast<double>((in.now - how.since).count()) / 1e6;
    json::object row{
        {"name", how.who.name.str()},
        {"phase",
         splice     ? "splice"
         : snapshot ? "snapshot"
                    : "log"},
        {"bytes_done", snapshot ? how.snapshot_done : how.moved_bytes},
        // How much of the log will have come by the end, nobody knows.
        {"bytes_total",
         snapshot ? how.snapshot_bytes
         : splice ? how.moved_bytes
                  : 0},
        {"lag", how.lag_entries},
    };
    if (seconds > 0) row["rate"] = static_cast<std::uint64_t>(static_cast<double>(how.moved_bytes) / seconds);
    if (in.learning) row["source"] = in.learning->source.name.name.str();
    out.push_back(std::move(row));
    return out;
}

bool listed(std::vector<node_id> const& in, node_id const& name)
{
    return std::find(in.begin(), in.end(), name) != in.end();
}

// One word for each known name.
char const* state_of(status_input const& in, control::node_status const& node)
{
    auto const& chain = in.record.current.members;
    auto const serving = std::find_if(
        chain.begin(), chain.end(), [&](member const& m) { return m.name == node.name && serves(in, m); }
    );
    if (serving != chain.end())
        return damaged(in, *serving) ? "damaged" : short_of_room(in, *serving) ? "full" : "member";
    if (listed(in.record.removed, node.name)) return "removed";
    if (listed(in.record.drained, node.name)) return "drained";
    if (!node.alive) return "failed";
    if (node.learner) return "learner";
    bool const in_chain =
        std::any_of(chain.begin(), chain.end(), [&](member const& m) { return m.name == node.name; });
    return chain.size() >= in.record.want && !in_chain ? "spare" : "waiting";
}

json::array in_state(status_input const& in, std::string_view state)
{
    json::array out;
    for (auto const& node : in.nodes)
        if (state_of(in, node) == state) out.emplace_back(node.name.name.str());
    return out;
}

json::array names(std::vector<node_id> const& from)
{
    json::array out;
    for (auto const& name : from)
        out.emplace_back(name.name.str());
    return out;
}

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
                   node->back != control::held::lost_writes;
        }
    );
    if (last.empty() || !waits) return std::nullopt;
    std::string out;
    for (auto const& m : last)
        out += (out.empty() ? "" : " or ") + m.name.name.str();
    return out;
}

// Of a machine that the config service refuses for what its process is or says; "": it does not.
std::string next_step_of_held(control::node_status const& node)
{
    auto const name = node.name.name.str();
    switch (node.back)
    {
        case control::held::no: break;
        case control::held::lost_writes: return "nothing; it catches up from those that have what it lacks";
        case control::held::has_log:
            return "give " + name +
                   " an empty data folder; or, if its data are those of this chain, stop configd and put the "
                   "newest copy of its data folder back";
        case control::held::second_restored:
            return "give " + name + " an empty data folder: it takes all from the other restored machine";
        case control::held::contradicts:
            return "look at the log of chaind on " + name +
                   " and restart it: nothing that it says is believed as long as it contradicts itself";
    }
    return {};
}

std::string in_words(second_process const& other)
{
    return "another process with " +
           std::string(other.same_store ? "the same database (a copied folder?)" : "this name") +
           " wants in from " + other.from;
}

std::string why_not_in(status_input const& in, control::node_status const& node)
{
    auto const reason = node.reason.empty() ? std::string("not heard yet") : node.reason;
    auto const found = in.second.find(node.name);
    if (found == in.second.end() || !node.alive) return reason;
    return in_words(found->second) + ", so that not all see the same one; " + reason;
}

// Beside members, which serve all the same.
json::array second_processes(status_input const& in)
{
    json::array out;
    for (auto const& [name, other] : in.second)
    {
        auto const* const node = find(in, name);
        if (node != nullptr && state_of(in, *node) == std::string_view("member"))
            out.push_back({{"name", name.name.str()}, {"reason", in_words(other)}});
    }
    return out;
}

// The others of the last chain that are not heard, while nobody serves and this one could.
std::string waited_for(status_input const& in, control::node_status const& node)
{
    std::string out;
    auto const& last = in.record.last_active.members;
    if (state_of(in) != "down" || !control::has_name(last, node.name)) return out;
    for (auto const& m : last)
        if (auto const* const other = find(in, m.name); other == nullptr || !other->alive)
            out += (out.empty() ? "" : " and ") + m.name.name.str();
    return out;
}

// What is to be done about a machine that is not in the chain and should be.
std::string next_step(status_input const& in, control::node_status const& node)
{
    auto const name = node.name.name.str();
    if (!in.registry_lacks.empty() || disk_stands_still(in) || listed(in.foreign, node.name))
        return "what is said of the registry: until then nothing is decided";
    if (node.last && node.last->outdated) return "upgrade chaind on " + name;
    auto const who = who_has_all(in);
    if (who && node.alive)
        return "bring " + *who +
               " back with the data that it had: the others may lack what was acknowledged; if that "
               "is lost for ever, `chainctl force-epoch` goes on with one of them";
    if (auto const step = next_step_of_held(node); !step.empty()) return step;
    if (who && !node.alive && !control::has_name(in.record.last_active.members, node.name))
        return "start chaind on " + *who + " first, which has everything that was acknowledged; then on " +
               name;
    if (!node.alive)
        return "start chaind on " + name +
               ", or restart it if it runs and is not heard; it catches up and comes back by itself";
    if (in.second.contains(node.name)) return "stop one of the two processes of " + name;
    if (node.last && !node.last->trouble.empty())
        return "look at the log of chaind on " + name + "; it tries again by itself";
    if (auto const others = waited_for(in, node); !others.empty())
        return "start chaind on " + others + "; who was in the last chain is waited for, no longer than " +
               "cold-wait of configd (10 s, where it is not set)";
    return "nothing; it comes back by itself";
}

// A machine that this registry knows by name, and whose own data are of another one.
constexpr char const* of_another_cluster = "it runs, and says that it is of another cluster";

json::array failed(status_input const& in)
{
    json::array out;
    for (auto const& node : in.nodes)
    {
        std::string_view const state = state_of(in, node);
        bool const in_vain = state == "learner" && in.second.contains(node.name);
        if (state != "failed" && state != "waiting" && !in_vain) continue;
        auto const ago = node.failed_since ? in.now - *node.failed_since : microseconds{};
        json::object row{
            {"name", node.name.name.str()},
            {"reason", listed(in.foreign, node.name) ? of_another_cluster : why_not_in(in, node)},
            {"alive", node.alive || listed(in.foreign, node.name)},
            {"next", next_step(in, node)},
        };
        add_position(row, node);
        if (node.alive && node.last && is_low(node.last->left))
            row["next"] = "free some space on its disk, or make it larger; the rest happens by itself";
        if (auto const found = in.stuck.find(node.name); found != in.stuck.end() && !node.alive)
        {
            row["reason"] = found->second.trouble;
            row["next"] = found->second.advice;
        }
        row["since"] = node.failed_since ? json::value(in.wall_ms - ago.count() / 1000) : json::value();
        out.push_back(std::move(row));
    }
    return out;
}

json::array damaged(status_input const& in)
{
    json::array out;
    for (auto const& node : in.nodes)
        if (state_of(in, node) == std::string_view("damaged"))
            out.push_back({{"name", node.name.name.str()}, {"reason", node.reason}});
    return out;
}

// Of machines that are heard, in the chain or not.
json::array full(status_input const& in)
{
    json::array out;
    for (auto const& node : in.nodes)
    {
        if (!node.alive || !node.last || !is_low(node.last->left)) continue;
        json::object row{{"name", node.name.name.str()}};
        auto const& facts = facts_of(in, node.name);
        row["free_bytes"] = facts.free_bytes ? json::value(*facts.free_bytes) : json::value();
        row["data_dir"] = text_or_null(facts.data_dir);
        out.push_back(std::move(row));
    }
    return out;
}

// Removed, and its chaind goes on asking.
json::array removed_running(status_input const& in)
{
    json::array out;
    for (auto const& node : in.nodes)
        if (node.alive && state_of(in, node) == std::string_view("removed"))
            out.emplace_back(node.name.name.str());
    return out;
}

// Machines that began again with an empty database, until they are in the chain again.
json::array set_aside(status_input const& in)
{
    json::array out;
    for (auto const& node : in.nodes)
    {
        auto const& what = facts_of(in, node.name).set_aside;
        if (!what) continue;
        out.push_back({{"name", node.name.name}, {"folder", what->folder}, {"reason", what->reason}});
    }
    return out;
}

// Of all machines that are known, in the chain or not, heard or not.
json::array client_urls(status_input const& in)
{
    json::array out;
    for (auto const& node : in.nodes)
        if (auto const& url = facts_of(in, node.name).front.url; !url.empty()) out.emplace_back(url);
    return out;
}

json::value changing(status_input const& in)
{
    json::object out;
    if (in.draining) out["draining"] = in.draining->name.str();
    if (!in.record.moving.empty()) out["moving"] = names(in.record.moving);
    if (in.record.replacing)
        out["replacing"] = {
            {"old", in.record.replacing->first.name}, {"with", in.record.replacing->second.name}
        };
    return out;
}
}  // namespace

json::value age_of_registry(status_input const& in)
{
    if (!in.registry_lacks.empty())
        return {
            {"reason", "the registry is older than the replicas: " + in.registry_lacks},
            {"next",
             "stop configd and put the newest copy of its data folder back, or take one machine's word by "
             "`chainctl force-epoch`, with chaind stopped on machines that are not known here. If the one "
             "that said it was away and cannot have said it, start it and all others of the chain: what was "
             "said in its name falls when none of them knows of it. Until then no machine is taken out, and "
             "none comes in"}
        };
    if (disk_stands_still(in))
        return {
            {"reason",
             "the disk of configd's data folder has not finished a write for " +
                 std::to_string(in.registry_busy_for.count() / 1'000'000) + " s"},
            {"next",
             "mend that disk, or stop configd, move the folder to another one and start it there. Until then "
             "no machine is taken out, and none comes in"}
        };
    if (in.foreign.empty()) return nullptr;
    std::string who;
    for (auto const& name : in.foreign)
        who += (who.empty() ? "" : ", ") + name.name.str();
    bool const is_new = in.record.last_active.state == config_state::none;
    return {
        {"reason",
         (is_new ? "this registry is new, and of another cluster than "
                 : "this registry is of another cluster than ") +
             who + ": configd's data folder was lost or replaced"},
        {"next",
         "stop configd and put the newest copy of its data folder back; operations.md says what to do "
         "without one. Until then these machines go on as without a config service"}
    };
}

// What others alone held was given up, until the chain is whole again.
json::value forced(status_input const& in)
{
    if (!in.forced || in.record.current.members.size() >= in.record.want) return nullptr;
    return {{"name", in.forced->node}, {"epoch", in.forced->in.value()}, {"at_ms", in.forced->at_ms}};
}

json::object status_json(status_input const& in)
{
    auto const highest = committed(in);
    json::array chain;
    for (std::size_t i = 0; i < in.record.current.members.size(); ++i)
        chain.push_back(chain_row(in, i, highest));
    return {
        {"schema", "chainctl.status.v1"},
        {"cluster", in.cluster},
        {"state", state_of(in)},
        {"epoch", in.record.current.at.value()},
        {"lineage", in.lineage},
        {"replicas",
         {{"want", in.record.want}, {"have", in.record.current.members.size()}, {"min", fewest_for_writes(in)}
         }},
        {"committed", highest.value()},
        {"chain", std::move(chain)},
        {"joining", joining(in)},
        {"failed", failed(in)},
        {"damaged", damaged(in)},
        {"full", full(in)},
        {"clocks", clocks(in)},
        {"cut_off", cut_off(in)},
        {"second_processes", second_processes(in)},
        {"registry", age_of_registry(in)},
        {"spares", in_state(in, "spare")},
        {"drained", names(in.record.drained)},
        {"removed", names(in.record.removed)},
        {"not_admitted", names(in.strangers)},
        {"removed_running", removed_running(in)},
        {"set_aside", set_aside(in)},
        {"forced", forced(in)},
        {"client_urls", client_urls(in)},
        {"changing", changing(in)},
        {"config_service",
         {{"state", "up"}, {"store", "sqlite"}, {"leader", "local"}, {"version", CHAIND_VERSION}}},
    };
}

json::object nodes_json(status_input const& in)
{
    json::array nodes;
    for (auto const& node : in.nodes)
    {
        std::string role = node.learner ? "learner" : "none";
        auto const& members = in.record.current.members;
        for (std::size_t i = 0; i < members.size(); ++i)
            if (members[i].name == node.name) role = role_at(i, members.size());
        json::object row{
            {"name", node.name.name.str()},
            {"role", role},
            {"state", state_of(in, node)},
            {"alive", node.alive},
            {"reason", listed(in.foreign, node.name) ? of_another_cluster : node.reason}
        };
        if (row["state"] != "member" && in.second.contains(node.name)) row["reason"] = why_not_in(in, node);
        if (auto const found = in.stuck.find(node.name); found != in.stuck.end() && !node.alive)
            row["reason"] = found->second.trouble;
        add_process(row, facts_of(in, node.name));
        add_database(row, facts_of(in, node.name));
        add_position(row, node);
        nodes.push_back(std::move(row));
    }
    for (auto const& name : in.strangers)
    {
        json::object row{
            {"name", name.name.str()},
            {"role", "none"},
            {"state", "not admitted"},
            {"alive", true},
            {"reason",
             in.registry_lacks.empty() ? "not known here: add it with `chainctl add-node`"
                                       : "not known to this registry, which is older than the replicas"}
        };
        auto const& said = said_by(in, name);
        add_process(row, said.facts);
        add_database(row, said.facts);
        row["log_end"] = said.end.value();
        row["committed"] = said.commit.value();
        nodes.push_back(std::move(row));
    }
    return {
        {"schema", "chainctl.nodes.v1"},
        {"epoch", in.record.current.at.value()},
        {"committed", committed(in).value()},
        {"nodes", std::move(nodes)}
    };
}

}  // namespace chaind::configd
