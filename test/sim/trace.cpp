#include "sim/trace.hpp"

#include <boost/assert.hpp>

#include <cstdio>

namespace chaind::sim
{

void trace::put(std::string const& what) const
{
    auto now = time_.now();
    std::printf(
        "%6lld.%06lld %s\n",
        static_cast<long long>(now / 1'000'000),
        static_cast<long long>(now % 1'000'000),
        what.c_str()
    );
}

}  // namespace chaind::sim

// Takes the place of base/assert.cpp: a core that finds itself broken ends its simulation, not the program.
namespace boost
{

void assertion_failed(char const* expression, char const*, char const* file, long line)
{
    throw chaind::sim::violation(chaind::sim::text("assertion ", file, ":", line, ": ", expression));
}

void assertion_failed_msg(
    char const* expression, char const* message, char const*, char const* file, long line
)
{
    throw chaind::sim::violation(
        chaind::sim::text("assertion ", file, ":", line, ": ", expression, " (", message, ")")
    );
}

}  // namespace boost
