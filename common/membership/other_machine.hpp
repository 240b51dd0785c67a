#pragma once
// Another machine that is linked with this one, as it says of itself: for people at the one that the config
// service does not answer.

#include "base/id.hpp"

namespace chaind
{

struct other_machine
{
    node_id name;
    bool hears_config = false;
    bool can_read = false;
    bool can_write = false;

    friend bool operator==(other_machine const&, other_machine const&) = default;
};

}  // namespace chaind
