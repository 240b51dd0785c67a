#include "runtime/standard_output.hpp"

#include <boost/system/errc.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>

namespace chaind::runtime
{

error_code flush_output()
{
    // A stream that has failed once tries nothing any more, hence says no reason later.
    static error_code first;
    errno = 0;
    bool const written = std::cout.flush().good();
    bool const arrived = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (!first && !(written && arrived))
        first = error_code(errno != 0 ? errno : EIO, boost::system::generic_category());
    return first;
}

int with_output(char const* program, int if_lost, std::function<int()> const& run)
{
    // Nothing is written in between, where the reason of a failure would be lost.
    static std::array<char, 1u << 20> held;  // glibc's setvbuf takes no size without a buffer
    std::setvbuf(stdout, held.data(), _IOFBF, held.size());
    // A limit on the size of files (RLIMIT_FSIZE) is a write that fails, as on a full disk, and no end of the
    // process in the middle of something.
    std::signal(SIGXFSZ, SIG_IGN);
    int const status = run();
    auto const lost = flush_output();
    if (!lost) return status;
    if (lost == boost::system::errc::broken_pipe) return exit_broken_pipe;
    std::cerr << program << ": cannot write the output: " << lost.message() << '\n';
    return if_lost;
}

}  // namespace chaind::runtime
