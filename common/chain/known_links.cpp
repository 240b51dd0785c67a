#include "chain/known_links.hpp"

#include <algorithm>

namespace chaind::chain
{

void known_links::note(peer_links const& what)
{
    auto const found = std::find_if(
        all_.begin(), all_.end(), [&](peer_links const& one) { return one.peer.name == what.peer.name; }
    );
    if (found != all_.end() && *found == what) return;
    ++changes_;
    if (found == all_.end())
        all_.push_back(what);
    else
        *found = what;
}

void known_links::config_hears(std::vector<node_id> const& members)
{
    if (heard_by_config_ == members) return;
    ++changes_;
    heard_by_config_ = members;
}

peer_links const& known_links::of(member const& who) const
{
    static peer_links const none;
    auto const found =
        std::find_if(all_.begin(), all_.end(), [&](peer_links const& one) { return one.peer == who; });
    return found == all_.end() ? none : *found;
}

bool known_links::lost(member const& who) const
{
    auto const& found = of(who);
    return found.peer == who && !found.reached;
}

epoch known_links::served_in() const
{
    epoch out;
    for (auto const& one : all_)
        if (one.hears_config && !one.refuses) out = std::max(out, one.at);
    return out;
}

bool known_links::heard_by_config(node_id const& who) const
{
    return std::find(heard_by_config_.begin(), heard_by_config_.end(), who) != heard_by_config_.end();
}

}  // namespace chaind::chain
