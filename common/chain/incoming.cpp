// What comes down the chain: entries, and how far all members above have them on disk. docs/protocol.md 2.3
// and 8.3.

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{
namespace
{

bool well_formed(append const& what)
{
    if (what.prev.at > highest_position || what.stable > highest_position || what.commit > highest_position ||
        what.open > highest_position)
        return false;
    if (what.prev.at == seq{} && what.prev != log_point{}) return false;
    auto last = what.prev.at;
    for (auto const& e : what.entries)
    {
        if (e.at != last.next() || e.in > what.in || !e.command) return false;
        last = e.at;
    }
    return true;
}

// Is `e` a row that may follow `last`, and are its bytes those that were hashed?
bool follows(log_point const& last, entry const& e)
{
    return e.in >= last.in && e.ts_us > last.ts_us && entry_hash(last.hash, e) == e.hash;
}

}  // namespace

void replica::impl::from_peer(member const& from, append const& what)
{
    auto const* sender = epoch_.upstream();
    if (sender == nullptr || !is(*sender, from) || !well_formed(what)) return;
    if (!epoch_.position)
    {
        for (auto const& e : what.entries)
            moved_bytes_ += e.bytes();
    }
    if (epoch_.parked) return;
    accept(what, std::nullopt);
}

void replica::impl::accept_parked(std::vector<entry> const& read)
{
    auto const waiting = std::move(epoch_.parked->what);
    epoch_.parked.reset();
    if (!read.empty() && read.front().at == waiting.prev.at) accept(waiting, read.front().point());
}

void replica::impl::accept(append const& what, std::optional<log_point> const& own)
{
    if (what.prev.at > log_.end())
    {
        send(*epoch_.upstream(), nack{epoch_.config.at, what.number, log_.end()});
        return;
    }
    // A source begins with all that its chain's head had, and no hint from here leads below the commit.
    if (!epoch_.position && !epoch_.matched && what.prev.at < commit_)
    {
        other_history("the chain's log does not hold all that was committed here");
        return;
    }
    auto const mine = own ? own : log_.point(what.prev.at);
    bool const trusted = epoch_.matched && what.prev.at <= epoch_.verified;
    if (rule(rule_id::prev_is_matched_by_hash))
    {
        if (mine && (mine->hash != what.prev.hash || mine->in != what.prev.in))
        {
            mismatch(what, *mine);
            return;
        }
        if (!mine && !trusted && what.prev.at > log_.base().at)
        {
            epoch_.parked = parked_append{.read_id = ++last_number_, .what = what};
            out_->log_reads.push_back({.id = epoch_.parked->read_id, .from = what.prev.at, .max_bytes = 1});
            return;
        }
    }
    if (!take_rows(what)) return;

    epoch_.upstream_stable = std::max(epoch_.upstream_stable, what.stable);
    epoch_.commit_heard = std::max(epoch_.commit_heard, what.commit);
    if (!epoch_.open) epoch_.open = what.open;
    // No row of an older epoch beyond what the head had can ever be verified: it would block joins and reads
    // for ever.
    if (rule(rule_id::a_stale_suffix_is_cut) && epoch_.verified >= *epoch_.open &&
        log_.end() > epoch_.verified && log_.end_point().in < epoch_.config.at)
        truncate(epoch_.verified);
    send(*epoch_.upstream(), ok{epoch_.config.at, what.number, epoch_.verified, writes_.durable()});
}

// Says where to try next: just before the own run of that epoch; or, when the sender's epoch there is the
// younger one, leaves it to the sender to walk back over its own run (a hint that is not below `prev`).
void replica::impl::mismatch(append const& what, log_point const& own)
{
    auto const at = what.prev.at;
    if (at <= commit_)
    {
        other_history("the predecessor's log differs at or below what was committed here");
        return;
    }
    auto hint = own.in < what.prev.in ? at : log_.run_start(at).prev();
    send(*epoch_.upstream(), nack{epoch_.config.at, what.number, std::max(hint, commit_)});
}

// Skips the rows that are here, cuts what differs, keeps the rest.
bool replica::impl::take_rows(append const& what)
{
    auto last = what.prev;
    auto next = what.entries.begin();
    bool conflict = false;
    for (; next != what.entries.end() && next->at <= log_.end(); ++next)
    {
        auto const mine = log_.point(next->at);
        // Rows that only the disk has are applied, hence committed and common.
        conflict = mine && mine->hash != next->hash;
        if (conflict) break;
        last = next->point();
    }
    auto checked = last;
    for (auto each = next; each != what.entries.end(); ++each)
    {
        if (!follows(checked, *each) || too_far_ahead(checked, *each)) return false;
        checked = each->point();
    }
    if (conflict && rule(rule_id::truncation_spares_the_commit) && next->at <= epoch_.verified)
    {
        constexpr char why[] = "the predecessor sent another entry than the one verified or committed here";
        if (next->at <= commit_)
            other_history(why);
        else
            halt(why);
        return false;
    }

    BOOST_ASSERT(epoch_.entered);
    if (conflict) truncate(last.at);
    // A learner drops all that is not known to be the source's, once in each epoch, before it takes anything.
    if (!epoch_.position && !epoch_.matched && rule(rule_id::a_stale_suffix_is_cut) &&
        rule(rule_id::a_learner_keeps_no_stale_suffix))
        truncate(std::max(last.at, epoch_.verified));
    epoch_.matched = true;
    if (last.at >= commit_) epoch_.shares_history = true;
    // The source goes on by its log; a snapshot that is nearly here is not thrown away for that.
    if (!epoch_.position && next != what.entries.end() && snapshot_in_.collecting()) snapshot_in_.abandon();
    for (; next != what.entries.end(); ++next)
    {
        log_.append(*next);
        writes_.append(*next);
    }
    epoch_.verified = std::max(epoch_.verified, what.entries.empty() ? what.prev.at : what.entries.back().at);
    return true;
}

// A stamp stays in the log: all that come behind it are later still. One that no clock here comes near is not
// taken, and the config service is told, which makes somebody else the head. Only what the head of this very
// epoch has just stamped is judged: what is left of an earlier epoch is history, whoever stamped it; and a
// learner takes what its chain has taken. (What this epoch has committed, each of its members has already.)
bool replica::impl::too_far_ahead(log_point const& last, entry const& row)
{
    if (!epoch_.position || !rule(rule_id::a_row_far_ahead_is_not_taken)) return false;
    bool const is_new = row.in == epoch_.config.at && row.ts_us > last.ts_us + 1;
    auto const latest = clock_.latest_us(now_);
    bool const ahead = is_new && latest && row.ts_us > *latest;
    auto const by = ahead ? row.ts_us - *latest + how_.clock_tolerance.count() : 0;
    if ((by > 0) != (epoch_.refused_us > 0)) heartbeat_due_ = true;
    epoch_.refused_us = by;
    return ahead;
}

void replica::impl::truncate(seq last)
{
    if (last >= log_.end()) return;
    BOOST_ASSERT(last >= commit_);
    log_.truncate_after(last);
    writes_.truncate_after(last);
    reads_.truncated(last);
}

void replica::impl::from_peer(member const& from, mark const& what)
{
    auto const* sender = epoch_.upstream();
    if (sender == nullptr || !is(*sender, from)) return;
    if (what.stable > highest_position || what.commit > highest_position) return;
    epoch_.upstream_stable = std::max(epoch_.upstream_stable, what.stable);
    epoch_.commit_heard = std::max(epoch_.commit_heard, what.commit);
    epoch_.least_above = what.least;
    epoch_.ack_due = true;
}

}  // namespace chaind::chain
