#pragma once
// How long a login is good for: `session_ttl` from its beginning, and `session_idle` from its last use. That
// it is in use is said in the log, at most once a day: a row of its own, equal at every replica.

#include "chat/rows.hpp"
#include "gateway/services.hpp"

#include <chrono>
#include <cstdint>

namespace chaind::gateway
{

[[nodiscard]] bool is_over(settings const& limits, chat::session const& row, std::int64_t now_ms);

// Says that it is in use, when that was not said lately.
void note_use(services const& with, chat::session const& row, std::int64_t now_ms);

// After how long of use it is said again.
[[nodiscard]] std::chrono::milliseconds said_every(settings const& limits);

}  // namespace chaind::gateway
