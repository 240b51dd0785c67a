#pragma once
// Names of accounts and rooms: [a-z0-9._-]{2,32}, compared without case. Bytes are compared, never a locale.

#include <optional>
#include <string>
#include <string_view>

namespace chaind::chat
{

// The form that is stored and compared; nothing for a text that is no name.
std::optional<std::string> canonical_name(std::string_view typed);

// Account names that people would take for the system's own voice.
bool is_reserved_name(std::string_view canonical);

}  // namespace chaind::chat
