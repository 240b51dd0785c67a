// Which chain comes next and when it is ACTIVE: docs/protocol.md 6 and 7 from the config service's side.

#include "base/hash.hpp"
#include "base/listed.hpp"
#include "base/rules.hpp"
#include "control/controller_impl.hpp"
#include "control/names.hpp"

#include <algorithm>
#include <iterator>

namespace chaind::control
{
namespace
{

// A replica that was cut off for more changes than these has promised nothing that could be told from others.
constexpr std::size_t given_kept = 64;

std::string names(std::vector<member> const& chain)
{
    std::string out;
    for (auto const& m : chain)
        add_listed(out, m.name.name);
    return out;
}

std::string in_ms(microseconds t)
{
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(t).count()) + " ms";
}

}  // namespace

void controller::impl::decide()
{
    if (writing_ || attend_force() || attend_claims()) return;
    if (rec_.last_active.state == config_state::none)
        decide_bootstrap();
    else if (pending())
        decide_pending();
    else
        decide_active();
}

// A restart of the config service must not take the words of one that has died since for unsaid. Before the
// first chain there is no history that could be an older one.
bool controller::impl::attend_claims()
{
    bool const to_store = claims_ != rec_.claims && rec_.revision > 0;
    if (to_store) persist(rec_);
    // Who waits for others after a power loss has waited for nothing meanwhile.
    if (is_older()) cold_since_.reset();
    return to_store || is_older();
}

// The first configuration. Nobody has acknowledged anything yet, so that a member which restarts meanwhile is
// simply named anew. Each of them must have an empty log; or one has that of a backup, begins alone, and the
// others learn from it.
void controller::impl::decide_bootstrap()
{
    if (pending() && try_activate()) return;
    if (pending() && intact()) return;
    std::vector<member> all;
    heartbeat const* restored = nullptr;
    bootstrap_held_.clear();
    auto refuse = [&](node_id const& who, held back)
    {
        bootstrap_held_[who] = back;
        if (!bootstrap_waits_) tell("refused", who, why_held(back, nodes_.at(who)));
        bootstrap_waits_ = true;
    };
    for (auto const& name : known())
    {
        auto const* found = nodes_.find(name);
        if (found == nullptr || !found->last || !alive(found->who)) return;
        auto const& hb = *found->last;
        // It restarted when it had already promised to begin alone.
        bool const chosen = rec_.current.members.size() == 1 && rec_.current.contains_store(hb.from);
        if (hb.end.at > seq{})
        {
            if (!hb.restored && !chosen) return refuse(name, held::has_log);
            if (restored != nullptr) return refuse(name, held::second_restored);
            restored = &hb;
        }
        all.push_back(found->who);
    }
    if (restored != nullptr && rule(rule_id::a_restored_log_begins_alone)) all = {restored->from};
    if (!all.empty()) propose({.members = std::move(all), .joiner = {}});
}

void controller::impl::decide_active()
{
    watch_links();
    if (attend_administrator() || attend_stored_changes()) return;
    if (auto const joiner = ready_joiner(); joiner || !all_is_well())
    {
        auto next = plan(joiner);
        if (next && next->joiner) pace_ = pace_of_splice();
        if (next && next->members != rec_.current.members) return propose(*next);
    }
    else
        cold_since_.reset();
    attend_learner();
    attend_watermark();
}

