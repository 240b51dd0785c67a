#include "chat/ulid.hpp"

namespace chaind::chat
{

namespace
{

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t length = 26;
constexpr std::size_t time_length = 10;

}  // namespace

std::optional<std::int64_t> ulid_time_ms(std::string_view text)
{
    // 26 characters carry 130 bits: the first must not use its upper two.
    if (text.size() != length || text[0] > '7') return std::nullopt;
    std::int64_t time = 0;
    for (std::size_t i = 0; i < length; ++i)
    {
        auto const value = alphabet.find(text[i]);
        if (value == std::string_view::npos) return std::nullopt;
        if (i < time_length) time = time * 32 + static_cast<std::int64_t>(value);
    }
    return time;
}

}  // namespace chaind::chat
