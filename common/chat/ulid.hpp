#pragma once
// Client ids of changes: ULIDs, 26 characters of Crockford's base 32 (upper case), the first 10 of them a
// time.

#include <cstdint>
#include <optional>
#include <string_view>

namespace chaind::chat
{

// Its time in ms since 1970 UTC; nothing for a text that is no ULID.
std::optional<std::int64_t> ulid_time_ms(std::string_view text);

}  // namespace chaind::chat
