// What BOOST_ASSERT does in every build: say which fact does not hold, then stop. A stopped replica is safe,
// a wrong one is not; the config service takes it out of the chain and the log stays as it is.

#include <boost/assert.hpp>

#include <cstdio>
#include <cstdlib>

namespace boost
{

void assertion_failed(char const* expression, char const* function, char const* file, long line)
{
    std::fprintf(stderr, "%s:%ld: %s: broken invariant: %s\n", file, line, function, expression);
    std::abort();
}

void assertion_failed_msg(
    char const* expression, char const* message, char const* function, char const* file, long line
)
{
    std::fprintf(
        stderr, "%s:%ld: %s: broken invariant: %s (%s)\n", file, line, function, expression, message
    );
    std::abort();
}

}  // namespace boost
