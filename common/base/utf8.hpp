#pragma once
// Texts that people wrote, and limits in bytes.

#include <cstddef>
#include <string_view>

namespace chaind
{

// At most `most` bytes of a UTF-8 text, cut between characters.
constexpr std::string_view utf8_prefix(std::string_view text, std::size_t most)
{
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U)
        --most;
    return text.substr(0, most);
}

}  // namespace chaind
