#include "wire/json_fields.hpp"

namespace chaind::wire
{

std::string text_in(boost::json::object const& from, std::string_view key)
{
    auto const* const value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::uint64_t> number_in(boost::json::object const& from, std::string_view key)
{
    auto const* const value = from.if_contains(key);
    if (value == nullptr) return std::nullopt;
    boost::system::error_code none;
    auto const out = value->to_number<std::uint64_t>(none);
    return none ? std::nullopt : std::optional(out);
}

bool is_true(boost::json::object const& from, std::string_view key)
{
    auto const* const value = from.if_contains(key);
    return value != nullptr && *value == true;
}

}  // namespace chaind::wire
