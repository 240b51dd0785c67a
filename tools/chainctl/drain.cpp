// drain, undrain: out of the chain for a while, clients first; and back.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/progress.hpp"
#include "chainctl/service.hpp"

namespace chaind::chainctl
{

int run_drain(invocation const& call)
{
    auto const& name = call.words.front();
    if (!name_is_good(name) || !wait_limit_is_good(call)) return exit_usage;
    if (call.dry_run)
    {
        say("would send the clients of " + name + " to the others and take it out until `chainctl undrain`");
        return exit_done;
    }
    auto const got = change(call, "/v1/nodes/" + name + "/drain");
    if (!got.body) return got.status;
    if (!call.has("--no-wait"))
    {
        auto const gone = [&](boost::json::object const& status)
        {
            for (auto const& value : list_at(status, "chain"))
                if (value.is_object() && text_at(value.get_object(), "name") == name) return false;
            return true;
        };
        if (int const ended = wait_until(call, "", gone); ended != exit_done) return ended;
    }
    return done(call, *got.body, name + " is drained; `chainctl undrain " + name + "` brings it back");
}

int run_undrain(invocation const& call)
{
    auto const& name = call.words.front();
    if (!name_is_good(name) || !wait_limit_is_good(call)) return exit_usage;
    if (call.dry_run)
    {
        say("would take " + name + " back into the chain");
        return exit_done;
    }
    auto const got = change(call, "/v1/nodes/" + name + "/undrain");
    if (!got.body) return got.status;
    if (call.has("--no-wait"))
        return done(call, *got.body, name + " may come back; `chainctl status` shows how it goes");
    // Back is: in the chain, or beside a full one.
    auto const back = [&](boost::json::object const& status)
    {
        auto const& replicas = object_at(status, "replicas");
        return !role_of(status, name).empty() || number_at(replicas, "have") >= number_at(replicas, "want");
    };
    if (int const ended = wait_until(call, name, back); ended != exit_done) return ended;
    return done(call, *got.body, name + " is back");
}

}  // namespace chaind::chainctl
