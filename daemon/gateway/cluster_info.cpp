#include "gateway/cluster_info.hpp"

#include "control/status_here.hpp"
#include "membership/config.hpp"
#include "wire/status_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace chaind::gateway
{

namespace json = boost::json;

namespace
{

// http://host:port -> ws://host:port/ws
std::string socket_url(std::string_view base)
{
    while (base.ends_with('/'))
        base.remove_suffix(1);
    if (base.starts_with("http")) base.remove_prefix(4);
    return "ws" + std::string(base) + "/ws";
}

std::string lower(std::string_view text)
{
    std::string out(text);
    std::transform(
        out.begin(),
        out.end(),
        out.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
    );
    return out;
}

// scheme://host[:port], without anything behind it. Nothing for a text that holds more: a member tells its
// own address, and it becomes part of the policy that every browser is given.
std::string origin_of(std::string_view url)
{
    auto const authority = url.find("://");
    if (authority == std::string_view::npos) return {};
    auto out = lower(url.substr(0, url.find('/', authority + 3)));
    if (!out.starts_with("http://") && !out.starts_with("https://")) return {};
    auto const plain = [](char c)
    {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view(".-_:[]/").find(c) != std::string_view::npos;
    };
    return std::all_of(out.begin(), out.end(), plain) ? out : std::string();
}

// Why machines are away, by the config service's last word; else why not all is served here.
std::string reason_of(chain_view const& now)
{
    std::string reason;
    for (auto const& one : now.status.failed)
        reason += (reason.empty() ? "" : "; ") + one.name.name.str() +
                  (one.reason.empty() ? " is out of the chain" : ": " + one.reason);
    return reason.empty() && !(now.can_read && now.can_write) ? now.why_not : reason;
}

}  // namespace

cluster_status status_here(chain_view const& now)
{
    control::seen_here seen{
        .node = node_id{now.node},
        .at = now.at,
        .lineage = now.lineage,
        .member = now.member,
        .can_read = now.can_read,
        .can_write = now.can_write,
        .why_not = now.why_not,
        .what_helps = now.what_helps,
        .refused = now.refused,
        .unreached = {},
        .replicas = now.replicas,
        .committed = now.committed,
        .others = now.others,
    };
    for (auto const& name : now.unreached)
        seen.unreached.push_back(node_id{name});
    return control::status_here(now.status, seen);
}

wire::cluster_view cluster_view_of(chain_view const& now, std::string const& own_url)
{
    wire::cluster_view out;
    out.state = status_here(now).state;
    if (is_served(out.state) && !now.can_write && !now.outside)
        out.state = now.can_read ? health::read_only : health::down;
    out.epoch = now.at.value();
    out.replicas = now.replicas;
    out.want = std::max(now.status.replicas.want, out.replicas);
    out.node = now.node;
    out.reason = reason_of(now);
    for (auto const& row : now.status.chain)
        if (row.client_url)
            out.endpoints.push_back({.node = row.name.name.str(), .url = socket_url(*row.client_url)});
    if (out.endpoints.empty()) out.endpoints.push_back({.node = now.node, .url = socket_url(own_url)});
    return out;
}

bool is_settled(chain_view const& now)
{
    auto const& told = now.status;
    if (now.outside || told.config_service.state == service_state::down) return true;
    auto const made = [](chain_row const& row) { return row.state != member_state::reconfiguring; };
    return told.epoch == now.at && std::all_of(told.chain.begin(), told.chain.end(), made) &&
           is_served(told.state) == (now.can_read && now.can_write);
}

json::object status_for_strangers(chain_view const& now)
{
    auto const full = wire::status_json(status_here(now));
    json::object out;
    for (auto const* key : {"schema", "state", "epoch", "lineage", "replicas", "committed"})
        out[key] = full.at(key);
    // What is not listed here is not shown: a field that comes later is no exception.
    auto const only = [&](char const* list, std::initializer_list<char const*> keys)
    {
        json::array rows;
        for (auto const& from : full.at(list).get_array())
        {
            json::object row;
            for (auto const* key : keys)
                if (auto const* value = from.get_object().if_contains(key)) row[key] = *value;
            rows.push_back(std::move(row));
        }
        out[list] = std::move(rows);
    };
    only("chain", {"name", "role", "state", "client_url", "committed", "lag"});
    only("joining", {"name", "phase"});
    only("failed", {"name", "since", "reason"});
    out["config_service"] = {{"state", full.at("config_service").at("state")}};
    return out;
}

std::vector<std::string> others_than(chain_view const& now)
{
    std::vector<std::string> names;
    for (auto const& row : now.status.chain)
        if (auto name = row.name.name.str(); name != now.node) names.push_back(std::move(name));
    return names;
}

bool is_elsewhere(chain_view const& now)
{
    return now.outside && !others_than(now).empty();
}

int code_elsewhere(chain_view const& now)
{
    return now.member ? 4004 : 4002;
}

known_members::known_members(std::string const& own_url, std::vector<std::string> const& remembered)
{
    add(origin_of(own_url));
    for (auto const& url : remembered)
        if (auto origin = origin_of(url); !origin.empty() && origins_.size() < most_members)
            add(std::move(origin));
}

void known_members::add(std::string origin)
{
    if (!origins_.insert(origin).second) return;
    auto const scheme = origin.find("://");
    if (scheme != std::string::npos) hosts_.push_back(origin.substr(scheme + 3));
}

void known_members::learn(chain_view const& now)
{
    std::set<std::string> told;
    auto const keep = [&](std::string const& url)
    {
        auto origin = origin_of(url);
        if (origin.empty() || told.size() == most_members) return;
        told.insert(origin);
        if (origins_.size() < most_members) add(std::move(origin));
    };
    for (auto const& row : now.status.chain)
        if (row.client_url) keep(*row.client_url);
    // Whoever has a page of a machine that is away is not to wait until that is back.
    if (now.status.client_urls.empty()) return;
    for (auto const& url : now.status.client_urls)
        keep(url);
    newest_ = std::move(told);
}

bool known_members::may_use(
    std::string_view origin, std::string_view host, std::vector<std::string> const& allowed
) const
{
    auto const asked = lower(origin);
    if (asked != origin_of(asked)) return false;  // "null", or not the form of an origin
    if (origins_.contains(asked)) return true;
    if (asked == "http://" + lower(host) || asked == "https://" + lower(host)) return true;
    return std::any_of(
        allowed.begin(), allowed.end(), [&](std::string const& one) { return lower(one) == asked; }
    );
}

std::string known_members::connect_sources() const
{
    std::set<std::string> sources;
    for (auto const& origin : origins_)
    {
        bool const secure = origin.starts_with("https:");
        auto host = origin.substr(origin.find("://") + 3);
        if (auto const port = host.rfind(':');
            port != std::string::npos && host.find(']', port) == std::string::npos)
            host.resize(port);
        sources.insert((secure ? "https://" : "http://") + host + ":*");
        sources.insert((secure ? "wss://" : "ws://") + host + ":*");
    }
    std::string out;
    for (auto const& source : sources)
        out += ' ' + source;
    return out;
}

}  // namespace chaind::gateway
