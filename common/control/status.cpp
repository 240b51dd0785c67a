#include "control/status.hpp"

#include "control/health.hpp"
#include "control/names.hpp"
#include "control/next_step.hpp"

#include <algorithm>

namespace chaind::control
{

namespace
{

std::optional<std::string> unless_empty(std::string const& text)
{
    return text.empty() ? std::nullopt : std::optional(text);
}

// Highest commit that is known of.
seq committed(status_input const& in)
{
    auto out = in.record.watermark;
    for (auto const& node : in.nodes)
        if (node.last && in.record.last_active.contains(node.last->from))
            out = std::max(out, node.last->commit);
    return out;
}

// Where it is found and what runs there.
template <class Row>
void add_process(Row& row, node_facts const& facts)
{
    row.replica_addr = unless_empty(facts.replica_addr);
    row.client_url = unless_empty(facts.front.url);
    row.admin_addr = unless_empty(facts.front.admin_addr);
    row.version = unless_empty(facts.version);
    if (facts.pid > 0) row.pid = facts.pid;
}

void add_database(node_row& row, node_facts const& facts)
{
    row.database = unless_empty(facts.database);
    if (facts.pid > 0) row.moved_bytes = facts.moved_bytes;
}

// What it holds, by its last word; of who was never heard nobody knows.
template <class Row>
void add_position(Row& row, node_status const& node)
{
    if (!node.last) return;
    row.log_end = node.last->end.at;
    row.committed = node.last->commit;
}

scrub_status scrub_of(rows_reading const& how)
{
    scrub_status out{.proven_ms = how.proven_ms, .percent = {}};
    if (how.running)
        out.percent = std::min<std::uint64_t>(99, how.done * 100 / std::max<std::uint64_t>(1, how.all));
    return out;
}

chain_row row_of(status_input const& in, std::size_t position, seq highest)
{
    auto const& members = in.record.current.members;
    auto const& m = members.at(position);
    auto const& facts = facts_of(in, m.name);
    chain_row row;
    row.name = m.name;
    row.role = role_at(position, members.size());
    row.state = state_of(in, m);
    add_process(row, facts);
    if (bool const was_heard = facts.pid > 0; was_heard)
    {
        row.clients = facts.front.clients;
        row.db_bytes = facts.db_bytes;
        row.lease_ms = facts.lease.count() / 1000;
        row.scrub = scrub_of(facts.scrub);
    }
    auto const* const node = find(in, m.name);
    if (node == nullptr || !node->last) return row;
    add_position(row, *node);
    row.lag = highest > node->last->commit ? highest - node->last->commit : 0;
    return row;
}

std::vector<joining_row> joining(status_input const& in)
{
    if (!in.joining) return {};
    auto const& how = *in.joining;
    bool const splice = in.record.current.state == config_state::pending;
    bool const snapshot = !splice && (how.needs_snapshot || how.snapshot_done < how.snapshot_bytes);
    auto const seconds = static_cast<double>((in.now - how.since).count()) / 1e6;
    joining_row row;
    row.name = how.who;
    row.phase = splice ? join_phase::splice : snapshot ? join_phase::snapshot : join_phase::log;
    row.bytes_done = snapshot ? how.snapshot_done : how.moved_bytes;
    row.bytes_total = snapshot ? how.snapshot_bytes : splice ? how.moved_bytes : 0;
    row.lag = how.lag_entries;
    if (seconds > 0) row.rate = static_cast<std::uint64_t>(static_cast<double>(how.moved_bytes) / seconds);
    if (in.learning) row.source = in.learning->source.name;
    return {row};
}

std::string in_words(second_process const& other)
{
    return "another process with " +
           std::string(other.same_store ? "the same database (a copied folder?)" : "this name") +
           " wants in from " + other.from;
}

// Why it is no member, or no sound one.
std::string reason_of(status_input const& in, node_status const& node)
{
    if (auto const found = in.stuck.find(node.name); found != in.stuck.end() && !node.alive)
        return found->second.trouble;
    if (is_listed(in.foreign, node.name) && !node.alive)
        return "it runs, and says that it is of another cluster";
    auto const state = state_of(in, node);
    auto const second = in.second.find(node.name);
    if (state == node_state::member || second == in.second.end() || !node.alive) return node.reason;
    auto const& reason = node.reason.empty() ? "not heard yet" : node.reason;
    return in_words(second->second) + ", so that not all see the same one; " + reason;
}

std::string what_to_do(status_input const& in, node_status const& node)
{
    if (auto const found = in.stuck.find(node.name); found != in.stuck.end() && !node.alive)
        return found->second.advice;
    if (node.alive && node.last && is_low(node.last->left))
        return "free some space on its disk, or make it larger; the rest happens by itself";
    return next_step(in, node);
}

std::vector<failed_row> failed(status_input const& in)
{
    std::vector<failed_row> out;
    for (auto const& node : in.nodes)
    {
        auto const state = state_of(in, node);
        bool const in_vain = state == node_state::learner && in.second.contains(node.name);
        if (state != node_state::failed && state != node_state::waiting && !in_vain) continue;
        failed_row row;
        row.name = node.name;
        if (node.failed_since) row.since = in.wall_ms - (in.now - *node.failed_since).count() / 1000;
        row.reason = reason_of(in, node);
        if (row.reason.empty()) row.reason = "not heard yet";
        row.alive = node.alive || is_listed(in.foreign, node.name);
        row.next = what_to_do(in, node);
        add_position(row, node);
        out.push_back(std::move(row));
    }
    return out;
}

std::vector<machine_trouble> damaged(status_input const& in)
{
    std::vector<machine_trouble> out;
    for (auto const& node : in.nodes)
        if (state_of(in, node) == node_state::damaged) out.push_back({node.name, node.reason});
    return out;
}

// Of machines that are heard, in the chain or not.
std::vector<full_row> full(status_input const& in)
{
    std::vector<full_row> out;
    for (auto const& node : in.nodes)
    {
        if (!node.alive || !node.last || !is_low(node.last->left)) continue;
        auto const& facts = facts_of(in, node.name);
        out.push_back({node.name, facts.free_bytes, unless_empty(facts.data_dir)});
    }
    return out;
}

// Beside members, which serve all the same.
std::vector<machine_trouble> second_processes(status_input const& in)
{
    std::vector<machine_trouble> out;
    for (auto const& [name, other] : in.second)
        if (auto const* const node = find(in, name);
            node != nullptr && state_of(in, *node) == node_state::member)
            out.push_back({name, in_words(other)});
    return out;
}

std::vector<node_id> spares(status_input const& in)
{
    std::vector<node_id> out;
    for (auto const& node : in.nodes)
        if (state_of(in, node) == node_state::spare) out.push_back(node.name);
    return out;
}

// Their chaind goes on asking.
std::vector<node_id> removed_and_running(status_input const& in)
{
    std::vector<node_id> out;
    for (auto const& node : in.nodes)
        if (node.alive && state_of(in, node) == node_state::removed) out.push_back(node.name);
    return out;
}

// Until they are in the chain again.
std::vector<set_aside_row> set_aside(status_input const& in)
{
    std::vector<set_aside_row> out;
    for (auto const& node : in.nodes)
        if (auto const& what = facts_of(in, node.name).set_aside)
            out.push_back({node.name, what->folder, what->reason});
    return out;
}

// Of all machines that are known, in the chain or not, heard or not.
std::vector<std::string> client_urls(status_input const& in)
{
    std::vector<std::string> out;
    for (auto const& node : in.nodes)
        if (auto const& url = facts_of(in, node.name).front.url; !url.empty()) out.push_back(url);
    return out;
}

changes_under_way changing(status_input const& in)
{
    changes_under_way out;
    if (in.draining) out.draining = *in.draining;
    if (in.record.moving)
    {
        out.moving = in.record.moving->leaving;
        out.moving_for = in.record.moving->who;
    }
    if (in.record.replacing)
        out.replacing = replacement_row{in.record.replacing->old, in.record.replacing->with};
    return out;
}

node_row row_of(status_input const& in, node_status const& node)
{
    node_row row;
    row.name = node.name;
    row.role = node.learner ? chain_role::learner : chain_role::none;
    auto const& members = in.record.current.members;
    for (std::size_t i = 0; i < members.size(); ++i)
        if (members[i].name == node.name) row.role = role_at(i, members.size());
    row.state = state_of(in, node);
    row.alive = node.alive;
    row.reason = reason_of(in, node);
    add_process(row, facts_of(in, node.name));
    add_database(row, facts_of(in, node.name));
    add_position(row, node);
    return row;
}

node_row row_of_stranger(status_input const& in, node_id const& name)
{
    node_row row;
    row.name = name;
    row.state = node_state::not_admitted;
    row.alive = true;
    row.reason = in.registry_lacks.empty() ? "not known here: add it with `chainctl add-node`"
                                           : "not known to this registry, which is older than the replicas";
    add_process(row, facts_of(in, name));
    add_database(row, facts_of(in, name));
    auto const said = in.said.find(name);
    row.log_end = said == in.said.end() ? seq{} : said->second.end;
    row.committed = said == in.said.end() ? seq{} : said->second.commit;
    return row;
}

}  // namespace

cluster_status status_of(status_input const& in)
{
    auto const& members = in.record.current.members;
    cluster_status out;
    out.cluster = in.cluster;
    out.state = health_of(in);
    out.epoch = in.record.current.at;
    out.lineage = in.lineage;
    out.replicas = {.want = in.record.want, .have = members.size(), .min = fewest_for_writes(in)};
    out.committed = committed(in);
    for (std::size_t i = 0; i < members.size(); ++i)
        out.chain.push_back(row_of(in, i, out.committed));
    out.joining = joining(in);
    out.failed = failed(in);
    out.damaged = damaged(in);
    out.full = full(in);
    out.clocks = wrong_clocks(in);
    out.cut_off = who_is_cut_off(in);
    out.unanswered = who_is_unanswered(in);
    out.slow_disks = slow_disks(in);
    out.second_processes = second_processes(in);
    out.registry = trouble_of_registry(in);
    out.spares = spares(in);
    out.drained = in.record.drained;
    out.removed = in.record.removed;
    out.not_admitted = in.strangers;
    out.removed_running = removed_and_running(in);
    out.set_aside = set_aside(in);
    // Until the chain is whole again.
    if (members.size() < in.record.want) out.forced = in.forced;
    out.client_urls = client_urls(in);
    out.changing = changing(in);
    out.config_service = in.service;
    return out;
}

known_nodes nodes_of(status_input const& in)
{
    known_nodes out;
    out.epoch = in.record.current.at;
    out.committed = committed(in);
    for (auto const& node : in.nodes)
        out.nodes.push_back(row_of(in, node));
    for (auto const& name : in.strangers)
        out.nodes.push_back(row_of_stranger(in, name));
    return out;
}

}  // namespace chaind::control