// A PENDING configuration is never edited: it becomes ACTIVE, or another one with a higher epoch is computed
// from the last ACTIVE one. It is given up when one of its members fails, and looked at again when a promise
// is missing for too long; with the same outcome it stays, since a new epoch would only delay slow promises
// further.
void controller::impl::decide_pending()
{
    watch_links();
    if (try_activate()) return;
    auto const waited = now_ - pending_since_;
    if (rec_.current.joiner && waited > splice_stall())
    {
        auto next = plan({});
        if (!next) return;
        auto& joiner = nodes_.at(*rec_.current.joiner);
        joiner.return_after.failed_to_join(now_, how_.flap_first, how_.flap_last);
        joiner.failed_because = "did not complete within " + in_ms(splice_stall());
        return propose(*next);
    }
    // Of one that was silent meanwhile only what it says since then counts.
    auto const heard_for = [&](member const& m)
    { return now_ - std::max(pending_since_, detector_.speaks_since(m)); };
    for (auto const& m : rec_.current.members)
        if (auto const* hb = nodes_.last_of(m); hb != nullptr && !promised(m) &&
                                                detector_.heard_in_time(m, now_) &&
                                                heard_for(m) >= deaf_after(*hb))
            nodes_.at(m.name).deaf_to = rec_.current.at;
    if (intact() && waited < how_.promise_wait) return;
    // With a joiner there is nothing wrong with the others as long as they are all alive.
    if (intact() && rec_.current.joiner) return;
    auto next = plan({});
    auto const& chain = rec_.current.members;
    // After a cold start the ends, and with them the order, change while the members reconcile.
    if (next && !std::is_permutation(chain.begin(), chain.end(), next->members.begin(), next->members.end()))
        propose(*next);
}

void controller::impl::propose(proposal const& what)
{
    record next = rec_;
    auto newest = rec_.current.at;
    // A restored log holds entries of epochs that were before this registry.
    if (rec_.last_active.state == config_state::none &&
        rule(rule_id::a_new_chain_begins_above_a_restored_log))
        for (auto const& m : what.members)
            if (auto const* hb = nodes_.last_of(m)) newest = std::max({newest, hb->promised, hb->end.in});
    next.current = {
        .at = newest.next(), .state = config_state::pending, .members = what.members, .joiner = what.joiner
    };
    next.current.id = new_id(next.current);
    if (rec_.current.state != config_state::none)
    {
        next.given.emplace_back(rec_.current.at, rec_.current.id);
        if (next.given.size() > given_kept) next.given.erase(next.given.begin());
    }
    if (rec_.revision == 0)
    {
        next.known = how_.bootstrap;
        next.want = how_.bootstrap.size();
    }
    auto fact = [&](std::string kind, node_id who, std::string why)
    {
        with_it_.push_back(
            {.what = std::move(kind), .at = next.current.at, .who = std::move(who), .why = std::move(why)}
        );
    };
    if (what.cold)
        fact("cold_start", {}, "all members had stopped; longest log first: " + names(what.members));
    for (auto const& m : rec_.current.members)
        if (!has_name(what.members, m.name))
        {
            auto why = why_out(m, what);
            auto& out = nodes_.at(m.name);
            out.left_because = why;
            out.silent_then = alive(m) ? std::nullopt : std::optional(m);
            fact("removed", m.name, std::move(why));
        }
    for (auto const& [a, b] : what.dead_links)
        if (has_name(what.members, a) != has_name(what.members, b)) links_.parted({a, b}, now_);
    fact("pending", {}, names(what.members) + (what.joiner ? "; " + what.joiner->name.str() + " joins" : ""));
    persist(std::move(next));
}

// Two runs of this service never make the same one, nor does one run.
config_id controller::impl::new_id(chain_config const& of)
{
    hasher sum;
    sum.bytes(how_.run.view()).number(++ids_).number(static_cast<std::uint64_t>(now_.count()));
    sum.number(of.at.value());
    for (auto const& m : of.members)
        sum.bytes(m.name.name).bytes(m.store.view()).bytes(m.boot.view());
    config_id out;
    out.bytes = sum.finish().bytes;
    return out;
}

std::optional<controller::impl::proposal> controller::impl::plan(std::optional<member> const& joiner)
{
    auto const& base = rule(rule_id::survivors_come_from_the_active_config) ? rec_.last_active.members
                                                                            : rec_.current.members;
    // After our own start, pause or isolation, and while several share a silence: each member first speaks
    // for itself, or is silent for long enough. Whoever is merely waited for is no survivor to build on.
    auto open_question = [&](member const& m)
    {
        return rule(rule_id::nothing_is_planned_on_who_is_waited_for) && alive(m) &&
               !detector_.heard_in_time(m, now_);
    };
    if (std::any_of(base.begin(), base.end(), open_question)) return std::nullopt;
    if (std::none_of(base.begin(), base.end(), [&](member const& m) { return alive(m); }))
        return plan_cold_start(base);
    cold_since_.reset();
    auto seen = observe(base);
    seen.joiner = joiner;
    proposal next{.members = next_chain(base, seen), .joiner = {}, .dead_links = seen.dead_links};
    if (joiner && next.members.back() == *joiner) next.joiner = joiner->name;
    return next;
}

