#include "gateway/token.hpp"

#include "base/secret_text.hpp"

#include <sodium.h>

#include <array>

namespace chaind::gateway
{

std::string new_token()
{
    std::array<char, 32> random{};
    ::randombytes_buf(random.data(), random.size());
    return "s1." + to_base64url({random.data(), random.size()});
}

chat::token_hash hash_of_token(std::string_view token)
{
    return hash_of_secret(token);
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
