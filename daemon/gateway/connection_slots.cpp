#include "gateway/connection_slots.hpp"

#include "runtime/address.hpp"

#include <algorithm>
#include <iterator>

namespace chaind::gateway
{

namespace ip = boost::asio::ip;

void connection_slots::take_out(group_entry const& of)
{
    by_size_.erase({of.second.own ? 0 : of.second.strangers.size(), of.first});
}

void connection_slots::put_in(group_entry const& of)
{
    auto const size = of.second.strangers.size();
    if (size > 0) by_size_.emplace(of.second.own ? 0 : size, of.first);
}

connection_slots::verdict connection_slots::admit(
    id who, ip::address const& from, limits const& now, is_busy const& busy
)
{
    auto& mine = *groups_.try_emplace(runtime::address_group(from.to_string())).first;
    mine.second.own = runtime::plain_address(from).is_loopback();
    bool const group_full =
        !mine.second.own && mine.second.strangers.size() + mine.second.known >= now.of_a_group;
    bool const full = places_.size() >= now.all || strangers_ >= now.all - std::min(now.kept, now.all);
    verdict out;
    if (group_full)
        out.instead_of = longest_waiting(mine, busy);
    else if (full)
        out.instead_of = longest_waiting(busy);
    out.admitted = out.instead_of || !(group_full || full);
    if (out.admitted)
    {
        take_out(mine);
        mine.second.strangers.push_back(who);
        put_in(mine);
        places_[who] = place{.in = &mine, .at = std::prev(mine.second.strangers.end()), .known = false};
        ++strangers_;
    }
    if (out.instead_of) ended(*out.instead_of);
    if (!out.admitted) forget_if_empty(mine);
    return out;
}

std::optional<connection_slots::id> connection_slots::longest_waiting(
    group_entry const& of, is_busy const& busy
)
{
    auto const& all = of.second.strangers;
    auto const found = std::find_if(all.begin(), all.end(), [&](id one) { return !busy(one); });
    return found == all.end() ? std::nullopt : std::optional(*found);
}

std::optional<connection_slots::id> connection_slots::longest_waiting(is_busy const& busy) const
{
    for (auto at = by_size_.rbegin(); at != by_size_.rend(); ++at)
        if (auto const one = longest_waiting(*groups_.find(at->second), busy)) return one;
    return std::nullopt;
}

void connection_slots::signed_in(id who)
{
    auto const found = places_.find(who);
    if (found == places_.end() || found->second.known) return;
    auto& in = *found->second.in;
    take_out(in);
    in.second.strangers.erase(found->second.at);
    put_in(in);
    ++in.second.known;
    found->second.known = true;
    --strangers_;
}

void connection_slots::ended(id who)
{
    auto const found = places_.find(who);
    if (found == places_.end()) return;
    auto& in = *found->second.in;
    if (found->second.known)
        --in.second.known;
    else
    {
        take_out(in);
        in.second.strangers.erase(found->second.at);
        put_in(in);
        --strangers_;
    }
    places_.erase(found);
    forget_if_empty(in);
}

void connection_slots::forget_if_empty(group_entry const& of)
{
    if (!of.second.strangers.empty() || of.second.known > 0) return;
    auto const name = of.first;
    groups_.erase(name);
}

}  // namespace chaind::gateway
