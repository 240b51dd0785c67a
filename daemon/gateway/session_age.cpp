#include "gateway/session_age.hpp"

#include "gateway/token.hpp"

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <string>

namespace chaind::gateway
{

using std::chrono::milliseconds;

namespace
{

std::int64_t last_use_ms(chat::session const& row)
{
    return std::max(row.created_ms, row.used_ms);
}

boost::asio::awaitable<void> say_in_use(backend& chain, chat::command what)
{
    // One that is lost is said again later.
    static_cast<void>(co_await chain.submit(std::move(what)));
}

}  // namespace

bool is_over(settings const& limits, chat::session const& row, std::int64_t now_ms)
{
    if (milliseconds(now_ms - row.created_ms) > limits.session_ttl) return true;
    bool const ends_by_idling = limits.session_idle > milliseconds::zero();
    return ends_by_idling && milliseconds(now_ms - last_use_ms(row)) > limits.session_idle;
}

milliseconds said_every(settings const& limits)
{
    static constexpr milliseconds day = std::chrono::hours(24);
    auto const idle = limits.session_idle;
    return idle > milliseconds::zero() ? std::min(day, idle / 4) : day;
}

void note_use(services const& with, chat::session const& row, std::int64_t now_ms)
{
    auto const every = said_every(with.limits);
    if (milliseconds(now_ms - last_use_ms(row)) < every) return;
    // Requests that come while this is on its way see the row as it was.
    auto const per_second = 1 / std::chrono::duration<double>(every).count();
    auto const key = "in use s_" + std::to_string(row.id.value());
    if (with.rates.take(key, per_second, 1, std::chrono::steady_clock::now())) return;
    chat::command command;
    command.uid = row.uid;
    command.cid = new_ulid(with.chain.key_ms());
    command.what = chat::session_touch{.id = row.id};
    with.tasks.spawn(say_in_use(with.chain, std::move(command)));
}

}  // namespace chaind::gateway
