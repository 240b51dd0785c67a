#pragma once
// `chainctl verify`: are all members the same, by the sums of their rows that they keep while they write?
// Pure.

#include "control/status.hpp"
#include "membership/config.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chaind::control
{

// What the members of a chain say of one checkpoint in the log.
struct kept_sums
{
    struct member_sum
    {
        node_id of;
        std::optional<kept_sum> told;  // nothing: it has not said that it met the checkpoint
    };
    std::vector<member_sum> members;  // head first

    [[nodiscard]] std::size_t told() const;
    [[nodiscard]] bool complete() const;  // all have told
    [[nodiscard]] bool equal() const;     // and all the same, of the same position
    [[nodiscard]] seq at() const;         // where the checkpoint is; 0: nobody has met it
};

[[nodiscard]] kept_sums sums_at(
    std::string const& checkpoint, chain_config const& of, std::map<node_id, last_said> const& said
);

}  // namespace chaind::control
