#include "control/leases.hpp"

#include "base/rules.hpp"

namespace chaind::control
{

leases::leases(microseconds lease, int margin_percent, instant started)
    : counted_(rule(rule_id::a_lease_has_a_margin) ? lease * (100 + margin_percent) / 100 : lease),
      grace_until_(rule(rule_id::a_restarted_config_service_waits_a_lease) ? started + counted_ : started)
{
}

void leases::granted(member const& to, instant now)
{
    until_[to] = now + counted_;
}

bool leases::over(member const& of, instant now) const
{
    if (now < grace_until_) return false;
    auto found = until_.find(of);
    return found == until_.end() || now >= found->second;
}

}  // namespace chaind::control
