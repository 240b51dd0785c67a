#include "base/rules.hpp"

#ifdef CHAIND_PLANTED_MISTAKES
namespace chaind
{
namespace
{

r planted = r::none;
r planted_too = r::none;

}  // namespace

void plant_mistake(r broken, r also)
{
    planted = broken;
    planted_too = also;
}

bool rule(r which)
{
    return which == r::none || (which != planted && which != planted_too);
}

}  // namespace chaind
#endif
