#pragma once
// Texts of others, as people may see them.

#include <cstddef>
#include <string>
#include <string_view>

namespace chaind::runtime
{

[[nodiscard]] bool is_utf8(std::string_view text);

// The text, with "\x1b" for the bytes of a control character or of one that turns the direction of writing,
// and for each byte above 127 of what is not UTF-8: a value cannot act on a terminal or begin a line of its
// own. Cut after `most` bytes.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 200);

}  // namespace chaind::runtime
