#include "chat/apply.hpp"

#include "base/rules.hpp"
#include "chat/apply_step.hpp"
#include "chat/limits.hpp"
#include "chat/names.hpp"
#include "chat/row_hash.hpp"
#include "chat/ulid.hpp"

#include <algorithm>
#include <type_traits>

namespace chaind::chat
{

namespace
{

constexpr std::size_t longest_account_key = 64;

counters advance(counters count, entry_context const& at)
{
    count.pos = at.pos;
    // Time stands still rather than run back, whatever a head's clock did.
    count.at_ms = std::max(count.at_ms, at.ts_us / 1000);
    return count;
}

// Results whose key can no longer pass the time window. A few for each entry keep up with any rate.
void forget_expired(state& on, std::int64_t now_ms)
{
    for (std::size_t i = 0; i < limits::forget_of_entry; ++i)
    {
        auto const oldest = on.oldest_remembered();
        if (!oldest || oldest->at_ms + limits::remember_ms >= now_ms) return;
        on.erase(*oldest);
    }
}

bool has_key(command_body const& what)
{
    return std::visit(
        []<class T>(T const&)
        {
            return !std::is_same_v<T, probe> && !std::is_same_v<T, checkpoint> &&
                   !std::is_same_v<T, delivered_batch>;
        },
        what
    );
}

failure bad_cid(char const* text)
{
    return refuse(api_errc::bad_request, text, "cid");
}

// The key under which the result is remembered; a refusal of a command that has no usable one.
std::variant<failure, std::string> key_of(state& on, command const& what)
{
    if (auto const* account = std::get_if<account_create>(&what.what))
    {
        if (what.uid != user_id()) return refuse(api_errc::bad_request, "an account is made by nobody");
        if (what.cid.empty() || what.cid.size() > longest_account_key)
            return bad_cid("an idempotency key has 1 to 64 bytes");
        auto const name = canonical_name(account->name);
        if (!name)
            return refuse(
                api_errc::bad_request, "a name has 2 to 32 characters of a-z, 0-9, '.', '_' and '-'", "name"
            );
        return *name + "/" + what.cid;
    }
    if (!on.find_user(what.uid)) return refuse(api_errc::unauthenticated, "no such account");
    if (!ulid_time_ms(what.cid)) return bad_cid("a cid is a ULID");
    return what.cid;
}

bool in_time_window(command const& what, std::int64_t now_ms)
{
    if (std::holds_alternative<account_create>(what.what))
        return true;  // its key is no ULID; its name is unique
    auto const cid_ms = ulid_time_ms(what.cid).value_or(0);
    return cid_ms + limits::cid_past_ms >= now_ms && cid_ms <= now_ms + limits::cid_future_ms;
}

// A refusal that the same key may overcome later is not kept.
bool is_final(outcome const& result)
{
    auto const* why = std::get_if<failure>(&result);
    if (why == nullptr) return true;
    auto const how = retry_of(why->code);
    return how == retry::never || how == retry::after_fix;
}

outcome run_body(apply_step& s, command_body const& what)
{
    return std::visit([&s](auto const& op) { return run(s, op); }, what);
}

outcome run_once(apply_step& s, command const& what)
{
    auto key = key_of(s.on, what);
    if (auto* why = std::get_if<failure>(&key)) return std::move(*why);
    auto const& cid = std::get<std::string>(key);
    auto const print = fingerprint(what.what);

    auto const known = rule(r::retries_are_deduplicated) ? s.on.find_remembered(what.uid, cid) : std::nullopt;
    if (known)
    {
        if (known->fingerprint != print)
            return refuse(api_errc::cid_mismatch, "this cid was used for another request", "cid");
        s.out.dup = true;
        s.out.effect_pos = known->pos;
        return known->result;
    }
    if (!in_time_window(what, s.at_ms)) return bad_cid("the time of a cid is at most 30 days old");

    auto result = run_body(s, what.what);
    if (is_final(result))
        s.on.put(remembered{
            .uid = what.uid,
            .cid = cid,
            .fingerprint = print,
            .pos = s.pos,
            .at_ms = s.at_ms,
            .result = result
        });
    return result;
}

}  // namespace

applied apply(state& on, command const& what, entry_context const& at)
{
    applied out;
    out.pos = at.pos;
    out.request = at.request;
    out.uid = what.uid;
    out.effect_pos = at.pos;

    auto count = advance(on.get_counters(), at);
    forget_expired(on, count.at_ms);
    apply_step s{.on = on, .count = count, .out = out, .uid = what.uid, .pos = at.pos, .at_ms = count.at_ms};
    out.result = has_key(what.what) ? run_once(s, what) : run_body(s, what.what);
    on.put(count);
    return out;
}

applied apply_unreadable(state& on, entry_context const& at)
{
    applied out;
    out.pos = at.pos;
    out.request = at.request;
    out.effect_pos = at.pos;
    out.result = refuse(api_errc::bad_request, "not a command of this version");
    on.put(advance(on.get_counters(), at));
    return out;
}

outcome run(apply_step& s, checkpoint const& what)
{
    s.out.checkpoint = what.id;
    return done{};
}

outcome run(apply_step&, probe const&)
{
    return done{};
}

std::variant<failure, own_place> find_own_place(apply_step& s, conv_id conv)
{
    auto const hidden = refuse(api_errc::not_found, "no such conversation", "conv");
    auto found = s.on.find_conv(conv);
    if (!found || found->gone != seq()) return hidden;
    auto me = s.on.find_member(conv, s.uid);
    if (me) return own_place{.conv = *std::move(found), .me = *me};
    if (found->kind == conv_kind::dm || found->priv) return hidden;
    return refuse(api_errc::forbidden, "not a member of c_" + std::to_string(conv.value()), "conv");
}

}  // namespace chaind::chat
