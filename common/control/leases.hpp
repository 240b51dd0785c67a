#pragma once
// Which read leases may still be in force at replicas, by the config service's clock. A replica counts its
// lease from the moment it sent the heartbeat; the config service counts a little longer from the later
// moment of its receipt, so that a lease is over here only after it is over there, for clock rates within the
// margin.

#include "base/time.hpp"
#include "membership/config.hpp"

#include <map>

namespace chaind::control
{

class leases
{
public:
    // A config service that just started does not know what its predecessor granted: until one lease after
    // `started`, everybody may hold one.
    leases(microseconds lease, int margin_percent, instant started);

    void granted(member const& to, instant now);
    [[nodiscard]] bool over(member const& of, instant now) const;
    // A new configuration is ACTIVE: leases belong to their epoch, and all the old ones are settled.
    void clear() { until_.clear(); }

private:
    microseconds counted_;  // the lease and its margin
    instant grace_until_;
    std::map<member, instant> until_;
};

}  // namespace chaind::control
