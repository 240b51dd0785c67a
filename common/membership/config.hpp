#pragma once
// Who is in the chain: the vocabulary that the replica core (chain) and the config service core (control)
// share. docs/protocol.md 1 and 6.

#include "base/id.hpp"
#include "base/strong_number.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace chaind
{

constexpr std::size_t most_members = 99;  // of a chain, and of those that may be

// A restarted process is another member (boot), a wiped disk too (store): neither may resume the old one's
// part.
struct member
{
    node_id name;
    store_id store;
    boot_id boot;

    // The same disk, perhaps in another run.
    [[nodiscard]] bool same_store(member const& other) const
    {
        return name == other.name && store == other.store;
    }

    friend auto operator<=>(member const&, member const&) = default;
    // Two that differ do so in the boot: that is looked at first.
    friend bool operator==(member const& a, member const& b)
    {
        return a.boot == b.boot && a.store == b.store && a.name == b.name;
    }
};

enum class config_state : std::uint8_t
{
    none,     // before the first configuration
    pending,  // members promise and reconcile; nothing commits
    active,   // durably marked so by the config service
};

// Of the number as it is stored; nothing: there is no such state.
[[nodiscard]] constexpr std::optional<config_state> config_state_of(std::uint64_t number)
{
    if (number > static_cast<std::uint64_t>(config_state::active)) return std::nullopt;
    return static_cast<config_state>(number);
}

// One epoch's chain, head first. Only the config service makes these, by compare-and-set on `at`.
struct chain_config
{
    epoch at;
    config_state state = config_state::none;
    std::vector<member> members;
    std::optional<node_id>
        joiner;      // the member that was not in the last ACTIVE configuration: always the last
    config_id id{};  // random; the same while PENDING and ACTIVE. Empty: made before configurations had one

    [[nodiscard]] std::optional<std::size_t> position(member const& m) const
    {
        auto at_m = std::find(members.begin(), members.end(), m);
        if (at_m == members.end()) return std::nullopt;
        return static_cast<std::size_t>(at_m - members.begin());
    }
    [[nodiscard]] bool contains(member const& m) const { return position(m).has_value(); }
    [[nodiscard]] bool contains_store(member const& m) const
    {
        return std::any_of(members.begin(), members.end(), [&](member const& x) { return x.same_store(m); });
    }
    // Another configuration that was given this one's epoch: by a registry that had been put back.
    [[nodiscard]] bool contradicts(epoch of, config_id const& which) const
    {
        return of == at && which != id && !which.empty() && !id.empty();
    }
    [[nodiscard]] bool is_active() const { return state == config_state::active; }
    [[nodiscard]] bool is_none() const { return state == config_state::none; }
    // Orders writes. Null: there is no chain.
    [[nodiscard]] member const* head() const { return members.empty() ? nullptr : &members.front(); }
    // There is a chain that serves, and `m` is not in it.
    [[nodiscard]] bool leaves_out(member const& m) const { return is_active() && !contains(m); }

    friend bool operator==(chain_config const&, chain_config const&) = default;
};

}  // namespace chaind
