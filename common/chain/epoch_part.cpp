#include "chain/epoch_part.hpp"

namespace chaind::chain
{

role epoch_part::part() const
{
    if (!position) return source ? role::learner : role::detached;
    if (is_head()) return is_tail() ? role::solo : role::head;
    return is_tail() ? role::tail : role::middle;
}

member const* epoch_part::upstream() const
{
    if (position) return *position == 0 ? nullptr : &config.members[*position - 1];
    return source ? &*source : nullptr;
}

boost::container::static_vector<outgoing_link*, 2> epoch_part::links()
{
    boost::container::static_vector<outgoing_link*, 2> out;
    if (successor) out.push_back(&*successor);
    if (feeds) out.push_back(&feeds->link);
    return out;
}

}  // namespace chaind::chain
