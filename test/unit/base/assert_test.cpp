// Whose broken invariant stops the process, and whose is an exception.
#include "base/library_fault.hpp"

#include <boost/assert.hpp>
#include <boost/optional.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace
{

// The signal that ends a process which does that; 0: it returned.
template <class What>
int signal_of(What const& what)
{
    auto const child = ::fork();
    if (child == 0)
    {
        ::signal(SIGABRT, SIG_DFL);
        ::close(2);
        what();
        ::_exit(0);
    }
    int status = 0;
    BOOST_TEST_REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(broken_invariants)

BOOST_AUTO_TEST_CASE(a_librarys_is_an_exception_that_says_where)
{
    boost::optional<int> const nothing;
    auto const names_it = [](chaind::library_fault const& fault)
    { return std::string(fault.what()).find("/boost/optional/") != std::string::npos; };
    BOOST_CHECK_EXCEPTION(static_cast<void>(nothing.get()), chaind::library_fault, names_it);
}

BOOST_AUTO_TEST_CASE(our_own_stops_the_process)
{
    BOOST_TEST(signal_of([] { BOOST_ASSERT(::getpid() == 0); }) == SIGABRT);
    BOOST_TEST(signal_of([] { BOOST_ASSERT_MSG(::getpid() == 0, "why"); }) == SIGABRT);
    // A clone in a folder called boost is no library.
    auto const own = std::string(__FILE__);
    auto const folder = own.substr(0, own.find("test/unit/base/"));
    auto const in_a_clone = folder + "common/boost/replica.cpp";
    BOOST_TEST(signal_of([&] { boost::assertion_failed("x", "f", in_a_clone.c_str(), 1); }) == SIGABRT);
}

BOOST_AUTO_TEST_SUITE_END()
