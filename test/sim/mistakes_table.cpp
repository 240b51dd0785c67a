#include "sim/mistakes.hpp"

#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace chaind::sim
{
namespace
{

constexpr std::pair<rule_id, std::string_view> core_rules[] = {
#define RULE(name) {rule_id::name, #name},
#include "base/rules.inc"
#undef RULE
};

rule_id core_rule(std::string_view name)
{
    for (auto const& [rule, known] : core_rules)
        if (known == name) return rule;
    throw std::invalid_argument("no rule " + std::string(name));
}

std::string_view name_of(rule_id which)
{
    for (auto const& [rule, known] : core_rules)
        if (rule == which) return known;
    return "?";
}

}  // namespace

broken_rules rules_by_name(std::string_view broken, std::string_view also)
{
    broken_rules out;
    if (!boost::describe::enum_from_string(std::string(broken).c_str(), out.store))
        out.core = core_rule(broken);
    if (!also.empty()) out.also = core_rule(also);
    return out;
}

std::string name(broken_rules const& what)
{
    std::string out(
        what.store == store_rule::none ? name_of(what.core) : boost::describe::enum_to_string(what.store, "?")
    );
    if (what.also != rule_id::none) out.append(" + ").append(name_of(what.also));
    return out;
}

std::vector<std::string_view> rule_names()
{
    std::vector<std::string_view> out;
    for (auto const& [rule, known] : core_rules)
        if (rule != rule_id::none) out.push_back(known);
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<store_rule>>(
        [&](auto const& each)
        {
            if (each.value != store_rule::none) out.emplace_back(each.name);
        }
    );
    return out;
}

std::vector<mistake> read_mistakes(std::string const& path)
{
    std::ifstream in(path);
    if (!in) throw std::invalid_argument("cannot read " + path);
    std::vector<mistake> out;
    for (std::string line; std::getline(in, line);)
    {
        std::istringstream fields(line);
        std::string broken, also, profile, policy;
        mistake each;
        if (line.empty() || line[0] == '#') continue;
        if (!(fields >> broken >> also >> profile >> policy >> each.seed))
            throw std::invalid_argument(path + ": " + line);
        each.rules = rules_by_name(broken, also == "-" ? std::string() : also);
        each.profile = profile;
        each.policy = policy == "fp" ? chain::forwarding::parallel : chain::forwarding::persist_first;
        out.push_back(each);
    }
    return out;
}

}  // namespace chaind::sim
