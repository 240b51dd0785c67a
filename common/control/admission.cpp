#include "control/admission.hpp"

#include "base/rules.hpp"
#include "control/names.hpp"

#include <algorithm>

namespace chaind::control
{

admission::admission(cluster_id of, std::vector<join_token> kept) : tokens_(of, std::move(kept))
{
    for (auto const& row : tokens_.rows())
        if (!row.used_by.empty())
        {
            waiting_[row.used_by] = {};
            // Who has been heard by an earlier run says so again at once.
            auto& who = expected_[row.used_by];
            if (row.expires_ms > who.until_ms) who = {.store = row.used_store, .until_ms = row.expires_ms};
        }
}

std::optional<std::string> admission::make(std::string_view secret, std::int64_t now_ms, std::int64_t ttl_ms)
{
    ++version_;  // old ones are forgotten by it
    return tokens_.make(secret, now_ms, ttl_ms);
}

admission::verdict admission::hello(
    std::string_view token, member const& from, bool taken, record const& now, std::int64_t now_ms
)
{
    auto const& name = from.name;
    auto const seen = tokens_.look(token, from, now_ms);
    verdict out{.why = seen.why, .made_here = seen.known, .token = seen.hash};
    if (!out.why.empty()) return out;

    auto const waits = waiting_.find(name);
    auto const first = expected_.find(name);
    bool const is_anothers = first != expected_.end() && first->second.store != from.store &&
                             first->second.until_ms > now_ms && !has_name(now.removed, name);
    bool const comes_back = waits != waiting_.end() && waits->second.take_back;
    if (taken)
        out.why = "a replica named " + name.name.str() + " is there already";
    else if (is_anothers)
        out.why = "another machine has just been let in as " + name.name.str() +
                  ", and has not come yet: choose another name, or `chainctl remove-node " + name.name.str() +
                  "` first";
    // The token was used, and somebody has removed the machine since.
    else if (seen.again && has_name(now.removed, name) && !comes_back)
        out.why = name.name.str() + " was removed: it needs a new join token";
    else if (!seen.again)
    {
        tokens_.use(seen, from);
        waiting_[name] = {.version = ++version_, .take_back = true};
        expected_[name] = {.store = from.store, .until_ms = seen.expires_ms};
    }
    return out;
}

void admission::heard(member const& from)
{
    auto const found = expected_.find(from.name);
    if (found != expected_.end() && found->second.store == from.store) expected_.erase(found);
}

void admission::kept(std::uint64_t version)
{
    kept_ = std::max(kept_, version);
}

bool admission::is_due(node_id const& name, record const& now) const
{
    auto const found = waiting_.find(name);
    if (found == waiting_.end()) return false;
    auto const& [version, take_back] = found->second;
    if (version > kept_ && rule(rule_id::a_used_token_is_kept_first)) return false;
    return take_back || !has_name(now.known, name);
}

std::vector<node_id> admission::due(record const& now) const
{
    std::vector<node_id> out;
    for (auto const& [name, each] : waiting_)
        if (is_due(name, now)) out.push_back(name);
    return out;
}

void admission::answered(node_id const& name, std::optional<admin_verdict> what)
{
    // The controller takes one change at a time: later, then.
    if (!what || *what == admin_verdict::not_now || *what == admin_verdict::old_registry) return;
    waiting_.erase(name);
}

}  // namespace chaind::control
