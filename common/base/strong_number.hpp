#pragma once
// Counters that cannot be mixed up: an `epoch` never converts to a `seq`, nor either to an integer.
// Idea: 3FS, fbs/mgmtd/MgmtdTypes.h.

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>

namespace chaind
{

template <class Tag>
class strong_number
{
public:
    constexpr strong_number() = default;
    constexpr explicit strong_number(std::uint64_t value) : value_(value) {}

    [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
    [[nodiscard]] constexpr strong_number next() const { return strong_number(value_ + 1); }
    [[nodiscard]] constexpr strong_number prev() const { return strong_number(value_ - 1); }

    friend constexpr auto operator<=>(strong_number, strong_number) = default;
    friend constexpr strong_number operator+(strong_number a, std::uint64_t n)
    {
        return strong_number(a.value_ + n);
    }
    friend constexpr std::uint64_t operator-(strong_number a, strong_number b) { return a.value_ - b.value_; }
    friend std::ostream& operator<<(std::ostream& to, strong_number n) { return to << n.value_; }

private:
    std::uint64_t value_ = 0;
};

using seq = strong_number<struct seq_tag>;  // index in the replicated log; clients see it as `pos`; 0: before
                                            // the first
using epoch = strong_number<struct epoch_tag>;  // number of a chain configuration; 0: none yet

}  // namespace chaind

template <class Tag>
struct std::hash<chaind::strong_number<Tag>>
{
    std::size_t operator()(chaind::strong_number<Tag> n) const noexcept
    {
        return std::hash<std::uint64_t>{}(n.value());
    }
};
