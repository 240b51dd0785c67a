#include "base/rules.hpp"

#ifdef CHAIND_PLANTED_MISTAKES
namespace chaind
{
namespace
{

rule_id planted = rule_id::none;
rule_id planted_too = rule_id::none;

}  // namespace

void plant_mistake(rule_id broken, rule_id also)
{
    planted = broken;
    planted_too = also;
}

bool rule(rule_id which)
{
    return which == rule_id::none || (which != planted && which != planted_too);
}

}  // namespace chaind
#endif
