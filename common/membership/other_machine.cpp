#include "membership/other_machine.hpp"

namespace chaind
{

std::string who_is_answered(std::vector<other_machine> const& others, epoch mine, bool member)
{
    std::string out;
    for (auto const& other : others)
        if (other.hears_config && other.is_elsewhere(mine, member))
            out += (out.empty() ? "" : " and ") + other.name.name.str();
    return out;
}

}  // namespace chaind
