#include "chat/names.hpp"

#include <algorithm>
#include <array>

namespace chaind::chat
{

namespace
{

constexpr std::size_t shortest = 2;
constexpr std::size_t longest = 32;

bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

std::optional<std::string> canonical_name(std::string_view typed)
{
    if (typed.size() < shortest || typed.size() > longest) return std::nullopt;
    std::string name(typed);
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!std::all_of(name.begin(), name.end(), is_name_character)) return std::nullopt;
    return name;
}

bool is_reserved_name(std::string_view canonical)
{
    static constexpr std::array<std::string_view, 10> reserved{
        "admin", "administrator", "all", "chaind", "channel", "configd", "everyone", "here", "root", "system"
    };
    return std::find(reserved.begin(), reserved.end(), canonical) != reserved.end();
}

}  // namespace chaind::chat
