#include "base/hash.hpp"

#include <utility>

namespace chaind
{

hasher::hasher()
{
    crypto_generichash_init(&state_, nullptr, 0, digest{}.bytes.size());
}

void hasher::take(unsigned char const* from, std::size_t size)
{
    crypto_generichash_update(&state_, from, size);
}

void hasher::take_gathered()
{
    take(gathered_.data(), std::exchange(size_, 0));
}

digest hasher::finish()
{
    take_gathered();
    digest out;
    crypto_generichash_final(&state_, out.bytes.data(), out.bytes.size());
    return out;
}

}  // namespace chaind
