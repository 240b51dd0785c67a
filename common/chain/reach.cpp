#include "chain/reach.hpp"

#include "chain/known_links.hpp"

#include <algorithm>

namespace chaind::chain
{
namespace
{

// How one replica sees its chain.
struct outlook
{
    chain_config const& chain;
    member const& self;
    known_links const& known;
    bool hears_config;

    [[nodiscard]] bool is_ahead(peer_links const& of) const
    {
        return !hears_config && of.reached && of.at > chain.at;
    }

    // It is there by the words of its neighbours, and so are its links with them.
    [[nodiscard]] bool is_vouched_for(std::size_t place) const
    {
        auto const& members = chain.members;
        auto const says_so = [&](member const& neighbour)
        {
            auto const& link = known.of(neighbour);
            return link.reached && !link.apart && !is_ahead(link);
        };
        return (place == 0 || says_so(members[place - 1])) &&
               (place + 1 == members.size() || says_so(members[place + 1]));
    }

    [[nodiscard]] std::vector<node_id> missing() const
    {
        std::vector<node_id> out;
        auto const& members = chain.members;
        auto const here = std::find(members.begin(), members.end(), self);
        for (auto at = members.begin(); at != members.end(); ++at)
        {
            if (at == here) continue;
            bool const carries = at == members.begin() || at + 1 == here || here + 1 == at;
            bool const heard = hears_config && known.heard_by_config(at->name);
            auto const& link = known.of(*at);
            bool const there =
                !carries && (heard || is_vouched_for(static_cast<std::size_t>(at - members.begin())));
            if (link.reached ? link.apart || is_ahead(link) : !there) out.push_back(at->name);
        }
        return out;
    }

    [[nodiscard]] std::vector<node_id> unreached() const
    {
        std::vector<node_id> out;
        for (auto const& m : chain.members)
            if (m != self && !known.reached(m)) out.push_back(m.name);
        return out;
    }

    [[nodiscard]] node_id overtaken_by() const
    {
        for (auto const& m : chain.members)
            if (is_ahead(known.of(m))) return m.name;
        return {};
    }

    [[nodiscard]] bool is_apart() const
    {
        auto const& members = chain.members;
        auto const here = std::find(members.begin(), members.end(), self);
        if (here == members.end()) return false;
        return (here != members.begin() && !known.reached(*(here - 1))) ||
               (here + 1 != members.end() && !known.reached(*(here + 1)));
    }

    [[nodiscard]] bool others_go_on(reach const& out) const
    {
        auto const goes_on = [&](node_id const& who)
        {
            return known.heard_by_config(who) &&
                   std::find(out.unreached.begin(), out.unreached.end(), who) != out.unreached.end();
        };
        return hears_config && !out.missing.empty() &&
               std::all_of(out.missing.begin(), out.missing.end(), goes_on);
    }

    [[nodiscard]] bool is_linked(node_id const& who) const
    {
        auto const& members = chain.members;
        return std::any_of(
            members.begin(), members.end(), [&](member const& m) { return m.name == who && known.reached(m); }
        );
    }

    [[nodiscard]] bool head_refuses() const
    {
        auto const* const head = chain.head();
        return head != nullptr && *head != self && known.reached(*head) && known.of(*head).refuses;
    }
};

}  // namespace

reach judge_reach(chain_config const& chain, member const& self, known_links const& known, bool hears_config)
{
    outlook const seen{chain, self, known, hears_config};
    reach out;
    out.missing = seen.missing();
    out.unreached = seen.unreached();
    out.overtaken_by = seen.overtaken_by();
    out.member = chain.contains(self);
    out.leads = out.member && chain.members.front() == self;
    out.apart = seen.is_apart();
    out.others_go_on = seen.others_go_on(out);
    out.served_in = known.served_in();
    out.first_is_linked = !out.missing.empty() && seen.is_linked(out.missing.front());
    out.head_refuses = seen.head_refuses();
    return out;
}

}  // namespace chaind::chain
