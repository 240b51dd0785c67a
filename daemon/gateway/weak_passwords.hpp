#pragma once
// Passwords that whoever guesses would try first.

#include <cstddef>
#include <optional>
#include <string_view>

namespace chaind::gateway
{

// Why it is refused for the account of that (canonical) name; nothing: it is not weak in these ways. Letters
// are compared without case, blanks at the ends and digits around a name count as nothing.
std::optional<std::string_view> weakness_of(std::string_view password, std::string_view name);

// How many of the most common ones are known here: the list comes with the web client.
std::size_t common_passwords();

}  // namespace chaind::gateway
