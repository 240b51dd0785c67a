#include "configd/status.hpp"

#include <algorithm>

namespace chaind::configd
{

namespace json = boost::json;

namespace
{
control::node_status const* find(status_input const& in, node_id const& name)
{
    auto const found = std::find_if(
        in.nodes.begin(), in.nodes.end(), [&](control::node_status const& n) { return n.name == name; }
    );
    return found == in.nodes.end() ? nullptr : &*found;
}

json::object const& info_of(status_input const& in, node_id const& name)
{
    static json::object const none;
    auto const found = in.infos.find(name);
    return found == in.infos.end() ? none : found->second;
}

json::value info(status_input const& in, node_id const& name, char const* key)
{
    auto const* value = info_of(in, name).if_contains(key);
    return value == nullptr ? json::value() : *value;
}

std::uint64_t info_number(status_input const& in, node_id const& name, char const* key)
{
    auto const value = info(in, name, key);
    boost::system::error_code none;
    auto const number = value.to_number<std::uint64_t>(none);
    return none ? 0 : number;
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

seq committed(status_input const& in)
{
    auto out = in.record.watermark;
    for (auto const& node : in.nodes)
        if (node.last && in.record.last_active.contains(node.last->from))
            out = std::max(out, node.last->commit);
    return out;
}

json::object chain_row(status_input const& in, std::size_t position, seq highest)
{
    auto const& members = in.record.current.members;
    auto const& m = members.at(position);
    auto const* const node = find(in, m.name);
    bool const here = serves(in, m);
    json::object row{
        {"name", m.name.name},
        {"role", role_at(position, members.size())},
        {"state",
         !here                                             ? "silent"
         : in.record.current.state == config_state::active ? "normal"
                                                           : "reconfiguring"},
    };
    for (auto const* key :
         {"replica_addr", "client_url", "admin_addr", "pid", "version", "clients", "db_bytes", "lease_ms"})
        row[key] = info(in, m.name, key);
    seq const commit = node != nullptr && node->last ? node->last->commit : seq{};
    row["log_end"] = node != nullptr && node->last ? node->last->end.at.value() : 0;
    row["committed"] = commit.value();
    row["lag"] = highest > commit ? highest - commit : 0;
    return row;
}

std::string state_of(status_input const& in)
{
    auto const& current = in.record.current;
    std::size_t alive = 0;
    std::uint64_t least = 1;
    for (auto const& m : current.members)
    {
        if (!serves(in, m)) continue;
        ++alive;
        least = std::max(least, info_number(in, m.name, "min_replicas"));
    }
    if (alive == 0) return "down";
    if (current.members.size() < least) return "read_only";
    bool const whole = current.members.size() >= in.record.want && alive == current.members.size();
    return whole && current.state == config_state::active ? "healthy" : "degraded";
}

json::array joining(status_input const& in)
{
    json::array out;
    auto const& current = in.record.current;
    if (current.state == config_state::pending && current.joiner)
        out.push_back(
            {{"name", current.joiner->name}, {"phase", "splice"}, {"bytes_done", 0}, {"bytes_total", 0}}
        );
    else if (in.learning)
    {
        auto const* const source = find(in, in.learning->source.name);
        std::uint64_t lag = 0;
        if (source != nullptr && source->last && source->last->feeding)
            lag = source->last->feeding->lag_entries;
        out.push_back(
            {{"name", in.learning->learner.name.name},
             {"phase", "log"},
             {"bytes_done", 0},
             {"bytes_total", 0},
             {"lag", lag}}
        );
    }
    return out;
}

json::array failed(status_input const& in)
{
    json::array out;
    for (auto const& node : in.nodes)
    {
        bool const member = std::any_of(
            in.record.current.members.begin(),
            in.record.current.members.end(),
            [&](chaind::member const& m) { return m.name == node.name && serves(in, m); }
        );
        bool const learns = node.learner || (in.learning && in.learning->learner.name == node.name);
        if (member || (node.alive && learns)) continue;
        auto const ago = node.failed_since ? in.now - *node.failed_since : microseconds{};
        json::object row{
            {"name", node.name.name}, {"reason", node.reason.empty() ? "not heard yet" : node.reason}
        };
        row["since"] = node.failed_since ? json::value(in.wall_ms - ago.count() / 1000) : json::value();
        out.push_back(std::move(row));
    }
    return out;
}
}  // namespace

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
        {"replicas", {{"want", in.record.want}, {"have", in.record.current.members.size()}}},
        {"committed", highest.value()},
        {"chain", std::move(chain)},
        {"joining", joining(in)},
        {"failed", failed(in)},
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
            {"name", node.name.name}, {"role", role}, {"alive", node.alive}, {"reason", node.reason}
        };
        for (auto const* key : {"replica_addr", "client_url", "admin_addr", "pid", "version"})
            row[key] = info(in, node.name, key);
        nodes.push_back(std::move(row));
    }
    return {
        {"schema", "chainctl.nodes.v1"}, {"epoch", in.record.current.at.value()}, {"nodes", std::move(nodes)}
    };
}

}  // namespace chaind::configd
