// How much of the log nobody needs any more. docs/protocol.md 12.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{
namespace
{

constexpr std::uint64_t worth_saying = 256;  // rows
// A position outlives its link by so much: until the next epoch's link has met the peer's log again.
constexpr auto position_holds = 2s;

}  // namespace

void replica::impl::on(compacted const& what)
{
    if (what.base.at <= log_.base().at) return;
    BOOST_ASSERT(what.base.at <= writes_.applied());
    log_.base_moved(what.base);
}

// Rows that the peers of the links still need. As long as one of them has not been met, what was known of
// them counts.
void replica::impl::watch_positions()
{
    std::optional<seq> lowest;
    bool all_met = true;
    for (auto const* link : epoch_.links())
    {
        if (link->needs_snapshot()) continue;
        if (!link->streaming())
        {
            all_met = false;
            continue;
        }
        auto const at = std::min(link->peer_durable(), link->peer_verified());
        lowest = std::min(lowest.value_or(at), at);
    }
    if (lowest && all_met)
        held_ = position_held{*lowest, now_.steady};
    else if (held_ && now_.steady - held_->seen > position_holds)
        held_.reset();
    else if (lowest && held_)
        held_->at = std::min(held_->at, *lowest);
    else if (lowest)
        held_ = position_held{*lowest, now_.steady};
}

void replica::impl::say_may_drop()
{
    auto upto = std::min(writes_.applied(), commit_);
    if (rule(rule_id::compaction_respects_pins))
    {
        if (auto const pin = snapshot_out_.pin()) upto = std::min(upto, *pin);
        if (held_)
        {
            // A peer that is further behind than this is given up: it will need a snapshot.
            auto const oldest =
                log_.end() - seq{} > how_.pin_entries ? seq{log_.end().value() - how_.pin_entries} : seq{};
            upto = std::min(upto, std::max(held_->at, oldest));
        }
    }
    if (upto < may_drop_ || upto - may_drop_ >= worth_saying)
    {
        out_->may_drop = upto;
        may_drop_ = upto;
    }
}

}  // namespace chaind::chain
