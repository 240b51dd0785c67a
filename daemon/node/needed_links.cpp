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
        if (at == here) continue;
        bool const reached = known.reached(*at);
        bool const carries = at == members.begin() || at + 1 == here || here + 1 == at;
        if (reached ? known.apart(*at) : carries || !known.heard_by_config(at->name))
            out.push_back(at->name.name.str());
    }
    return out;
}

bool is_apart(chain_config const& chain, member const& self, known_links const& known)
{
    auto const& members = chain.members;
    auto const here = std::find(members.begin(), members.end(), self);
    if (here == members.end()) return false;
    return (here != members.begin() && !known.reached(*(here - 1))) ||
           (here + 1 != members.end() && !known.reached(*(here + 1)));
}

}  // namespace chaind::node
