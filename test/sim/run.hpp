#pragma once
// One simulation from start to rest: bootstrap, faults, then the least that must suffice to go on, then
// everything healed, then rest, when all must be equal.

#include "chain/types.hpp"
#include "sim/app.hpp"
#include "sim/coverage.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace chaind::sim
{

struct run_result
{
    std::string failure;  // empty: none
    std::uint64_t trace_hash = 0;
    std::int64_t simulated_us = 0;
    coverage count;
};

run_result run_one(
    std::uint64_t seed,
    std::string_view profile,
    chain::forwarding policy,
    app_kind const& kind,
    bool print = false
);

}  // namespace chaind::sim
