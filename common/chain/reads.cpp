// Local reads and what proves them. docs/protocol.md 5.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

namespace chaind::chain
{

void replica::impl::on(read_wanted const& what)
{
    reads_.wanted(what.token, read_view(), *out_);
}

void replica::impl::on(read_done const& what)
{
    reads_.done(what.token, read_view(), *out_);
}

void replica::impl::from_peer(member const& from, still_at const& what)
{
    if (!epoch_.position || !position_of(from, epoch_.config)) return;
    send(from, still_at_yes{epoch_.config.at, what.round});
}

void replica::impl::from_peer(member const& from, still_at_yes const& what)
{
    if (!epoch_.position || !position_of(from, epoch_.config)) return;
    reads_.answered(from, what, read_view());
}

read_queue::view replica::impl::read_view() const
{
    return {
        .is_member = epoch_.position.has_value(),
        .active = epoch_.activated,
        .lease = lease_valid(now_.steady),
        .served = service_.can_read,
        .in = epoch_.config.at,
        .end = log_.end(),
        .applied = writes_.applied(),
        .others = &epoch_.others,
        .how = &how_,
        .now = now_.steady,
    };
}

bool replica::impl::lease_valid(instant now) const
{
    return epoch_.activated && epoch_.lease_until && now < *epoch_.lease_until;
}

}  // namespace chaind::chain
