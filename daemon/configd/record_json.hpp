#pragma once
// The stored record as JSON text: small, written rarely, and readable by whoever has to look into a registry
// when nothing else works.

#include "control/types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace chaind::configd
{

std::string to_json(control::record const& what);
// Nothing when the text is not a whole, sensible record.
std::optional<control::record> record_from_json(std::string_view text);

}  // namespace chaind::configd
