#pragma once
// BLAKE2b-128 (libsodium) over fields with explicit lengths, so that no two field lists give the same input.

#include "base/id.hpp"

#include <boost/endian/conversion.hpp>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace chaind
{

class hasher
{
public:
    hasher();

    hasher& number(std::uint64_t value)  // 8 bytes, little endian
    {
        boost::endian::store_little_u64(place_for(sizeof value), value);
        return *this;
    }
    hasher& bytes(std::string_view value)  // its length as a number, then the bytes
    {
        number(value.size());
        auto const* from = reinterpret_cast<unsigned char const*>(value.data());
        if (value.size() <= gathered_.size())
            std::copy_n(from, value.size(), place_for(value.size()));
        else
        {
            take_gathered();
            take(from, value.size());
        }
        return *this;
    }
    [[nodiscard]] digest finish();  // once

private:
    void take(unsigned char const* from, std::size_t size);
    void take_gathered();
    [[nodiscard]] unsigned char* place_for(std::size_t size)
    {
        if (size_ + size > gathered_.size()) take_gathered();
        return gathered_.data() + std::exchange(size_, size_ + size);
    }

    // Fields are short: what stands before them in the library takes longer than they do.
    std::array<unsigned char, 256> gathered_;
    std::size_t size_ = 0;
    crypto_generichash_state state_;
};

}  // namespace chaind
