#include "gateway/token.hpp"

#include <sodium.h>

#include <array>

namespace chaind::gateway
{

std::string new_token()
{
    std::array<unsigned char, 32> random{};
    ::randombytes_buf(random.data(), random.size());
    std::string text(
        sodium_base64_ENCODED_LEN(random.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0'
    );
    ::sodium_bin2base64(
        text.data(), text.size(), random.data(), random.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING
    );
    text.pop_back();  // the terminating zero
    return "s1." + text;
}

chat::token_hash hash_of_token(std::string_view token)
{
    chat::token_hash out(32, '\0');
    ::crypto_generichash(
        reinterpret_cast<unsigned char*>(out.data()),
        out.size(),
        reinterpret_cast<unsigned char const*>(token.data()),
        token.size(),
        nullptr,
        0
    );
    return out;
}

std::string new_ulid(std::int64_t wall_ms)
{
    static constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string text(26, '0');
    auto time = static_cast<std::uint64_t>(wall_ms);
    for (std::size_t i = 10; i-- > 0; time >>= 5U)
        text[i] = digits[time & 31U];
    std::array<unsigned char, 16> random{};
    ::randombytes_buf(random.data(), random.size());
    for (std::size_t i = 0; i < random.size(); ++i)
        text[10 + i] = digits[random[i] & 31U];
    return text;
}

}  // namespace chaind::gateway
