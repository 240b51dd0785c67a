#include "wire/status_json.hpp"

#include "wire/described_json.hpp"

#include <boost/json/parse.hpp>

namespace chaind::wire
{

namespace json = boost::json;

namespace
{

json::object of_schema(char const* name, json::object const& fields)
{
    json::object out{{"schema", name}};
    for (auto const& field : fields)
        out.emplace(field.key(), field.value());
    return out;
}

}  // namespace

json::object status_json(cluster_status const& from)
{
    return of_schema("chainctl.status.v1", to_json(from));
}

json::object nodes_json(known_nodes const& from)
{
    auto out = of_schema("chainctl.nodes.v1", to_json(from));
    for (std::size_t i = 0; i < from.nodes.size(); ++i)
        if (from.nodes[i].state == node_state::not_admitted)
            out["nodes"].at(i).get_object()["state"] = "not admitted";
    return out;
}

std::string_view name_of(health of)
{
    return boost::describe::enum_to_string(of, "");
}

std::optional<cluster_status> read_status(std::string_view text)
{
    boost::system::error_code bad;
    auto const parsed = json::parse(text, bad);
    cluster_status out;
    if (bad || !from_json(parsed, out)) return std::nullopt;
    return out;
}

}  // namespace chaind::wire
