#include "control/join_tokens.hpp"

#include "base/rules.hpp"
#include "base/secret_text.hpp"

#include <algorithm>

namespace chaind::control
{

namespace
{
constexpr std::string_view prefix = "cj1.";
constexpr std::size_t most_outstanding = 100;
constexpr std::int64_t remembered_ms = 24LL * 3600 * 1000;  // so that "expired" and "used" can be said
constexpr std::size_t most_remembered = 1000;

// Cluster id and secret, 16 bytes each.
std::optional<std::string> from_text(std::string_view token)
{
    if (!token.starts_with(prefix)) return std::nullopt;
    return from_base64url(token.substr(prefix.size()), 32);
}
}  // namespace

void join_tokens::forget_old(std::int64_t now_ms)
{
    std::erase_if(rows_, [&](join_token const& row) { return row.expires_ms + remembered_ms < now_ms; });
    auto outstanding = [&](join_token const& row) { return row.used_by.empty() && row.expires_ms > now_ms; };
    for (auto row = rows_.begin(); row != rows_.end() && rows_.size() >= most_remembered;)
        row = outstanding(*row) ? row + 1 : rows_.erase(row);
}

std::optional<std::string> join_tokens::make(
    std::string_view secret, std::int64_t now_ms, std::int64_t ttl_ms
)
{
    forget_old(now_ms);
    auto const outstanding = std::count_if(
        rows_.begin(),
        rows_.end(),
        [&](join_token const& row) { return row.used_by.empty() && row.expires_ms > now_ms; }
    );
    if (static_cast<std::size_t>(outstanding) >= most_outstanding) return std::nullopt;
    rows_.push_back({hash_of_secret(secret), now_ms + ttl_ms, {}, {}});
    return std::string(prefix) + to_base64url(std::string(cluster_.view()).append(secret));
}

join_tokens::answer join_tokens::look(std::string_view token, member const& by, std::int64_t now_ms) const
{
    answer out;
    auto const raw = from_text(token);
    if (!raw || std::string_view(*raw).substr(0, 16) != cluster_.view())
    {
        out.why = raw ? "this join token is of another cluster"
                      : "this is no join token: `chainctl join-token create` makes one";
        return out;
    }
    auto hash = hash_of_secret(std::string_view(*raw).substr(16));
    auto const row =
        std::find_if(rows_.begin(), rows_.end(), [&](join_token const& each) { return each.hash == hash; });
    if (row == rows_.end())
    {
        out.why = "this join token is not valid here";
        return out;
    }
    out.known = true;
    out.expires_ms = row->expires_ms;
    out.hash = std::move(hash);
    out.again = row->used_by == by.name && row->used_store == by.store && !row->used_store.empty();
    if (!row->used_by.empty() && !out.again)
        out.why = "this join token has been used already, by " + row->used_by.name.str();
    else if (row->expires_ms <= now_ms)
        out.why = "this join token has expired: make a new one";
    return out;
}

void join_tokens::use(answer const& seen, member const& by)
{
    for (auto& row : rows_)
        if (row.hash == seen.hash && row.used_by.empty() && rule(rule_id::a_join_token_is_used_once))
        {
            row.used_by = by.name;
            row.used_store = by.store;
        }
}

}  // namespace chaind::control
