#pragma once
// What happened, as one number that two runs of the same seed must agree on, and as text when asked for.

#include "base/id.hpp"
#include "base/strong_number.hpp"
#include "sim/scheduler.hpp"

#include <concepts>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chaind::sim
{

// A check failed. The message says which invariant of docs/protocol.md 13.
struct violation : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

// What an ostream would make of it: that takes longer to be set up than a number or a text takes to be added.
template <class Part>
void append(std::string& to, Part const& part)
{
    if constexpr (std::convertible_to<Part const&, std::string_view>)
        to += std::string_view(part);
    else if constexpr (std::same_as<Part, char>)
        to += part;
    else if constexpr (std::integral<Part> && sizeof(Part) > 1)
        to += std::to_string(part);
    else if constexpr (requires { strong_number(part); })
        to += std::to_string(part.value());
    else
        to += (std::ostringstream() << part).str();
}

template <class... Parts>
std::string text(Parts const&... parts)
{
    std::string out;
    (append(out, parts), ...);
    return out;
}

template <class... Parts>
void demand(bool holds, Parts const&... parts)
{
    if (!holds) throw violation(text(parts...));
}

class trace
{
public:
    trace(scheduler const& time, bool print) : time_(time), print_(print) {}

    void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001B3ull + (hash_ >> 29); }
    void mix(std::string_view bytes)
    {
        for (unsigned char c : bytes)
            mix(c);
    }
    template <class Tag>
    void mix(id128<Tag> const& id)
    {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < 8; ++i)
            word = word << 8 | id.bytes[i];
        mix(word);
    }
    void mix_time() { mix(static_cast<std::uint64_t>(time_.now())); }

    template <class... Parts>
    void line(Parts const&... parts)
    {
        mix_time();
        if (print_) put(text(parts...));
    }

    [[nodiscard]] bool printing() const { return print_; }
    [[nodiscard]] std::uint64_t hash() const { return hash_; }

private:
    void put(std::string const& what) const;

    scheduler const& time_;
    bool print_;
    std::uint64_t hash_ = 0xCBF29CE484222325ull;
};

}  // namespace chaind::sim
