#pragma once
// The commands of this replica's own clients that are not decided yet: kept until they are committed here,
// refused or given up, and sent again to each new head (docs/protocol.md 2.1).

#include "chain/types.hpp"

#include <map>
#include <unordered_map>

namespace chaind::chain
{

class local_submissions
{
public:
    struct pending
    {
        submission what;
        std::uint64_t times = 0;  // handed to a head
        instant last{};           // when
    };

    // False: this request is here already.
    bool add(submission what);
    void forget(request_id const& request);
    void handed_over(request_id const& request, instant now);
    // Nothing when it was not here; else how many times it had been handed to a head.
    std::optional<std::uint64_t> take(request_id const& request);

    [[nodiscard]] std::size_t size() const { return order_.size(); }
    // Those last handed over at or before `before` (all that never were, too), oldest first; they count as
    // handed over now.
    std::vector<submission> due(instant before, instant now);

private:
    std::map<std::uint64_t, pending> order_;
    std::unordered_map<request_id, std::uint64_t> place_;
    std::uint64_t next_place_ = 0;
};

}  // namespace chaind::chain
