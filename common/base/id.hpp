#pragma once
// Identities. 128-bit ids are random and made outside of the sans-I/O layers; names are given by people.

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace chaind
{

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

    friend auto operator<=>(id128 const&, id128 const&) = default;
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

// A replica's name as the administrator knows it: [a-z0-9-]{1,32}.
struct node_id
{
    std::string name;

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
        return std::hash<std::string_view>{}(id.view());
    }
};
template <>
struct std::hash<chaind::node_id>
{
    std::size_t operator()(chaind::node_id const& n) const noexcept
    {
        return std::hash<std::string>{}(n.name);
    }
};
