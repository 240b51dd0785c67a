// chaind_sim: runs seeds of the simulation, or replays one. Exit code 1: a check failed (or a program of this
// run covered too little).

#include "sim/batch.hpp"

#include <sodium.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

int main(int argc, char** argv)
{
    try
    {
        // It chooses the fastest hash that this machine can do.
        if (::sodium_init() < 0) throw std::runtime_error("libsodium cannot start");
        return chaind::sim::run_batch(chaind::sim::parse_arguments(argc, argv));
    }
    catch (std::exception const& problem)
    {
        std::fprintf(stderr, "chaind_sim: %s\n", problem.what());
        return 2;
    }
}
