#include "chain/read_queue.hpp"

#include "base/rules.hpp"

#include <algorithm>

namespace chaind::chain
{

void read_queue::wanted(read_token token, view const& v, effects& out)
{
    if (!v.is_member || reads_.contains(token))
    {
        out.reads.push_back({token, read_verdict::unavailable});
        return;
    }
    read fresh;
    fresh.arrived = v.now;
    reads_.emplace(token, fresh);
    changed_ = true;
}

void read_queue::done(read_token token, view const& v, effects& out)
{
    auto found = reads_.find(token);
    if (found == reads_.end() || found->second.at != stage::running) return;
    auto& each = found->second;
    if (!rule(rule_id::a_read_waits_before_its_snapshot) && v.applied < each.upto)
    {
        each.at = stage::settling;
        return;
    }
    bool const same_epoch = v.active && each.in == v.in && !each.stale;
    bool const fresh_enough = same_epoch || (!rule(rule_id::reads_notice_a_new_epoch) && v.active);
    bool const proven = each.by_barrier || v.lease || !rule(rule_id::reads_check_the_lease) ||
                        !rule(rule_id::the_lease_is_checked_after_the_read);
    if (fresh_enough && proven)
    {
        out.reads.push_back({token, read_verdict::answer});
        reads_.erase(found);
        return;
    }
    if (is_over(each, v))
    {
        out.reads.push_back({token, read_verdict::unavailable});
        reads_.erase(found);
        return;
    }
    out.reads.push_back({token, read_verdict::again});
    each.at = stage::fresh;
    changed_ = true;
}

void read_queue::answered(member const& from, still_at_yes const& what, view const& v)
{
    if (barrier_.round == 0 || what.round != barrier_.round || what.in != barrier_.in || what.in != v.in)
        return;
    barrier_.missing.erase(from);
    if (!barrier_.missing.empty()) return;
    completed_round_ = barrier_.round;
    barrier_.round = 0;
}

bool read_queue::worth_a_look(view const& v)
{
    seen const state{v.is_member, v.active, v.lease, v.in, v.applied, completed_round_};
    // The limit on a read's time is coarse: 5 ms.
    bool const look = changed_ || state != seen_ || v.now - looked_at_ >= 5ms;
    if (!look) return false;
    seen_ = state;
    looked_at_ = v.now;
    changed_ = false;
    return true;
}

void read_queue::advance(view const& v, effects& out)
{
    if (none() || !worth_a_look(v)) return;
    for (auto at = reads_.begin(); at != reads_.end();)
    {
        auto& [token, each] = *at;
        if (each.at == stage::settling && v.applied >= each.upto)
        {
            out.reads.push_back({token, read_verdict::answer});
            at = reads_.erase(at);
            continue;
        }
        if (each.at == stage::running || each.at == stage::settling)
        {
            ++at;
            continue;
        }
        if (is_over(each, v))
        {
            out.reads.push_back({token, read_verdict::unavailable});
            at = reads_.erase(at);
            continue;
        }
        if (each.at == stage::waiting && (each.stale || each.in != v.in)) each.at = stage::fresh;
        if (v.active)
        {
            if (each.at == stage::fresh) note(each, v);
            if (may_run(each, v))
            {
                each.at = stage::running;
                out.reads.push_back({token, read_verdict::run});
            }
        }
        ++at;
    }
    if (v.active) ask(v, out);
}

void read_queue::note(read& each, view const& v)
{
    each.at = stage::waiting;
    each.in = v.in;
    each.upto = rule(rule_id::a_read_waits_for_pending_entries) ? v.end : std::min(v.end, v.applied);
    each.stale = false;
    each.by_barrier = false;
    if (!v.lease && rule(rule_id::reads_check_the_lease)) need_barrier(each);
}

// Only a barrier that begins after the read's arrival proves anything about it.
void read_queue::need_barrier(read& each)
{
    each.by_barrier = true;
    each.round = last_round_ + 1;
    barrier_wanted_ = true;
}

bool read_queue::may_run(read& each, view const& v)
{
    if (each.by_barrier)
    {
        if (each.round > completed_round_)
        {
            if (!v.lease) return false;
            each.by_barrier = false;
        }
        else if (!rule(rule_id::a_barrier_waits_for_commit))
            return true;
    }
    return v.applied >= each.upto || !rule(rule_id::a_read_waits_before_its_snapshot);
}

// Whoever asks elsewhere is served sooner where none is served here; where they are, all may be slow.
bool read_queue::is_over(read const& each, view const& v)
{
    return !v.is_member ||
           v.now - each.arrived >= (v.served ? v.how->read_limit : v.how->read_limit_unserved);
}

void read_queue::ask(view const& v, effects& out)
{
    // Whoever wanted that round is answered or gone, and its own answer was lost: nobody need wait for it.
    auto const waits = [this](auto const& each)
    {
        return each.second.at == stage::waiting && each.second.by_barrier &&
               each.second.round == barrier_.round;
    };
    if (barrier_wanted_ && std::none_of(reads_.begin(), reads_.end(), waits)) barrier_.round = 0;
    if (barrier_.round == 0)
    {
        if (!barrier_wanted_) return;
        barrier_wanted_ = false;
        barrier_ = {
            .round = ++last_round_, .in = v.in, .missing = {v.others->begin(), v.others->end()}, .asked = {}
        };
        if (!rule(rule_id::a_barrier_asks_everybody)) barrier_.missing.clear();
        if (barrier_.missing.empty())
        {
            completed_round_ = barrier_.round;
            barrier_.round = 0;
            advance(v, out);
            return;
        }
    }
    else if (v.now - barrier_.asked < v.how->mark_every)
        return;
    barrier_.asked = v.now;
    for (auto const& peer : barrier_.missing)
        out.sends.push_back({peer, still_at{.in = barrier_.in, .round = barrier_.round}});
}

void read_queue::truncated(seq last)
{
    for (auto& [token, each] : reads_)
        if (each.at != stage::fresh && each.upto > last) each.stale = changed_ = true;
}

void read_queue::new_epoch()
{
    barrier_ = {};
    barrier_wanted_ = false;
}

}  // namespace chaind::chain
