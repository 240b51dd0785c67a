#include "gateway/cluster_info.hpp"

#include "wire/json_fields.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace chaind::gateway
{

namespace json = boost::json;

namespace
{

using wire::text_in;

template <class Use>
void each_object(json::object const& from, std::string_view key, Use use)
{
    auto const* list = from.if_contains(key);
    if (list == nullptr || !list->is_array()) return;
    for (auto const& item : list->get_array())
        if (item.is_object()) use(item.get_object());
}

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

std::string reason_of(chain_view const& now)
{
    std::string reason;
    each_object(
        now.status,
        "failed",
        [&reason](json::object const& one)
        {
            if (!reason.empty()) reason += "; ";
            auto const why = text_in(one, "reason");
            reason += text_in(one, "name") + (why.empty() ? " is out of the chain" : ": " + why);
        }
    );
    if (reason.empty() && !(now.can_read && now.can_write)) reason = now.why_not;
    return reason;
}

bool is_service_down(json::object const& status)
{
    auto const* service = status.if_contains("config_service");
    return service != nullptr && service->is_object() && text_in(service->get_object(), "state") == "down";
}

bool is_served(std::string_view state)
{
    return state == "healthy" || state == "degraded";
}

constexpr char const* once_let_in =
    "put that right, or stop chaind here; `chainctl status` where configd runs says more";

// Without the config service, or refused by it, its last word is old, or there is none: who has gone since
// then stays a member, who restarted comes in nowhere, and what can be served is what this replica can serve.
json::object seen_from_here(chain_view const& now, json::object out)
{
    auto const is_unreached = [&](std::string const& name)
    { return std::find(now.unreached.begin(), now.unreached.end(), name) != now.unreached.end(); };
    auto& chain = out["chain"];
    if (!chain.is_array()) chain = json::array();
    for (auto& value : chain.get_array())
    {
        if (!value.is_object()) continue;
        auto& row = value.get_object();
        if (is_unreached(text_in(row, "name")))
            row["state"] = "silent";
        else if (now.can_write && text_in(row, "state") == "reconfiguring")
            row["state"] = "normal";
    }
    // Who has just started knows of a chain what it has promised, and no more.
    if (now.member) out["epoch"] = now.at.value();
    if (now.member)
        out["committed"] = std::max(now.committed.value(), wire::number_in(out, "committed").value_or(0));
    bool const refused = !now.refused.empty();
    if (refused) out["config_service"] = {{"state", "down"}, {"refuses", now.refused}};
    // Nobody takes anybody in meanwhile.
    out["joining"] = json::array();
    auto& failed = out["failed"];
    if (!failed.is_array()) failed = json::array();
    for (auto& row : failed.get_array())
        if (row.is_object() && !refused)
            row.get_object()["next"] = "start configd, without which no machine comes back; then " +
                                       text_in(row.get_object(), "next");
    for (auto const& name : now.unreached)
    {
        if (name == now.node) continue;  // its own earlier run
        failed.get_array().push_back(
            {{"name", name},
             {"since", nullptr},
             {"reason",
              now.node + " has no link to it, and only the config service can take it out of the chain"},
             {"alive", false},
             {"next",
              refused ? once_let_in
                      : "start configd, or restart it if it hangs: it takes " + name +
                            " out of the chain; then chaind on " + name + ", should it have ended"}}
        );
    }
    if ((now.unreached.empty() || !now.member) && !now.can_write)
        failed.get_array().push_back(
            {{"name", now.node},
             {"since", nullptr},
             {"reason",
              refused      ? "the config service does not let it in: " + now.refused
              : now.member ? now.why_not
                           : "it is in no chain, and only the config service takes it in"},
             {"alive", true},
             {"next", refused ? once_let_in : "start configd"}}
        );
    out["state"] = now.can_write ? "degraded" : now.can_read ? "read_only" : "down";
    return out;
}

}  // namespace

wire::cluster_view cluster_view_of(chain_view const& now, std::string const& own_url)
{
    wire::cluster_view out;
    if (!now.status.empty()) out.state = text_in(full_status(now), "state");
    bool const unserved = is_served(out.state) && !now.can_write && !now.outside;
    if (out.state.empty() || unserved)
        out.state = now.can_write ? "healthy" : now.can_read ? "read_only" : "down";
    out.epoch = now.at.value();
    out.replicas = now.replicas;
    if (auto const* sizes = now.status.if_contains("replicas"); sizes != nullptr && sizes->is_object())
        out.want = static_cast<std::size_t>(wire::number_in(sizes->get_object(), "want").value_or(0));
    out.want = std::max(out.want, out.replicas);
    out.node = now.node;
    out.reason = reason_of(now);
    each_object(
        now.status,
        "chain",
        [&out](json::object const& one)
        {
            auto const url = text_in(one, "client_url");
            if (!url.empty()) out.endpoints.push_back({.node = text_in(one, "name"), .url = socket_url(url)});
        }
    );
    if (out.endpoints.empty()) out.endpoints.push_back({.node = now.node, .url = socket_url(own_url)});
    return out;
}

bool is_settled(chain_view const& now)
{
    if (now.outside || now.status.empty() || is_service_down(now.status)) return true;
    if (wire::number_in(now.status, "epoch").value_or(now.at.value()) != now.at.value()) return false;
    bool made = true;
    each_object(
        now.status,
        "chain",
        [&made](json::object const& one) { made = made && text_in(one, "state") != "reconfiguring"; }
    );
    return made && is_served(text_in(now.status, "state")) == (now.can_read && now.can_write);
}

json::object full_status(chain_view const& now)
{
    if (is_service_down(now.status)) return seen_from_here(now, now.status);
    if (!now.status.empty()) return now.status;
    // Not heard of the config service yet.
    json::object body;
    body["schema"] = "chainctl.status.v1";
    body["epoch"] = now.at.value();
    body["lineage"] = now.lineage;
    body["replicas"] = {{"want", now.replicas}, {"have", now.replicas}};
    body["committed"] = now.committed.value();
    body["chain"] = json::array();
    body["joining"] = json::array();
    body["config_service"] = {{"state", "down"}};
    return seen_from_here(now, std::move(body));
}

json::object status_for_strangers(chain_view const& now)
{
    auto const full = full_status(now);
    json::object out;
    for (auto const* key : {"schema", "state", "epoch", "lineage", "replicas", "committed"})
        if (auto const* value = full.if_contains(key)) out[key] = *value;
    // What is not listed here is not shown: a field that comes later is no exception.
    auto const only = [&](char const* list, std::initializer_list<char const*> keys)
    {
        json::array rows;
        each_object(
            full,
            list,
            [&](json::object const& from)
            {
                json::object row;
                for (auto const* key : keys)
                    if (auto const* value = from.if_contains(key)) row[key] = *value;
                rows.push_back(std::move(row));
            }
        );
        out[list] = std::move(rows);
    };
    only("chain", {"name", "role", "state", "client_url", "committed", "lag"});
    only("joining", {"name", "phase"});
    only("failed", {"name", "since", "reason"});
    auto const* service = full.if_contains("config_service");
    if (service != nullptr && service->is_object())
        out["config_service"] = {{"state", text_in(service->get_object(), "state")}};
    return out;
}

std::vector<std::string> others_than(chain_view const& now)
{
    std::vector<std::string> names;
    each_object(
        now.status,
        "chain",
        [&](json::object const& one)
        {
            auto name = text_in(one, "name");
            if (name != now.node) names.push_back(std::move(name));
        }
    );
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

constexpr std::size_t most_members = 64;

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
    each_object(now.status, "chain", [&](json::object const& one) { keep(text_in(one, "client_url")); });
    // Whoever has a page of a machine that is away is not to wait until that is back.
    auto const* const known = now.status.if_contains("client_urls");
    if (known == nullptr || !known->is_array()) return;
    for (auto const& url : known->get_array())
        if (url.is_string()) keep(url.get_string().c_str());
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
