#include "sim/network.hpp"

namespace chaind::sim
{

network::network(scheduler& time, rng& random, profile const& how)
    : time_(time),
      random_(random),
      how_(how),
      machines_(how.nodes + 1),
      links_(static_cast<std::size_t>(machines_ * machines_))
{
}

us network::delay(int from, int to)
{
    bool config = from == config_machine() || to == config_machine();
    auto const& usual = config ? how_.config_delay : how_.peer_delay;
    auto out = random_.skewed(usual.low, usual.high) + link(from, to).extra;
    if (!healed_ && how_.spike > 0 && random_.chance(how_.spike)) out += random_.between(0, how_.spike_max);
    return out;
}

std::optional<network::arrival> network::route(int from, int to)
{
    if (!open(from, to)) return std::nullopt;
    if (!healed_ && how_.drop > 0 && random_.chance(how_.drop)) return std::nullopt;
    auto& path = link(from, to);
    arrival out{.at = time_.now() + delay(from, to), .again = {}};
    bool overtakes = !healed_ && how_.reorder > 0 && random_.chance(how_.reorder);
    if (!overtakes) out.at = path.last_arrival = std::max(out.at, path.last_arrival);
    bool twice = !healed_ && how_.duplicate > 0 && random_.chance(how_.duplicate);
    if (twice) out.again = out.at + random_.skewed(0, 50'000);
    return out;
}

void network::heal()
{
    healed_ = true;
    for (auto& each : links_)
    {
        each.cuts = 0;
        each.extra = 0;
    }
}

}  // namespace chaind::sim
