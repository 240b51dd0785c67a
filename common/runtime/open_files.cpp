#include "runtime/open_files.hpp"

#include <limits>

#include <sys/resource.h>

namespace chaind::runtime
{

std::size_t most_open_files()
{
    rlimit now{};
    if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return std::numeric_limits<std::size_t>::max();
    rlimit const wanted{.rlim_cur = now.rlim_max, .rlim_max = now.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) now = wanted;
    return now.rlim_cur;
}

}  // namespace chaind::runtime
