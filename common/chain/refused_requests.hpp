#pragma once
// What the head of an epoch has refused in it. docs/protocol.md 2.2.

#include "chain/types.hpp"

#include <optional>
#include <unordered_map>
#include <vector>

namespace chaind::chain
{

// The head's memory of what it has refused in this epoch: a late or repeated submit of the same request is
// refused again, so that "not in the log" stays true. Bounded.
class refused_requests
{
public:
    void remember(request_id const& request, refusal why);
    [[nodiscard]] std::optional<refusal> find(request_id const& request) const;

private:
    std::unordered_map<request_id, refusal> known_;
    std::vector<request_id> ring_;
    std::size_t next_ = 0;
};

}  // namespace chaind::chain
