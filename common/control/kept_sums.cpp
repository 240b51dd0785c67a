#include "control/kept_sums.hpp"

#include <algorithm>

namespace chaind::control
{

std::size_t kept_sums::told() const
{
    return static_cast<std::size_t>(
        std::count_if(members.begin(), members.end(), [](auto const& one) { return one.told.has_value(); })
    );
}

bool kept_sums::complete() const
{
    return !members.empty() && told() == members.size();
}

bool kept_sums::equal() const
{
    return complete() && std::all_of(
                             members.begin(),
                             members.end(),
                             [&](auto const& one) { return *one.told == *members.front().told; }
                         );
}

seq kept_sums::at() const
{
    auto const one =
        std::find_if(members.begin(), members.end(), [](auto const& each) { return each.told.has_value(); });
    return one == members.end() ? seq{} : one->told->at;
}

kept_sums sums_at(
    std::string const& checkpoint, chain_config const& of, std::map<node_id, last_said> const& said
)
{
    kept_sums out;
    for (auto const& m : of.members)
    {
        auto const found = said.find(m.name);
        auto const newest = found == said.end() ? std::nullopt : found->second.facts->sum;
        bool const met = newest && newest->checkpoint == checkpoint;
        out.members.push_back({m.name, met ? newest : std::nullopt});
    }
    return out;
}

}  // namespace chaind::control
