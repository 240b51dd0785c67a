#include "chat/outcome.hpp"

#include <array>

namespace chaind::chat
{

namespace
{

struct api_error
{
    std::string_view name;
    retry how;
};

// By api_errc, from 1.
constexpr std::array<api_error, 17> api_errors{{
    {"bad_request", retry::after_fix},
    {"too_large", retry::after_fix},
    {"unsupported_version", retry::after_fix},
    {"unauthenticated", retry::reauth},
    {"token_expired", retry::reauth},
    {"forbidden", retry::never},
    {"not_found", retry::never},
    {"conflict", retry::after_fix},
    {"precondition_failed", retry::after_fix},
    {"cid_mismatch", retry::after_fix},
    {"rate_limited", retry::same_cid},
    {"too_many_inflight", retry::same_cid},
    {"quota_exceeded", retry::same_cid},
    {"read_only", retry::same_cid},
    {"unavailable", retry::same_cid},
    {"timeout", retry::same_cid},
    {"internal", retry::same_cid},
}};

api_error const& row_of(api_errc code)
{
    return api_errors.at(static_cast<std::size_t>(code) - 1);
}

}  // namespace

std::string_view name_of(api_errc code)
{
    return row_of(code).name;
}

std::string_view name_of(retry how)
{
    switch (how)
    {
        case retry::never: return "never";
        case retry::same_cid: return "same_cid";
        case retry::after_fix: return "after_fix";
        case retry::reauth: break;
    }
    return "reauth";
}

retry retry_of(api_errc code)
{
    return row_of(code).how;
}

bool is_api_errc(std::uint32_t number)
{
    return number >= 1 && number <= api_errors.size();
}

}  // namespace chaind::chat
