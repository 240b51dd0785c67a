// join-token create: the right to join once.

#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/progress.hpp"
#include "chainctl/service.hpp"

namespace chaind::chainctl
{

int run_join_token(invocation const& call)
{
    auto const ttl = seconds_in(call.value("--ttl", "10m"));
    if (!ttl || ttl->count() < 1 || ttl->count() > 600)
    {
        say("chainctl: --ttl takes a time from 1s to 10m");
        return exit_usage;
    }
    auto got = change(call, "/v1/join-tokens", {{"ttl_s", ttl->count()}});
    if (!got.body) return got.status;
    if (call.dry_run)
        return would(
            call,
            *got.body,
            "would make a token that is good for " + in_words(static_cast<std::uint64_t>(ttl->count()))
        );
    // The token alone on stdout, so that a script can take it; the talk beside it.
    auto const token = text_at(*got.body, "token");
    if (call.as == format::table || call.as == format::wide)
        say("good once, until " + utc(static_cast<std::int64_t>(number_at(*got.body, "expires_ms"))) +
            "; on the new machine: chainctl join CONFIGD-HOST:PORT --token -   (then type it)");
    auto out = std::move(*got.body);
    out["schema"] = "chainctl.join-token.v1";
    return done(call, std::move(out), token);
}

}  // namespace chaind::chainctl
