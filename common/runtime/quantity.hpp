#pragma once
// Values of options that have a unit: "250ms", "16MiB". A number without a unit is an error, but for 0.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chaind::runtime
{

// Units us, ms, s, min, h.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);
std::string show_duration(std::chrono::microseconds value);

// Units B, KiB, MiB, GiB.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string show_size(std::uint64_t bytes);

}  // namespace chaind::runtime
