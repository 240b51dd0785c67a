// Whether the rows of a store that another run left are still those that were written. docs/protocol.md 8.3.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

namespace chaind::chain
{
namespace
{

constexpr auto check_again_after = 5s;

}  // namespace

void replica::impl::on(rows_checked const& what)
{
    // What the log still reaches is fed from that, however far it is.
    bool const news = what.verdict == rows_verdict::changed && rows_ != rows::changed;
    if (news && epoch_.feeds && epoch_.feeds->link.needs_snapshot()) epoch_.feeds->link.reset();
    switch (what.verdict)
    {
        case rows_verdict::sound: rows_ = rows::sound; break;
        case rows_verdict::believed: rows_ = rows::believed; break;
        case rows_verdict::changed: rows_ = rows::changed; break;
        case rows_verdict::not_known: rows_ = rows::doubtful; break;
    }
    rows_trouble_ = what.text;
    rows_checked_at_ = now_.steady;
    heartbeat_due_ = true;
    epoch_.ack_due = true;  // a source may have probed before
}

// A member gives on what its store holds, so that a changed row must be found before this replica is one
// (docs/protocol.md 8.3). A store that is changed is not set aside while it belongs to a member, since others
// rely on it, nor while a cold start may still need it: only when the chain is ACTIVE without it, that is as
// a learner's.
void replica::impl::judge_rows()
{
    bool const due = rows_trouble_.empty() || now_.steady - rows_checked_at_ >= check_again_after;
    if (rows_ == rows::doubtful && !epoch_.position && due)
    {
        rows_ = rows::in_check;
        out_->snapshot_orders.emplace_back(check_rows{.all = rows_suspect_});
    }
    if (rows_ == rows::changed && epoch_.source && rule(rule_id::a_returning_store_is_checked))
        other_history(rows_trouble_);
}

}  // namespace chaind::chain
