#pragma once
// Many seeds over profiles and policies, in several processes; what they covered, and whether that was
// enough.

#include "chain/types.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace chaind::sim
{

struct arguments
{
    std::uint64_t first = 1;
    std::uint64_t last = 100;
    std::vector<std::string> profiles;        // empty: all
    std::vector<chain::forwarding> policies;  // empty: both
    std::string app = "plain";
    int jobs = 1;
    double minutes = 0;  // > 0: go on with further seeds for so long
    bool trace = false;
    bool require_coverage = false;
    bool first_failure = false;  // ends a process of the batch
    std::string regressions;     // a file of seeds to run instead
};

arguments parse_arguments(int argc, char** argv);
int run_batch(arguments const& how);

}  // namespace chaind::sim
