#pragma once
// What is known of the other members: whom this replica reaches, who is apart from a neighbour, whom the
// config service hears.

#include "chain/types.hpp"

#include <cstdint>
#include <vector>

namespace chaind::chain
{

class known_links
{
public:
    void note(peer_links const& what);
    void config_hears(std::vector<node_id> const& members);
    // How often a word was another one than before: what was made of them is to be made anew.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }

    // Of whom nothing was told yet: not reached.
    [[nodiscard]] peer_links const& of(member const& who) const;
    // A link to it carries in both directions.
    [[nodiscard]] bool reached(member const& who) const { return of(who).reached; }
    [[nodiscard]] bool lost(member const& who) const;  // it was told of, and does not carry
    // The newest epoch in which a machine that hears the config service takes writes; 0: none says so.
    [[nodiscard]] epoch served_in() const;
    // Lately, as the config service says; no: it is silent there.
    [[nodiscard]] bool heard_by_config(node_id const& who) const;

private:
    std::vector<peer_links> all_;  // the newest word of each name; few
    std::vector<node_id> heard_by_config_;
    std::uint64_t changes_ = 0;
};

}  // namespace chaind::chain
