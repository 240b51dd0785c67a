#include "chat/apply.hpp"

#include "base/rules.hpp"
#include "chat/apply_step.hpp"
#include "chat/limits.hpp"
#include "chat/names.hpp"
#include "chat/row_hash.hpp"
#include "chat/ulid.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <type_traits>

namespace chaind::chat
{

namespace
{

constexpr std::size_t longest_account_key = 64;

// What time it is. An entry's stamp rises with its position, so that a head whose clock was ahead once makes
// all later stamps wrong for as long. A stamp is not believed where the clock that the machines agree on is
// far behind it: that clock counts instead, unless it would set the state's time back. Back it goes only if
// the clock of the device that asks is behind the state's time as well. When the clocks of all machines stand
// in the past (they had no power, say), those of the devices do not, and time goes by them: no further than
// the stamp, and never back.
std::int64_t time_of(counters const& before, entry_context const& at, command const& what)
{
    auto const stamp_ms = at.ts_us / 1000;
    auto is_beyond = [](std::int64_t later, std::int64_t ms) { return ms + limits::clock_error_ms < later; };
    if (what.asked_ms <= 0 || !is_beyond(stamp_ms, what.asked_ms)) return stamp_ms;
    if (!is_beyond(before.at_ms, what.asked_ms)) return what.asked_ms;
    auto const device_ms = ulid_time_ms(what.cid);
    if (device_ms && is_beyond(before.at_ms, *device_ms)) return what.asked_ms;
    return std::clamp(device_ms.value_or(0), before.at_ms, std::max(before.at_ms, stamp_ms));
}

counters advance(counters count, entry_context const& at, command const& what)
{
    count.pos = at.pos;
    auto const now_ms = time_of(count, at, what);
    // Time stands still rather than run back by the little that clocks differ.
    bool const was_ahead = now_ms + limits::clock_error_ms < count.at_ms;
    count.at_ms = was_ahead ? now_ms : std::max(count.at_ms, now_ms);
    return count;
}

// Results whose key can no longer pass the time window. A few for each entry keep up with any rate. Whatever
// the time was when they went: no key of that age is carried out any more.
void forget_expired(state& on, counters& count)
{
    for (std::size_t i = 0; i < limits::forget_of_entry; ++i)
    {
        auto const oldest = on.oldest_remembered();
        if (!oldest || oldest->at_ms + limits::remember_ms >= count.at_ms) return;
        // The key of account.create is no ULID, and its name stays taken.
        if (oldest->uid != user_id())
            count.forgotten_ms = std::max(count.forgotten_ms, ulid_time_ms(oldest->cid).value_or(0) + 1);
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

// "2026-11-28T09:30:00Z"
std::string in_words(std::int64_t ms)
{
    std::chrono::sys_time<std::chrono::milliseconds> const at{std::chrono::milliseconds(ms)};
    auto const day = std::chrono::floor<std::chrono::days>(at);
    std::chrono::year_month_day const date(day);
    std::chrono::hh_mm_ss const time(std::chrono::floor<std::chrono::seconds>(at) - day);
    std::array<char, 64> text{};
    auto const size = std::snprintf(
        text.data(),
        text.size(),
        "%04d-%02u-%02uT%02d:%02d:%02dZ",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()),
        static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count())
    );
    return {text.data(), static_cast<std::size_t>(size)};
}

// The time that new keys are to have: the state's, unless what was forgotten by a time that has been put back
// was later.
std::int64_t time_of_keys(counters const& count)
{
    return std::max(count.at_ms, count.forgotten_ms);
}

// Why a key that nothing is remembered of is not carried out: what it came to may have been forgotten, or
// would be while it can still come again. Nobody can say that it has not been.
std::optional<failure> out_of_time(command const& what, counters const& count)
{
    if (std::holds_alternative<account_create>(what.what))
        return std::nullopt;  // its key is no ULID; its name is unique
    auto const cid_ms = ulid_time_ms(what.cid).value_or(0);
    auto const now_ms = time_of_keys(count);
    auto refused = [&](std::string text)
    {
        auto out =
            refuse(api_errc::bad_request, std::move(text) + ", its time is " + in_words(now_ms), "cid");
        out.maybe_done = true;
        return out;
    };
    if (cid_ms > now_ms + limits::cid_future_ms)
        return refused("the clock that made this cid is more than a day ahead of the server's");
    if (cid_ms + limits::cid_past_ms < count.at_ms || cid_ms < count.forgotten_ms)
        return refused(
            "this cid is so old that what it came to may be forgotten, or the clock that made it is behind "
            "the server's"
        );
    return std::nullopt;
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

    auto const known =
        rule(rule_id::retries_are_deduplicated) ? s.on.find_remembered(what.uid, cid) : std::nullopt;
    if (known)
    {
        if (known->fingerprint != print)
            return refuse(api_errc::cid_mismatch, "this cid was used for another request", "cid");
        s.out.dup = true;
        s.out.effect_pos = known->pos;
        return known->result;
    }
    if (auto why = out_of_time(what, s.count)) return *std::move(why);

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

    auto count = advance(on.get_counters(), at, what);
    forget_expired(on, count);
    out.at_ms = count.at_ms;
    out.forgotten_ms = count.forgotten_ms;
    apply_step s{.on = on, .count = count, .out = out, .uid = what.uid, .pos = at.pos, .at_ms = count.at_ms};
    out.result = has_key(what.what) ? run_once(s, what) : run_body(s, what.what);
    on.put(count);
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
    return place_in(s.on.find_conv(conv), s.on.find_member(conv, s.uid));
}

}  // namespace chaind::chat
