#include "chainctl/interrupt.hpp"

#include <csignal>

namespace chaind::chainctl
{
namespace
{

std::atomic<bool> ctrl_c{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal's handler");

void on_interrupt(int)
{
    ctrl_c = true;
}

}  // namespace

std::atomic<bool> const& interrupts()
{
    struct sigaction what{};
    what.sa_handler = on_interrupt;  // without SA_RESTART
    ::sigaction(SIGINT, &what, nullptr);
    return ctrl_c;
}

}  // namespace chaind::chainctl