// None of the reasons holds for which observe() and next_chain() take a member out. Each step asks, and a
// chain is nearly always so: what speaks against a member is weighed against the others only where there is
// something.
bool controller::impl::all_is_well() const
{
    auto nothing_against = [&](member const& m)
    {
        auto const* known = nodes_.find(m.name);
        if (known == nullptr || known->who != m || !known->last || known->deaf_to) return false;
        auto const& said = *known->last;
        return !is_low(said.left) && said.refused_us <= 0 && !is_to_leave(m.name) && !clocks_.error(m.name) &&
               detector_.heard_in_time(m, now_);
    };
    auto const& chain = rec_.current.members;
    return links_.none() && !rec_.moving && std::all_of(chain.begin(), chain.end(), nothing_against);
}

// Waits for all, since the longest log should lead; but not for ever, since any one of them suffices. Who is
// there and refused is not waited for, unless its rows are still being compared: what it says of its log may
// change.
std::optional<controller::impl::proposal> controller::impl::plan_cold_start(std::vector<member> const& base)
{
    auto chain = cold_chain(base, returned_ones(), watermark_);
    for (auto const& m : chain.refused)
        complain(m, why_held(held::lost_writes, nodes_.at(m.name)));
    if (chain.members.empty())
    {
        cold_since_.reset();
        return std::nullopt;
    }
    if (!cold_since_) cold_since_ = now_;
    auto const has_said_all = [&](member const& m) { return !nodes_.last_of(m)->in_doubt; };
    auto const refused = std::count_if(chain.refused.begin(), chain.refused.end(), has_said_all);
    bool const all_there = chain.members.size() + static_cast<std::size_t>(refused) == base.size();
    if (!all_there && now_ - *cold_since_ < how_.cold_wait) return std::nullopt;
    return proposal{.members = std::move(chain.members), .joiner = {}, .cold = true};
}

std::vector<returned> controller::impl::returned_ones() const
{
    std::vector<returned> out;
    for (auto const& [name, node] : nodes_)
        if (node.last && !node.deaf_to && alive(node.who))
            out.push_back({.who = node.who, .end = node.last->end});
    return out;
}

observations controller::impl::observe(std::vector<member> const& base) const
{
    observations seen;
    seen.members.reserve(base.size());
    for (std::size_t i = 0; i < base.size(); ++i)
    {
        auto const& m = base[i];
        auto const* known = nodes_.find(m.name);
        bool const heard = alive(m);
        seen.members[m.name] = {
            .heard = heard,
            .vouched = !heard && !pending() && vouched(base, i),
            .deaf = known != nullptr && known->deaf_to.has_value(),
            .removed = !stays(m, base) || loses_the_head(base, i) || leaves_for_room(base, i)
        };
    }
    auto patience = how_.silence;
    for (auto const& m : base)
        patience = std::max(patience, detector_.patience(m));
    seen.dead_links = links_.dead(now_, patience);
    // As long as who left often stays away at most.
    seen.parted_lately = links_.parted_since(now_ - how_.flap_last);
    return seen;
}

// Where no disk has plenty nobody goes, and the head takes only what makes room: of equal machines one is low
// a moment before the others, and the chain would shrink to the last one. On one file system all of them are
// low at once, which takes a heartbeat to be heard of.
bool controller::impl::leaves_for_room(std::vector<member> const& chain, std::size_t place) const
{
    auto const left = [&](member const& m)
    {
        auto const* hb = nodes_.last_of(m);
        return hb != nullptr ? hb->left : room::enough;
    };
    auto const* known = nodes_.find(chain[place].name);
    if (!is_low(left(chain[place])) || !known->low_since || now_ - *known->low_since < how_.room_wait)
        return false;
    for (std::size_t i = 0; i < chain.size(); ++i)
    {
        auto const& m = chain[i];
        if (stays(m, chain) && !loses_the_head(chain, i) && alive(m) && left(m) == room::ample) return true;
    }
    return false;
}

