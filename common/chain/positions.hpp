#pragma once
// What a peer may call a position in the log.

#include "base/strong_number.hpp"

#include <cstdint>

namespace chaind::chain
{

// Far below the number's end, so that no sum of positions can wrap.
constexpr seq highest_position{std::uint64_t{1} << 62};

}  // namespace chaind::chain
