// chaind_sim: runs seeds of the simulation, or replays one. Exit code 1: a check failed (or a program of this
// run covered too little).

#include "sim/batch.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv)
{
    try
    {
        return chaind::sim::run_batch(chaind::sim::parse_arguments(argc, argv));
    }
    catch (std::exception const& problem)
    {
        std::fprintf(stderr, "chaind_sim: %s\n", problem.what());
        return 2;
    }
}
