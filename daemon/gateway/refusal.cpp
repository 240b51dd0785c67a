#include "gateway/refusal.hpp"

namespace chaind::gateway
{

using chat::api_errc;

refusal make_refusal(api_errc code, std::string message, std::string field)
{
    return {.why = {.code = code, .message = std::move(message), .field = std::move(field)}, .more = {}};
}

refusal refusal_of(chat::failure const& why)
{
    refusal out{.why = why, .more = {}};
    if (why.maybe_done) out.more.outcome = wire::result_outcome::unknown;
    return out;
}

refusal refusal_of(undecided const& why)
{
    refusal out;
    out.more.outcome = why.maybe_logged ? wire::result_outcome::unknown : wire::result_outcome::none;
    switch (why.why)
    {
        case no_answer::busy:
            out.why = {
                .code = api_errc::too_many_inflight, .message = "the chain has too much to do", .field = {}
            };
            out.more.after_ms = 100;
            break;
        case no_answer::read_only:
            out.why = {.code = api_errc::read_only, .message = "the chain takes no changes now", .field = {}};
            out.more.after_ms = 1000;
            break;
        case no_answer::disk_full:
            out.why = {
                .code = api_errc::read_only,
                .message =
                    "disk full: the chain takes nothing that needs room until an administrator has made "
                    "some; reading and deleting go on",
                .field = {}
            };
            out.more.after_ms = 5000;
            break;
        case no_answer::not_known:
            out.why = {
                .code = api_errc::unavailable,
                .message =
                    "the head of the chain runs an older version, which does not know this; upgrade it",
                .field = {}
            };
            out.more.after_ms = 5000;
            break;
        case no_answer::timed_out:
            out.why = {
                .code = api_errc::timeout, .message = "not decided in time; it may still happen", .field = {}
            };
            out.more.outcome = wire::result_outcome::unknown;
            break;
        case no_answer::unavailable:
            out.why = {
                .code = api_errc::unavailable, .message = "this replica cannot take changes now", .field = {}
            };
            out.more.after_ms = 150;
            break;
    }
    return out;
}

refusal refusal_of_read(error_code why)
{
    if (why == errc::disk_failed)
        return make_refusal(api_errc::internal, "this replica cannot read its data");
    auto out = make_refusal(api_errc::unavailable, "this replica cannot prove that it is up to date");
    out.more.after_ms = 150;
    return out;
}

refusal page_refusal()
{
    auto out = make_refusal(api_errc::rate_limited, "more pages than one user may have at once");
    out.more.after_ms = 1000;
    return out;
}

unsigned http_status(api_errc code)
{
    switch (code)
    {
        case api_errc::bad_request:
        case api_errc::unsupported_version: return 400;
        case api_errc::unauthenticated:
        case api_errc::token_expired: return 401;
        case api_errc::forbidden: return 403;
        case api_errc::not_found: return 404;
        case api_errc::conflict:
        case api_errc::cid_mismatch: return 409;
        case api_errc::precondition_failed: return 412;
        case api_errc::too_large: return 413;
        case api_errc::rate_limited:
        case api_errc::too_many_inflight:
        case api_errc::quota_exceeded: return 429;
        case api_errc::read_only:
        case api_errc::unavailable: return 503;
        case api_errc::timeout: return 504;
        case api_errc::internal: return 500;
    }
    return 500;
}

}  // namespace chaind::gateway
