#include "membership/other_machine.hpp"

#include "base/listed.hpp"

namespace chaind
{

std::string who_is_answered(std::vector<other_machine> const& others, epoch mine, bool member)
{
    std::string out;
    for (auto const& other : others)
        if (other.hears_config && other.is_elsewhere(mine, member)) add_listed(out, other.name.name, " and ");
    return out;
}

}  // namespace chaind
