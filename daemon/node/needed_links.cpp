#include "node/needed_links.hpp"

#include <algorithm>

namespace chaind::node
{

std::vector<std::string> missing_for_writes(
    chain_config const& chain, member const& self, known_links const& known
)
{
    std::vector<std::string> out;
    auto const& members = chain.members;
    auto const here = std::find(members.begin(), members.end(), self);
    for (auto at = members.begin(); at != members.end(); ++at)
    {
        if (at == here || known.reached(*at)) continue;
        bool const carries = at == members.begin() || at + 1 == here || here + 1 == at;
        if (carries || !known.heard_by_config(at->name)) out.push_back(at->name.name.str());
    }
    return out;
}

}  // namespace chaind::node
