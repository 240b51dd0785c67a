#include "net/link_limits.hpp"

namespace chaind::net
{

void add_options(runtime::options& to, link_limits& into)
{
    to.add(
        "links-max",
        into.links,
        {16, 10'000},
        "Links of other daemons at once. When there are more, or a quarter of them have not shown that they "
        "belong here, the one that has been silent longest is closed."
    );
    to.add(
        "stranger-silence",
        into.stranger,
        {100ms, 10min},
        "Who connects as a daemon and says no hello for so long, or none that is known here and then nothing "
        "more, is closed."
    );
}

}  // namespace chaind::net