// Silent to us, but each neighbour that we hear still hears it.
bool controller::impl::vouched(std::vector<member> const& chain, std::size_t place) const
{
    auto const& m = chain[place];
    auto const heard_at = detector_.last_heard(m);
    if (auto const* hb = nodes_.last_of(m); hb != nullptr && hb->stalled) return false;
    bool const unheard = detector_.judge(m, now_) == verdict::silent || detector_.assumed(m, now_);
    if (nodes_.superseded(m) || !unheard || !heard_at) return false;
    if (now_ - *heard_at >= how_.vouch_wait) return false;
    bool witness = false;
    for (auto const neighbour : {place - 1, place + 1})
    {
        if (neighbour >= chain.size()) continue;
        auto const* hb = nodes_.last_of(chain[neighbour]);
        if (hb == nullptr || !alive(chain[neighbour]) || hb->promised != rec_.current.at) continue;
        if (has_name(hb->unreachable, m.name)) return false;
        witness = true;
    }
    return witness;
}

void controller::impl::watch_links()
{
    // As nearly always.
    auto misses_somebody = [](auto const& each)
    { return each.second.last && !each.second.last->unreachable.empty(); };
    if (links_.none() && std::none_of(nodes_.begin(), nodes_.end(), misses_somebody)) return;
    // Nothing goes over a link before both ends have promised: till then a missing word says nothing of it.
    auto const& chain = rec_.current.members;
    auto said = [&](member const& m)
    {
        auto const* last = nodes_.last_of(m);
        return last != nullptr && last->promised == rec_.current.at ? last : nullptr;
    };
    heartbeat const* of_a = nullptr;
    for (std::size_t i = 0; i < chain.size(); ++i)
    {
        auto const* const of_b = said(chain[i]);
        if (i > 0)
        {
            auto const &a = chain[i - 1], &b = chain[i];
            bool const reported =
                of_a != nullptr && of_b != nullptr &&
                (has_name(of_a->unreachable, b.name) || has_name(of_b->unreachable, a.name));
            // Of one that is silent to us, too, its neighbour's word says nothing about the link.
            bool const both_speak = alive(a) && alive(b) && !detector_.only_waited_for(a, now_) &&
                                    !detector_.only_waited_for(b, now_);
            links_.observe({a.name, b.name}, reported && both_speak, now_);
        }
        of_a = of_b;
    }
    if (pending()) take_back_links();
}

// Whoever has promised a configuration speaks of its neighbours in that, and of no others. So a report counts
// as long as the configuration that leaves out one of its ends can become ACTIVE, however long promises take.
// Where a member of that has failed, the chain is computed again with both ends, unless one of them still
// says that it misses the other: as well as not, the link is whole again, and two copies are more than one.
void controller::impl::take_back_links()
{
    if (intact()) return;
    auto misses = [&](node_id const& from, node_id const& whom)
    {
        auto const* known = nodes_.find(from);
        return known != nullptr && known->last && has_name(known->last->unreachable, whom);
    };
    links_.keep_if([&](link_watch::link const& each)
                   { return misses(each.first, each.second) || misses(each.second, each.first); });
}

// A promise is written down before it is told, behind what the disk is doing: one that takes long is no
// sign of deafness.
microseconds controller::impl::deaf_after(heartbeat const& last) const
{
    return how_.deaf_wait + 4 * bounded_pace(last.fsync);
}

bool controller::impl::promised(member const& m) const
{
    auto const* hb = nodes_.last_of(m);
    return hb != nullptr && hb->promised == rec_.current.at;
}

// Whoever has left the old epoch, has given up its lease as the first thing of its own end, cannot be alive
// or has no lease any more serves no more reads in it.
bool controller::impl::leases_settled() const
{
    auto settled = [&](member const& m)
    {
        auto const* hb = nodes_.last_of(m);
        return (hb != nullptr && (hb->promised > rec_.last_active.at || hb->stepping_down)) ||
               detector_.judge(m, now_) == verdict::gone || leases_.over(m, now_);
    };
    auto const& old = rec_.last_active.members;
    return std::all_of(old.begin(), old.end(), settled);
}

