#pragma once
// BLAKE2b-128 (libsodium) over fields with explicit lengths, so that no two field lists give the same input.

#include "base/id.hpp"

#include <sodium.h>

#include <cstdint>
#include <string_view>

namespace chaind
{

class hasher
{
public:
    hasher();

    hasher& number(std::uint64_t value);    // 8 bytes, little endian
    hasher& bytes(std::string_view value);  // its length as a number, then the bytes
    [[nodiscard]] digest finish();          // once

private:
    crypto_generichash_state state_;
};

}  // namespace chaind
