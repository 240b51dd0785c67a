#pragma once
// Secrets that people and programs hand on as text, and what is kept of them.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chaind
{

// Base64 of RFC 4648, 5: for addresses and file names, without "=" at the end.
[[nodiscard]] std::string to_base64url(std::string_view raw);
// Nothing when it is not that of `size` bytes.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text, std::size_t size);

// BLAKE2b-256, 32 bytes: of a secret nothing else is stored anywhere.
[[nodiscard]] std::string hash_of_secret(std::string_view secret);

}  // namespace chaind
