// What BOOST_ASSERT does in every build. One of our own facts that does not hold: say which, then stop. A
// stopped replica is safe, a wrong one is not; the config service takes it out of the chain and the log stays
// as it is. A library's fact about its own state, which bytes from a stranger may have broken, is an
// exception: it ends what the library was doing, not everybody's replica.

#include "base/library_fault.hpp"

#include <boost/assert.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace boost
{

namespace
{

// Boost's headers are installed below some include folder; a clone of this project in a folder called boost
// is not.
bool of_a_library(std::string_view file)
{
    return file.find("/include/boost/") != std::string_view::npos;
}

void broken(std::string const& what, char const* file)
{
    if (of_a_library(file)) throw chaind::library_fault(what);
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
}

std::string text(char const* expression, char const* function, char const* file, long line)
{
    return std::string(file) + ':' + std::to_string(line) + ": " + function +
           ": broken invariant: " + expression;
}

}  // namespace

void assertion_failed(char const* expression, char const* function, char const* file, long line)
{
    broken(text(expression, function, file, line), file);
}

void assertion_failed_msg(
    char const* expression, char const* message, char const* function, char const* file, long line
)
{
    broken(text(expression, function, file, line) + " (" + message + ")", file);
}

}  // namespace boost
