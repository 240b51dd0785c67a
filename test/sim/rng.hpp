#pragma once
// The only source of chance in a simulation: one seeded generator, the same sequence on every machine.

#include "base/id.hpp"

#include <cstdint>

namespace chaind::sim
{

class rng
{
public:
    explicit rng(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull + 0xD1B54A32D192ED03ull)
    {
        for (int i = 0; i < 4; ++i)
            next();
    }

    std::uint64_t next()  // splitmix64
    {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
    }
    // low <= result <= high
    std::int64_t between(std::int64_t low, std::int64_t high)
    {
        if (high <= low) return low;
        return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
    }
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
    bool chance(double p) { return static_cast<double>(next() >> 11) * 0x1.0p-53 < p; }
    // Mostly near `low`, rarely near `high`: how delays look.
    std::int64_t skewed(std::int64_t low, std::int64_t high)
    {
        auto a = between(low, high);
        auto b = between(low, high);
        auto c = between(low, high);
        return std::min(a, std::min(b, c));
    }
    template <class Id>
    Id id()
    {
        Id out;
        for (std::size_t i = 0; i < out.bytes.size(); i += 8)
        {
            auto value = next();
            for (std::size_t k = 0; k < 8; ++k)
                out.bytes[i + k] = static_cast<std::uint8_t>(value >> (8 * k));
        }
        return out;
    }

private:
    std::uint64_t state_;
};

}  // namespace chaind::sim
