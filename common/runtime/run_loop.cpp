#include "runtime/run_loop.hpp"

#include "base/library_fault.hpp"
#include "runtime/log.hpp"

namespace chaind::runtime
{

void run_loop(boost::asio::io_context& on)
{
    for (;;)
    {
        try
        {
            on.run();
            return;
        }
        catch (library_fault const& fault)
        {
            log::write(
                log::level::error, "runtime", "a library's own check failed", {{"Reason", fault.what()}}
            );
        }
    }
}

}  // namespace chaind::runtime
