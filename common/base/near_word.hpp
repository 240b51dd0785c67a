#pragma once
// The word that somebody may have meant.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chaind
{

// The one of `known` that a slip or two of the fingers makes `word` of: a letter too many, one missing,
// another one, two that changed places. Nothing: none is near, or several are equally near.
std::optional<std::string_view> near_word(std::string_view word, std::vector<std::string_view> const& known);

// "; did you mean X?", or "".
std::string did_you_mean(std::string_view word, std::vector<std::string_view> const& known);

}  // namespace chaind
