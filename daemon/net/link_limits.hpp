#pragma once
// How many links a daemon's listener for others takes, and how long a stranger may say nothing.

#include "base/time.hpp"
#include "net/frame.hpp"
#include "runtime/options.hpp"

#include <cstddef>

namespace chaind::net
{

struct link_limits
{
    std::size_t links = 256;  // at once; a quarter of them may be of those that have not shown who they are
    microseconds stranger = 5s;       // the silence of such a one
    std::size_t frame = frame_limit;  // of who is known: the largest that anybody has a reason to send here
};

// Both daemons have the same options for them.
void add_options(runtime::options& to, link_limits& into);

}  // namespace chaind::net
