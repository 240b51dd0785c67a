#pragma once
// The planted mistakes: which rule is broken, alone or with the one that would hide it, and in which profile
// the simulation must notice. The seed that noticed first is remembered in mistakes.txt, so that the proof is
// quick.

#include "base/rules.hpp"
#include "chain/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::sim
{

// By the name of its enumerator; throws std::invalid_argument.
r rule_by_name(std::string_view name);
std::string_view name(r rule);
std::vector<std::string_view> rule_names();

struct mistake
{
    r broken = r::none;
    r also = r::none;
    std::string profile;
    chain::forwarding policy = chain::forwarding::persist_first;
    std::uint64_t seed = 0;  // noticed here when it was last searched for
};

std::vector<mistake> read_mistakes(std::string const& path);

}  // namespace chaind::sim
