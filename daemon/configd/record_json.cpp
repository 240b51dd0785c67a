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

json::object run(member const& from)
{
    return {{"name", from.name.name.str()}, {"store", to_string(from.store)}, {"boot", to_string(from.boot)}};
}

json::object chain(chain_config const& from)
{
    json::array members;
    for (auto const& m : from.members)
        members.push_back(run(m));
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

json::array claims(std::map<node_id, control::older_claim> const& from)
{
    json::array out;
    for (auto const& [name, claim] : from)
    {
        json::array before;
        for (auto const& store : claim.stores_before)
            before.emplace_back(to_string(store));
        out.push_back(
            {{"by", run(claim.by)},
             {"promised", claim.promised.value()},
             {"lacks", claim.lacks},
             {"stores_before", std::move(before)}}
        );
    }
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
Id read_id(json::value const& from)
{
    auto const raw = from_hex(std::string(from.as_string()));
    auto const id = raw ? Id::from_bytes(*raw) : std::nullopt;
    if (!id) throw std::invalid_argument("no id");
    return *id;
}

member read_run(json::value const& from)
{
    auto const& in = from.as_object();
    return {name_of(in.at("name")), read_id<store_id>(in.at("store")), read_id<boot_id>(in.at("boot"))};
}

chain_config read_chain(json::object const& from)
{
    chain_config out;
    out.at = epoch(number(from, "epoch"));
    auto const state = config_state_of(number(from, "state"));
    if (!state) throw std::invalid_argument("no state");
    out.state = *state;
    for (auto const& m : from.at("members").as_array())
        out.members.push_back(read_run(m));
    if (out.members.empty() && !out.is_none()) throw std::invalid_argument("no members");
    if (auto const* joiner = from.if_contains("joiner")) out.joiner = name_of(*joiner);
    if (auto const* id = from.if_contains("id")) out.id = read_id<config_id>(*id);
    return out;
}

std::vector<std::pair<epoch, config_id>> read_given(json::array const& from)
{
    std::vector<std::pair<epoch, config_id>> out;
    for (auto const& each : from)
    {
        auto const& one = each.as_object();
        out.emplace_back(epoch(number(one, "epoch")), read_id<config_id>(one.at("id")));
    }
    return out;
}

std::map<node_id, control::older_claim> read_claims(json::array const& from)
{
    std::map<node_id, control::older_claim> out;
    for (auto const& each : from)
    {
        auto const& one = each.as_object();
        control::older_claim claim{
            .by = read_run(one.at("by")),
            .promised = epoch(number(one, "promised")),
            .lacks = text(one, "lacks"),
            .stores_before = {}
        };
        for (auto const& store : one.at("stores_before").as_array())
            claim.stores_before.insert(read_id<store_id>(store));
        out.emplace(claim.by.name, std::move(claim));
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
        {"given", given(what.given)},
    };
    if (!what.claims.empty()) out["claims"] = claims(what.claims);
    if (what.moving)
    {
        out["moving"] = names(what.moving->leaving);
        out["moving_for"] = what.moving->who.name.str();
        out["moving_of"] = what.moving->members;
    }
    if (what.replacing)
        out["replacing"] = {
            {"old", what.replacing->old.name.str()},
            {"with", what.replacing->with.name.str()},
            {"of", what.replacing->members}
        };
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
        // A move of an earlier version does not say for whom: it is given up.
        if (auto const* who = in.if_contains("moving_for"))
            out.moving = {
                .who = name_of(*who), .leaving = read_names(in, "moving"), .members = number(in, "moving_of")
            };
        if (auto const* list = in.if_contains("given")) out.given = read_given(list->as_array());
        if (auto const* list = in.if_contains("claims")) out.claims = read_claims(list->as_array());
        if (auto const* found = in.if_contains("replacing"))
        {
            auto const& pair = found->as_object();
            out.replacing = {.old = name_of(pair.at("old")), .with = name_of(pair.at("with"))};
            if (pair.contains("of")) out.replacing->members = number(pair, "of");
        }
        return out;
    }
    catch (std::exception const&)
    {
        return std::nullopt;
    }
}

}  // namespace chaind::configd
