// replicas want: how many machines the chain should have.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/service.hpp"

#include <charconv>

namespace chaind::chainctl
{

int run_want(invocation const& call)
{
    auto const& text = call.words.front();
    unsigned number = 0;
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc{} || end != text.data() + text.size() || number == 0 || number > 99)
    {
        say("chainctl: replicas want takes a number, 1 to 99");
        return exit_usage;
    }
    if (call.dry_run)
    {
        say("would want " + text + " machines in the chain");
        return exit_done;
    }
    auto const got = change(call, "/v1/want", {{"replicas", number}});
    if (!got.body) return got.status;
    return done(call, *got.body, "the chain wants " + text + (number == 1 ? " machine" : " machines"));
}

}  // namespace chaind::chainctl
