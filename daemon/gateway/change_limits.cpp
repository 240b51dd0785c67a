#include "gateway/change_limits.hpp"

#include <chrono>
#include <string>
#include <variant>

namespace chaind::gateway
{

namespace
{

// Watermarks and the ends of sessions have a rate of their own: who reads a lively room may still write.
std::string bucket_of(chat::user_id who, bool small)
{
    return (small ? "marks " : "changes ") + std::to_string(who.value());
}

bool is_small(chat::command_body const& what)
{
    return std::holds_alternative<chat::read_upto>(what) ||
           std::holds_alternative<chat::session_revoke>(what) ||
           std::holds_alternative<chat::session_revoke_all>(what);
}

// Those that bring accounts and sessions have limits by address.
bool counts(chat::applied const& entry)
{
    return entry.uid != chat::user_id() && !std::holds_alternative<chat::session_created>(entry.result);
}

bool was_small(chat::applied const& entry)
{
    return std::holds_alternative<chat::done>(entry.result);
}

}  // namespace

std::optional<refusal> change_limits::take(chat::user_id who, chat::command_body const& what)
{
    if (!limits_.rate_limits) return std::nullopt;
    auto const now = std::chrono::steady_clock::now();
    auto const wait =
        rates_.take(bucket_of(who, is_small(what)), limits_.messages_per_s, limits_.messages_burst, now);
    if (!wait) return std::nullopt;
    auto why = make_refusal(
        chat::api_errc::rate_limited,
        std::to_string(static_cast<int>(limits_.messages_per_s)) + " changes per second"
    );
    why.more.after_ms = wait->count();
    return why;
}

void change_limits::applied(chat::applied const& entry)
{
    if (!limits_.rate_limits || !counts(entry)) return;
    rates_.charge(
        bucket_of(entry.uid, was_small(entry)),
        limits_.messages_per_s,
        limits_.messages_burst,
        std::chrono::steady_clock::now()
    );
}

void change_limits::answered(chat::applied const& entry)
{
    if (!limits_.rate_limits || !counts(entry)) return;
    rates_.give_back(bucket_of(entry.uid, was_small(entry)), limits_.messages_burst);
}

}  // namespace chaind::gateway
