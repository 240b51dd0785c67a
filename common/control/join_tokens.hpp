#pragma once
// Join tokens: each lets one new node into the cluster, once, for some minutes, whatever is said later. A
// token is the cluster's id and a secret; only the secret's hash is kept. Pure: time and chance are
// parameters.

#include "base/id.hpp"
#include "membership/config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::control
{

// What is kept of a join token.
struct join_token
{
    std::string hash;             // BLAKE2b-256 of its secret
    std::int64_t expires_ms = 0;  // since 1970 UTC
    node_id used_by;              // empty: nobody yet
    store_id used_store;          // of that node's disk

    friend bool operator==(join_token const&, join_token const&) = default;
};

class join_tokens
{
public:
    static constexpr std::size_t secret_bytes = 16;

    join_tokens(cluster_id of, std::vector<join_token> kept) : cluster_(of), rows_(std::move(kept)) {}

    // "cj1." and 43 characters; nothing when 100 are outstanding. The secret: random bytes.
    [[nodiscard]] std::optional<std::string> make(
        std::string_view secret, std::int64_t now_ms, std::int64_t ttl_ms
    );
    struct answer
    {
        std::string why;     // it does not let that machine in; empty: it does
        bool known = false;  // it was made here, however it was used since
        bool again = false;  // that machine has shown it before
        std::string hash;    // of its secret, where it is known
        std::int64_t expires_ms = 0;
    };
    // What the token is worth for that machine now. The machine for which it was used, by name and disk, may
    // show it again until it expires: the answer to its first hello may have been lost.
    [[nodiscard]] answer look(std::string_view token, member const& by, std::int64_t now_ms) const;
    // From now on used by that machine.
    void use(answer const& seen, member const& by);

    // What the registry is to hold.
    [[nodiscard]] std::vector<join_token> const& rows() const { return rows_; }

private:
    void forget_old(std::int64_t now_ms);

    cluster_id cluster_;
    std::vector<join_token> rows_;
};

}  // namespace chaind::control
