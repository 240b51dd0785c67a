#pragma once
// Links between chain neighbours that stay dead while we hear both ends. A neighbour reports a dead process
// sooner than our own silence limit notices its death, so that a report counts only when it has stood for a
// whole silence: by then a dead process has been removed as such.

#include "base/time.hpp"
#include "membership/config.hpp"

#include <map>
#include <utility>
#include <vector>

namespace chaind::control
{

class link_watch
{
public:
    using link = std::pair<node_id, node_id>;

    // What holds now for one link; a report that is taken back starts again.
    void observe(link const& which, bool dead, instant now)
    {
        if (dead)
            since_.try_emplace(which, now);
        else
            since_.erase(which);
    }
    void clear() { since_.clear(); }
    template <class Holds>
    void keep_if(Holds const& holds)  // of a link
    {
        std::erase_if(since_, [&](auto const& each) { return !holds(each.first); });
    }
    // The observer was deaf for so long: nobody could take a report back.
    void forgive(microseconds pause)
    {
        for (auto& [which, since] : since_)
            since += pause;
    }
    [[nodiscard]] bool none() const { return since_.empty(); }  // is dead, for however short a while

    // Somebody leaves for it: kept for a while, by which it shows whose links they are.
    void parted(link const& which, instant now) { parted_[which] = now; }
    [[nodiscard]] std::vector<link> parted_since(instant then) const
    {
        std::vector<link> out;
        for (auto const& [which, at] : parted_)
            if (at >= then) out.push_back(which);
        return out;
    }

    // Those that have been dead for `patience`.
    [[nodiscard]] std::vector<link> dead(instant now, microseconds patience) const
    {
        std::vector<link> out;
        for (auto const& [which, since] : since_)
            if (now - since >= patience) out.push_back(which);
        return out;
    }

private:
    std::map<link, instant> since_;
    std::map<link, instant> parted_;  // as many as there are pairs of machines
};

}  // namespace chaind::control
