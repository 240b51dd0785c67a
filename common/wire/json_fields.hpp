#pragma once
// Single fields of an object that another part of the project wrote: what is not there, or of another type,
// is nothing. What somebody unknown wrote is read by strict_json.hpp.

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chaind::wire
{

// "" when it is no text.
[[nodiscard]] std::string text_in(boost::json::object const& from, std::string_view key);
// Nothing when it is no whole number that fits.
[[nodiscard]] std::optional<std::uint64_t> number_in(boost::json::object const& from, std::string_view key);
[[nodiscard]] bool is_true(boost::json::object const& from, std::string_view key);

}  // namespace chaind::wire
