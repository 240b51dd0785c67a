#pragma once
// Identities. 128-bit ids are random and made outside of the sans-I/O layers; names are given by people.

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <array>
#include <compare>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace chaind
{

template <class Byte, std::size_t n>
[[nodiscard]] std::uint64_t word_of(std::array<Byte, n> const& from, std::size_t at)
{
    std::uint64_t word = 0;
    std::memcpy(&word, from.data() + at, sizeof word);
    return word;
}

// The order of memcmp, one word after the other: g++ 12 calls a function for so few bytes, and ids and names
// are compared all the time.
template <class Byte, std::size_t n>
    requires(sizeof(Byte) == 1 && n % 8 == 0)
[[nodiscard]] std::strong_ordering order_of_bytes(std::array<Byte, n> const& a, std::array<Byte, n> const& b)
{
    for (std::size_t i = 0; i < n; i += 8)
    {
        auto const word = [i](std::array<Byte, n> const& from)
        { return boost::endian::load_big_u64(reinterpret_cast<unsigned char const*>(from.data() + i)); };
        if (word(a) != word(b)) return word(a) <=> word(b);
    }
    return std::strong_ordering::equal;
}

template <class Byte, std::size_t n>
    requires(sizeof(Byte) == 1 && n % 8 == 0)
[[nodiscard]] bool same_bytes(std::array<Byte, n> const& a, std::array<Byte, n> const& b)
{
    std::uint64_t differ = 0;
    for (std::size_t i = 0; i < n; i += 8)
        differ |= word_of(a, i) ^ word_of(b, i);
    return differ == 0;
}

// For tables in memory. Keys that meet in one place are easily made: not for what strangers choose.
template <class Byte, std::size_t n>
    requires(sizeof(Byte) == 1 && n % 8 == 0)
[[nodiscard]] std::size_t hash_of_bytes(std::array<Byte, n> const& of)
{
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < n; i += 8)
    {
        out = (out ^ word_of(of, i)) * 0x9E3779B97F4A7C15u;
        out ^= out >> 32;
    }
    return out;
}

// 16 opaque bytes; all zero means "none". The tag keeps a store from being taken for a boot.
template <class Tag>
struct id128
{
    std::array<std::uint8_t, 16> bytes{};

    [[nodiscard]] bool empty() const { return *this == id128{}; }
    [[nodiscard]] std::string_view view() const
    {
        return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    }
    // The id of exactly 16 raw bytes; nothing for any other length.
    [[nodiscard]] static std::optional<id128> from_bytes(std::string_view raw)
    {
        id128 out;
        if (raw.size() != out.bytes.size()) return std::nullopt;
        std::copy(raw.begin(), raw.end(), reinterpret_cast<char*>(out.bytes.data()));
        return out;
    }

    friend bool operator==(id128 const& a, id128 const& b) { return same_bytes(a.bytes, b.bytes); }
    friend auto operator<=>(id128 const& a, id128 const& b) { return order_of_bytes(a.bytes, b.bytes); }
};

using cluster_id = id128<struct cluster_tag>;  // of one chain and its config service, for life
using store_id = id128<struct store_tag>;      // made with a database file: a wiped disk is another store
using boot_id = id128<struct boot_tag>;        // of one run of a process
using config_id = id128<struct config_tag>;  // of one configuration of a chain: epochs of a registry that is
                                             // put back repeat, these do not
using request_id = id128<struct request_tag>;  // of one submitted command, chosen by its gateway
using digest = id128<struct digest_tag>;       // BLAKE2b-128

// 32 lower-case hexadecimal digits.
std::string to_hex(std::string_view raw);
// The raw bytes of hexadecimal text; nothing when it is not.
std::optional<std::string> from_hex(std::string_view text);

template <class Tag>
std::string to_string(id128<Tag> const& id)
{
    return to_hex(id.view());
}
template <class Tag>
std::ostream& operator<<(std::ostream& to, id128<Tag> const& id)
{
    return to << to_string(id);
}

// A text of at most 32 bytes, kept in place: a member with it is copied and compared without a look
// elsewhere.
class short_text
{
public:
    static constexpr std::size_t limit = 32;

    short_text() = default;
    // What is longer, or has a zero byte, is not kept: an empty text.
    template <class Text>
        requires std::convertible_to<Text const&, std::string_view>
    short_text(Text const& text)
    {
        std::string_view const from = text;
        if (from.size() <= limit && from.find('\0') == from.npos)
            std::copy(from.begin(), from.end(), bytes_.begin());
    }

    [[nodiscard]] bool empty() const { return bytes_.front() == '\0'; }
    [[nodiscard]] std::string_view view() const
    {
        auto const* end = std::memchr(bytes_.data(), '\0', limit);
        auto const* const begin = bytes_.data();
        return {
            begin, end == nullptr ? limit : static_cast<std::size_t>(static_cast<char const*>(end) - begin)
        };
    }
    [[nodiscard]] std::string str() const { return std::string(view()); }
    operator std::string_view() const { return view(); }
    [[nodiscard]] std::size_t hash() const { return hash_of_bytes(bytes_); }

    friend bool operator==(short_text const& a, short_text const& b)
    {
        return same_bytes(a.bytes_, b.bytes_);
    }
    friend auto operator<=>(short_text const& a, short_text const& b)
    {
        return order_of_bytes(a.bytes_, b.bytes_);
    }
    friend std::ostream& operator<<(std::ostream& to, short_text const& text) { return to << text.view(); }

private:
    std::array<char, limit> bytes_{};
};

// A replica's name as the administrator knows it: [a-z0-9-]{1,32}.
struct node_id
{
    short_text name;

    [[nodiscard]] bool empty() const { return name.empty(); }
    friend auto operator<=>(node_id const&, node_id const&) = default;
    friend std::ostream& operator<<(std::ostream& to, node_id const& n) { return to << n.name; }
};

bool is_valid_node_name(std::string_view name);

}  // namespace chaind

template <class Tag>
struct std::hash<chaind::id128<Tag>>
{
    std::size_t operator()(chaind::id128<Tag> const& id) const noexcept
    {
        return chaind::hash_of_bytes(id.bytes);
    }
};
template <>
struct std::hash<chaind::node_id>
{
    std::size_t operator()(chaind::node_id const& n) const noexcept { return n.name.hash(); }
};
