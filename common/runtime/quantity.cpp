#include "runtime/quantity.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <utility>

namespace chaind::runtime
{

namespace
{
using unit = std::pair<std::string_view, std::uint64_t>;

// Largest first: a value is shown in the largest unit that divides it.
constexpr std::array<unit, 5> durations{
    {{"h", 3'600'000'000}, {"min", 60'000'000}, {"s", 1'000'000}, {"ms", 1000}, {"us", 1}}
};
constexpr std::array<unit, 4> sizes{{{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"B", 1}}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<unit const> units)
{
    std::uint64_t number = 0;
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc{}) return std::nullopt;
    auto const suffix = text.substr(static_cast<std::size_t>(end - text.data()));
    if (suffix.empty()) return number == 0 ? std::optional<std::uint64_t>(0) : std::nullopt;

    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    for (auto const& [name, factor] : units)
        if (suffix == name) return number <= largest / factor ? std::optional(number * factor) : std::nullopt;
    return std::nullopt;
}

std::string show(std::uint64_t value, std::span<unit const> units)
{
    if (value == 0) return "0";
    for (auto const& [name, factor] : units)
        if (value % factor == 0) return std::to_string(value / factor).append(name);
    return std::to_string(value);
}
}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text)
{
    auto const value = parse(text, durations);
    if (!value) return std::nullopt;
    return std::chrono::microseconds(static_cast<std::int64_t>(*value));
}

std::string show_duration(std::chrono::microseconds value)
{
    return show(static_cast<std::uint64_t>(value.count()), durations);
}

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    return parse(text, sizes);
}

std::string show_size(std::uint64_t bytes)
{
    return show(bytes, sizes);
}

}  // namespace chaind::runtime
