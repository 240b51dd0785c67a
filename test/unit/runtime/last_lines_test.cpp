// A process ends, whoever takes its lines.
#include "runtime/daemon.hpp"
#include "runtime/log.hpp"
#include "runtime/options.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace chaind::runtime
{
namespace
{

// stderr becomes a pipe that takes nothing more. What waits for it goes on for as long as its reader lives.
void block_stderr(int ends[2])
{
    std::array<char, 4096> const some{};
    ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (::write(ends[1], some.data(), some.size()) > 0)
    {
    }
    ::fcntl(ends[1], F_SETFL, 0);
    ::dup2(ends[1], STDERR_FILENO);
}

// How the process ended that did this with a stderr that takes nothing; -1: it had not after 30 s.
int status_of(void (*what)())
{
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    int over[2];
    BOOST_REQUIRE(::pipe(over) == 0);
    auto const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0)
    {
        ::close(over[0]);
        block_stderr(ends);
        log::start(log::level::info);
        what();
        ::_exit(200);
    }
    ::close(over[1]);
    pollfd ended{over[0], POLLIN, 0};
    if (::poll(&ended, 1, 30'000) != 1) ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    for (int const file : {ends[0], ends[1], over[0]})
        ::close(file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(last_lines)

BOOST_AUTO_TEST_CASE(who_must_end_ends_though_nobody_takes_the_line_that_says_why)
{
    BOOST_TEST(status_of([] { fail(exit_disk, "the disk has failed"); }) == exit_disk);
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_ends_too)
{
    auto const start = [] { ::_exit(guarded("chaind", []() -> int { throw std::runtime_error("no"); })); };
    BOOST_TEST(status_of(start) == exit_bug);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::runtime
