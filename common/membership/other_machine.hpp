#pragma once
// Another machine that is linked with this one, as it says of itself: for people, and for where clients are
// sent, at one that the config service does not answer.

#include "base/id.hpp"
#include "base/strong_number.hpp"

#include <string>
#include <vector>

namespace chaind
{

struct other_machine
{
    node_id name;
    epoch at;  // the newest that it is in
    bool hears_config = false;
    bool can_read = false;
    bool can_write = false;

    // It is in another chain than a machine that is in `mine`, if that is a member at all. Of its own chain a
    // member knows as much itself, and sooner.
    [[nodiscard]] bool is_elsewhere(epoch mine, bool member) const { return !member || at > mine; }

    friend bool operator==(other_machine const&, other_machine const&) = default;
};

// "n1 and n2": who is answered by the config service in another chain, as far as these are linked; "":
// nobody.
std::string who_is_answered(std::vector<other_machine> const& others, epoch mine, bool member);

}  // namespace chaind
