#pragma once
// The safety rules that the simulator breaks one at a time to prove that it would notice
// (test/sim/README.md). In the daemons rule() is the constant true and costs nothing; the library variant
// built with CHAIND_PLANTED_MISTAKES asks a global. Rules that the simulated store and application keep are
// theirs (test/sim/mistakes.hpp). Use at the place that enforces a rule:
//   if (!rule(rule_id::tail_waits_for_all_disks) || ...) ...

#include <cstdint>

namespace chaind
{

enum class rule_id : std::uint8_t
{
#define RULE(name) name,
#include "base/rules.inc"
#undef RULE
};

#ifdef CHAIND_PLANTED_MISTAKES
// Breaks one rule, or two where the second would hide the first. rule_id::none: all rules hold again.
void plant_mistake(rule_id broken, rule_id also = rule_id::none);
bool rule(rule_id which);
#else
constexpr bool rule(rule_id)
{
    return true;
}
#endif

}  // namespace chaind
