#include "runtime/standard_output.hpp"

#include <boost/system/errc.hpp>

#include <cerrno>
#include <cstdio>
#include <iostream>

namespace chaind::runtime
{

error_code flush_output()
{
    errno = 0;
    bool const written = std::cout.flush().good();
    bool const arrived = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (written && arrived) return {};
    return {errno != 0 ? errno : EIO, boost::system::generic_category()};
}

int with_output(char const* program, int status, int if_lost)
{
    auto const lost = flush_output();
    if (!lost) return status;
    if (lost == boost::system::errc::broken_pipe) return exit_broken_pipe;
    std::cerr << program << ": cannot write the output: " << lost.message() << '\n';
    return if_lost;
}

}  // namespace chaind::runtime
