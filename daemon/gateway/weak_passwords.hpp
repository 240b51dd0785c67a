#pragma once
// Passwords that whoever guesses would try first.

#include "gateway/assets.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace chaind::gateway
{

// Why it is refused for the account of that (canonical) name; nothing: it is not weak in these ways. Letters
// are compared without case, blanks at the ends and digits around a name count as nothing.
std::optional<std::string_view> weakness_of(std::string_view password, std::string_view name);

// How many of the most common ones are in the list that comes with the web client; 0: it was not there when
// this program was built, and each of them is taken.
std::size_t common_passwords(std::span<asset const> in = web_assets());
// For the log, when a program starts.
void warn_without_common_passwords(std::span<asset const> in = web_assets());

}  // namespace chaind::gateway
