#include "base/secret_text.hpp"

#include <sodium.h>

namespace chaind
{

namespace
{
constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

unsigned char const* bytes_of(std::string_view text)
{
    return reinterpret_cast<unsigned char const*>(text.data());
}
}  // namespace

std::string to_base64url(std::string_view raw)
{
    std::string out(sodium_base64_ENCODED_LEN(raw.size(), variant), '\0');
    ::sodium_bin2base64(out.data(), out.size(), bytes_of(raw), raw.size(), variant);
    out.pop_back();  // the terminating zero
    return out;
}

std::optional<std::string> from_base64url(std::string_view text, std::size_t size)
{
    std::string raw(size, '\0');
    std::size_t read = 0;
    int const bad = ::sodium_base642bin(
        reinterpret_cast<unsigned char*>(raw.data()),
        raw.size(),
        text.data(),
        text.size(),
        nullptr,
        &read,
        nullptr,
        variant
    );
    if (bad != 0 || read != size) return std::nullopt;
    return raw;
}

std::string hash_of_secret(std::string_view secret)
{
    std::string out(32, '\0');
    ::crypto_generichash(
        reinterpret_cast<unsigned char*>(out.data()), out.size(), bytes_of(secret), secret.size(), nullptr, 0
    );
    return out;
}

}  // namespace chaind
