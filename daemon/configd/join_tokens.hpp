#pragma once
// Join tokens: each lets one new node into the cluster, once, for some minutes. A token is the cluster's id
// and a secret; only the secret's hash is kept. Pure: time is a parameter.

#include "base/id.hpp"
#include "configd/registry.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::configd
{

class join_tokens
{
public:
    join_tokens(cluster_id of, std::vector<join_token> kept) : cluster_(of), rows_(std::move(kept)) {}

    // "cj1." and 43 characters; nothing when 100 are outstanding.
    [[nodiscard]] std::optional<std::string> make(std::int64_t now_ms, std::int64_t ttl_ms);
    // Why not; empty: it is right, and from now on used by that node. The same node may show it again: the
    // answer to its first hello may have been lost.
    [[nodiscard]] std::string use(std::string_view token, node_id const& by, std::int64_t now_ms);

    // What the registry is to hold.
    [[nodiscard]] std::vector<join_token> const& rows() const { return rows_; }

private:
    void forget_old(std::int64_t now_ms);

    cluster_id cluster_;
    std::vector<join_token> rows_;
};

}  // namespace chaind::configd