// It holds, verified in this very epoch, whatever the old tail may have counted as committed when it
// promised.
bool controller::impl::joiner_complete() const
{
    auto const& chain = rec_.current.members;
    if (chain.size() < 2) return false;
    auto const* joiner = nodes_.last_of(chain.back());
    auto const tail = promised_end_.find(chain[chain.size() - 2]);
    if (joiner == nullptr || joiner->promised != rec_.current.at || tail == promised_end_.end()) return false;
    return std::min(joiner->end.at, joiner->verified) >= tail->second;
}

bool controller::impl::intact() const
{
    auto const& chain = rec_.current.members;
    return std::all_of(chain.begin(), chain.end(), [&](member const& m) { return alive(m); });
}

bool controller::impl::try_activate()
{
    auto const& chain = rec_.current.members;
    auto has_promised = [&](member const& m) { return promised(m); };
    if (rule(rule_id::activation_waits_for_all_promises) &&
        !std::all_of(chain.begin(), chain.end(), has_promised))
        return false;
    if (rule(rule_id::activation_waits_for_leases) && !leases_settled()) return false;
    if (rule(rule_id::activation_waits_for_the_joiner) && rec_.current.joiner && !joiner_complete())
        return false;

    record next = rec_;
    next.current.state = config_state::active;
    // Who was taken out to be moved is back.
    if (next.current.joiner) no_longer_moved(next, *next.current.joiner);
    next.current.joiner.reset();
    next.last_active = next.current;
    with_it_.push_back({.what = "active", .at = next.current.at, .who = {}, .why = names(chain)});
    persist(std::move(next));
    return true;
}

std::string controller::impl::why_not_in_a_cold_chain(member const& m) const
{
    auto const* known = nodes_.find(m.name);
    if (known == nullptr || !known->last || !alive(known->who)) return "not back when the chain began again";
    if (!m.same_store(known->who)) return "it is back with another database";
    if (known->deaf_to) return "it does not hear the config service";
    return why_held(held::lost_writes, *known);
}

std::string controller::impl::why_out(member const& m, proposal const& next) const
{
    auto const* known = nodes_.find(m.name);
    if (is_removed(m.name)) return "by the administrator";
    if (is_drained(m.name)) return "drained by the administrator";
    if (next.cold) return why_not_in_a_cold_chain(m);
    if (nodes_.superseded(m)) return "its process was restarted";
    if (known != nullptr && known->last && known->last->outdated) return outdated_words(m.name, *known->last);
    if (known != nullptr && known->last && known->last->stepping_down) return "it stopped cleanly";
    if (detector_.judge(m, now_) == verdict::gone) return "its process is gone";
    if (!alive(m) && known != nullptr && stands_still(*known)) return "its disk stands still";
    if (!alive(m) && (known == nullptr || !known->last))
        return "not heard since the config service began, " + in_ms(now_ - started_) + " ago";
    if (!alive(m)) return "no heartbeat for " + in_ms(now_ - detector_.last_heard(m).value_or(now_));
    if (rec_.current.joiner == m.name)
        return now_ - pending_since_ > splice_stall()
                   ? "did not complete within " + in_ms(splice_stall())
                   : "the chain changed while it was joining: it begins again";
    if (known != nullptr && known->deaf_to)
        return stands_still(*known) ? "its disk stands still" : "it does not hear the config service";
    if (being_moved(m, rec_.current.members)) return "to come back as the tail";
    auto const& base = rec_.current.members;
    auto const at = std::find(base.begin(), base.end(), m);
    if (at != base.end() && leaves_for_room(base, static_cast<std::size_t>(at - base.begin())))
        return "its disk is nearly full";
    if (auto const clock = what_its_clock_is(m.name); !may_lead(m))
        return clock.empty() ? "not to be the head: its newest rows are of a wrong time"
                             : "not to be the head as long as its clock is wrong: " + clock;
    return "its link to a neighbour is dead";
}

}  // namespace chaind::control
