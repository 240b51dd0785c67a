#include "base/hash.hpp"

#include <array>

namespace chaind
{

hasher::hasher()
{
    crypto_generichash_init(&state_, nullptr, 0, digest{}.bytes.size());
}

hasher& hasher::number(std::uint64_t value)
{
    std::array<unsigned char, 8> raw{};
    for (auto& byte : raw)
    {
        byte = static_cast<unsigned char>(value);
        value >>= 8;
    }
    crypto_generichash_update(&state_, raw.data(), raw.size());
    return *this;
}

hasher& hasher::bytes(std::string_view value)
{
    number(value.size());
    crypto_generichash_update(&state_, reinterpret_cast<unsigned char const*>(value.data()), value.size());
    return *this;
}

digest hasher::finish()
{
    digest out;
    crypto_generichash_final(&state_, out.bytes.data(), out.bytes.size());
    return out;
}

}  // namespace chaind
