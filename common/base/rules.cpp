#include "base/rules.hpp"

#ifdef CHAIND_PLANTED_MISTAKES
namespace chaind
{
namespace
{

r planted = r::none;

}  // namespace

void plant_mistake(r broken)
{
    planted = broken;
}

bool rule(r which)
{
    return which != planted;
}

}  // namespace chaind
#endif
