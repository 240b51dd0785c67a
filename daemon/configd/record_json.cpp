#include "configd/record_json.hpp"

#include <boost/json.hpp>

#include <stdexcept>

namespace chaind::configd
{

namespace json = boost::json;

namespace
{
json::array names(std::vector<node_id> const& from)
{
    json::array out;
    for (auto const& n : from)
        out.emplace_back(n.name.str());
    return out;
}

json::object chain(chain_config const& from)
{
    json::array members;
    for (auto const& m : from.members)
        members.push_back(
            {{"name", m.name.name.str()}, {"store", to_string(m.store)}, {"boot", to_string(m.boot)}}
        );
    json::object out{
        {"epoch", from.at.value()}, {"state", static_cast<int>(from.state)}, {"members", std::move(members)}
    };
    if (from.joiner) out["joiner"] = from.joiner->name.str();
    if (!from.id.empty()) out["id"] = to_string(from.id);
    return out;
}

json::array given(std::vector<std::pair<epoch, config_id>> const& from)
{
    json::array out;
    for (auto const& [at, id] : from)
        out.push_back({{"epoch", at.value()}, {"id", to_string(id)}});
    return out;
}

// The readers throw (std::exception) for what is not there or of another kind.
std::string text(json::object const& from, char const* key)
{
    return std::string(from.at(key).as_string());
}

std::uint64_t number(json::object const& from, char const* key)
{
    return from.at(key).to_number<std::uint64_t>();
}

node_id name_of(json::value const& from)
{
    node_id out{std::string(from.as_string())};
    if (!is_valid_node_name(out.name)) throw std::invalid_argument("no node name");
    return out;
}

std::vector<node_id> read_names(json::object const& from, char const* key)
{
    std::vector<node_id> out;
    for (auto const& n : from.at(key).as_array())
        out.push_back(name_of(n));
    return out;
}

template <class Id>
Id read_id(json::object const& from, char const* key)
{
    auto const raw = from_hex(text(from, key));
    auto const id = raw ? Id::from_bytes(*raw) : std::nullopt;
    if (!id) throw std::invalid_argument("no id");
    return *id;
}

chain_config read_chain(json::object const& from)
{
    chain_config out;
    out.at = epoch(number(from, "epoch"));
    auto const state = number(from, "state");
    if (state > static_cast<std::uint64_t>(config_state::active)) throw std::invalid_argument("no state");
    out.state = static_cast<config_state>(state);
    for (auto const& m : from.at("members").as_array())
    {
        auto const& one = m.as_object();
        out.members.push_back(
            {name_of(one.at("name")), read_id<store_id>(one, "store"), read_id<boot_id>(one, "boot")}
        );
    }
    if (auto const* joiner = from.if_contains("joiner")) out.joiner = name_of(*joiner);
    if (from.contains("id")) out.id = read_id<config_id>(from, "id");
    return out;
}

std::vector<std::pair<epoch, config_id>> read_given(json::array const& from)
{
    std::vector<std::pair<epoch, config_id>> out;
    for (auto const& each : from)
    {
        auto const& one = each.as_object();
        out.emplace_back(epoch(number(one, "epoch")), read_id<config_id>(one, "id"));
    }
    return out;
}
}  // namespace

std::string to_json(control::record const& what)
{
    json::object out{
        {"revision", what.revision},
        {"current", chain(what.current)},
        {"last_active", chain(what.last_active)},
        {"watermark_epoch", what.watermark_epoch.value()},
        {"watermark", what.watermark.value()},
        {"known", names(what.known)},
        {"removed", names(what.removed)},
        {"want", what.want},
        {"drained", names(what.drained)},
        {"moving", names(what.moving)},
        {"given", given(what.given)},
    };
    if (what.replacing)
        out["replacing"] = {{"old", what.replacing->first.name}, {"with", what.replacing->second.name}};
    return json::serialize(out);
}

std::optional<control::record> record_from_json(std::string_view from)
{
    try
    {
        auto const parsed = json::parse(json::string_view(from.data(), from.size()));
        auto const& in = parsed.as_object();
        control::record out;
        out.revision = number(in, "revision");
        out.current = read_chain(in.at("current").as_object());
        out.last_active = read_chain(in.at("last_active").as_object());
        out.watermark_epoch = epoch(number(in, "watermark_epoch"));
        out.watermark = seq(number(in, "watermark"));
        out.known = read_names(in, "known");
        out.removed = read_names(in, "removed");
        out.want = number(in, "want");
        // Records of earlier versions have none of these.
        if (in.contains("drained")) out.drained = read_names(in, "drained");
        if (in.contains("moving")) out.moving = read_names(in, "moving");
        if (auto const* list = in.if_contains("given")) out.given = read_given(list->as_array());
        if (auto const* pair = in.if_contains("replacing"))
            out.replacing.emplace(
                name_of(pair->as_object().at("old")), name_of(pair->as_object().at("with"))
            );
        return out;
    }
    catch (std::exception const&)
    {
        return std::nullopt;
    }
}

}  // namespace chaind::configd
