#include "chat/ulid.hpp"

#include <array>

namespace chaind::chat
{

namespace
{

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t length = 26;
constexpr std::size_t time_length = 10;

// Of each character its place in the alphabet; below zero: it has none.
constexpr auto values = []
{
    std::array<std::int8_t, 256> out{};
    out.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        out[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return out;
}();

}  // namespace

std::optional<std::int64_t> ulid_time_ms(std::string_view text)
{
    // 26 characters carry 130 bits: the first must not use its upper two.
    if (text.size() != length || text[0] > '7') return std::nullopt;
    std::int64_t time = 0;
    for (std::size_t i = 0; i < length; ++i)
    {
        auto const value = values[static_cast<unsigned char>(text[i])];
        if (value < 0) return std::nullopt;
        if (i < time_length) time = time * 32 + value;
    }
    return time;
}

}  // namespace chaind::chat
