// Who catches up, one at a time, and when it is spliced as the new tail: docs/protocol.md 8.

#include "base/rules.hpp"
#include "control/controller_impl.hpp"
#include "control/names.hpp"

#include <algorithm>
#include <utility>

namespace chaind::control
{
namespace
{

// After a splice that failed, even a chain of one goes on for so many first waits before the next try.
constexpr int failures_alone = 4;
// Further behind than this, a learner catches up.
constexpr microseconds keeps_up = 1s;
// Who is hung up on for what it says connects again sooner, and says it again.
constexpr microseconds contradicts_for = 5s;

}  // namespace

bool controller::impl::may_learn(node_id const& name) const
{
    return ready(name) && !misses_the_tail(name) &&
           !nodes_.find(name)->return_after.waits(now_, longest_wait(name));
}

// Behind a tail with which it has no link it would be taken out again at once, and the chain would stop
// twice.
bool controller::impl::misses_the_tail(node_id const& name) const
{
    auto const& last = nodes_.find(name)->last;
    auto const& chain = rec_.current.members;
    return !chain.empty() && last && last->promised == rec_.current.at &&
           has_name(last->missed, chain.back().name);
}

// How long a node that left or failed often may be kept waiting. A chain that is short is worse than one that
// stops for some milliseconds: unless somebody else comes in, nobody waits longer than the first time, and
// nobody at all who would stand beside the last one. Where it was the splice that failed, the chain would
// stop for splice_stall each time.
microseconds controller::impl::longest_wait(node_id const& name) const
{
    auto const& chain = rec_.current.members;
    if (chain.size() >= rec_.want) return microseconds::max();
    auto at_once = [&](node_id const& other)
    {
        return other != name && ready(other) && has_place_for(other) &&
               !nodes_.find(other)->return_after.waits(now_);
    };
    if (std::any_of(rec_.known.begin(), rec_.known.end(), at_once)) return microseconds::max();
    bool const alone = chain.size() == 1;
    if (nodes_.find(name)->return_after.failed())
        return alone ? failures_alone * how_.flap_first : microseconds::max();
    return alone ? microseconds{0} : how_.flap_first;
}

// But for its back-off.
bool controller::impl::ready(node_id const& name) const
{
    // A member that restarted may hold rows that are acknowledged later on the strength of its old run, and a
    // cold start may still count on them: it is no learner before a chain without it is ACTIVE.
    bool const may_be_member = !rule(rule_id::a_restarted_member_is_no_learner);
    if (!may_be_member && has_name(rec_.current.members, name)) return false;
    auto const* found = nodes_.find(name);
    if (found == nullptr || !found->last || is_to_leave(name)) return false;
    if (!alive(found->who) || found->last->stepping_down) return false;
    if (found->last->in_doubt || is_low(found->last->left)) return false;
    return !may_be_member || !rec_.current.contains(found->who);
}

// A replacement comes in beside the member that it replaces, however long the chain is, and a member that was
// taken out to be moved gets its place back. A member that is to leave takes no place: the last one of a
// chain cannot go before its successor is in. Nor does a member that has been replaced, which waits until
// nobody is missing.
bool controller::impl::has_place_for(node_id const& name) const
{
    bool const replacement = rec_.replacing && rec_.replacing->with == name;
    auto const& chain = rec_.current.members;
    auto const goes = [&](node_id const& member)
    {
        return is_to_leave(member) ||
               (rec_.replacing && rec_.replacing->old == member && has_name(chain, rec_.replacing->with));
    };
    auto const stay =
        std::count_if(chain.begin(), chain.end(), [&](member const& m) { return !goes(m.name); });
    return static_cast<std::size_t>(stay) < rec_.want || replacement || is_moved(rec_, name);
}

// Who is awaited, who was a member, who has a log, who has nothing; of equals, whose transfer has begun.
int controller::impl::rank(node_id const& name) const
{
    bool const begun = join_ && join_->who == name;
    auto of = [&]
    {
        if ((rec_.replacing && rec_.replacing->with == name) || is_moved(rec_, name)) return 0;
        auto const* found = nodes_.find(name);
        if (found == nullptr || !found->last) return 3;
        if (found->member_since != instant{}) return 1;
        return found->last->end.at > seq{} ? 2 : 3;
    };
    return 2 * of() - (begun ? 1 : 0);
}

std::optional<node_id> controller::impl::next_learner() const
{
    std::optional<node_id> best;
    // After our own start we may hear an empty spare before those that have a log.
    bool const too_early = now_ - started_ < how_.silence;
    for (auto const& name : rec_.known)
    {
        if (!may_learn(name) || !has_place_for(name)) continue;
        bool const waits = too_early && nodes_.find(name)->last->end.at == seq{};
        if (!waits && (!best || rank(name) < rank(*best))) best = name;
    }
    return best;
}

// The tail; another one if that could not help the last time. Whose disk has changed rows makes no snapshot
// of them. The head has the most to do: only where it is the last one that is sound.
member const& controller::impl::next_source() const
{
    auto const& chain = rec_.current.members;
    auto const& tail = chain.back();
    auto const is_sound = [&](member const& m) { return alive(m) && !is_damaged(m.name); };
    for (auto place = chain.size() - 1; place > 0; --place)
        if (is_sound(chain[place]) && bad_source_ != chain[place].name) return chain[place];
    return !is_sound(tail) && is_sound(chain.front()) ? chain.front() : tail;
}

learner_progress const* controller::impl::progress() const
{
    if (!learning_) return nullptr;
    auto const* source = nodes_.last_of(learning_->source);
    if (source == nullptr || source->promised != rec_.current.at || !source->feeding) return nullptr;
    return source->feeding->learner == learning_->learner ? &*source->feeding : nullptr;
}

void controller::impl::give_up_learning(std::string why, bool blame_the_source)
{
    auto const& name = learning_->learner.name;
    nodes_.at(name).return_after.failed_to_catch_up(now_, how_.flap_first, how_.flap_last);
    nodes_.at(name).failed_because = why;
    nodes_.at(name).unheard_by.reset();
    bad_source_ = blame_the_source ? std::optional(learning_->source.name) : std::nullopt;
    tell("stalled", name, std::move(why));
    learning_.reset();
    trouble_since_.reset();
}

void controller::impl::note_trouble()
{
    auto const* learner = nodes_.last_of(learning_->learner);
    auto const* how_far = progress();
    bool const its_own = learner != nullptr && !learner->trouble.empty();
    bool const the_source = how_far != nullptr && !how_far->trouble.empty();
    if (!its_own && !the_source)
    {
        trouble_since_.reset();
        return;
    }
    if (!trouble_since_) trouble_since_ = now_;
    if (now_ - *trouble_since_ <= how_.trouble_wait) return;
    auto const source = learning_->source.name.name.str();
    give_up_learning(its_own ? learner->trouble : source + ": " + how_far->trouble, !its_own);
}

void controller::impl::attend_learner()
{
    auto const before = learning_;
    auto const* how_far = progress();
    bool const near = how_far != nullptr && !how_far->needs_snapshot && how_far->lag_time <= keeps_up;
    if (!near)
        keeps_up_since_.reset();
    else if (!keeps_up_since_)
        keeps_up_since_ = now_;
    if (learning_) note_trouble();
    if (learning_)
    {
        auto const& learner = learning_->learner;
        auto const* found = nodes_.find(learner.name);
        // As long as its source names it, it is cared for: making a big snapshot takes a while.
        if (now_ - fed_at_ > how_.learner_stall)
        {
            auto const [who, source] = *learning_;
            give_up_learning("no word of it from " + source.name.name.str(), true);
            nodes_.at(who.name).unheard_by = source.name;
        }
        else if (found->who != learner || !may_learn(learner.name) || !has_place_for(learner.name))
            learning_.reset();
        // It makes no snapshot of what its disk has changed; who has sound rows does.
        else if (is_damaged(learning_->source.name) && !is_damaged(next_source().name))
            learning_.reset();
    }
    if (!learning_)
        if (auto const name = next_learner())
            if (auto const& source = next_source(); alive(source))
            {
                auto const& node = nodes_.at(*name);
                learning_ = learner_assignment{.learner = node.who, .source = source};
                fed_at_ = now_;
                trouble_since_.reset();
                if (!join_ || join_->who != *name)
                    join_ = join_status{.who = *name, .since = now_, .began_at = node.last->end.at};
                if (std::exchange(told_by_, source) != source) told_bytes_ = 0;
                tell("learner", *name, "catches up from " + source.name.name.str());
            }
    if (learning_ != before) broadcast();
}

// How long an entry that the source has just got takes to be known as durable at the learner, at worst: it
// may wait for one write of each disk before its own.
microseconds controller::impl::pace_of_splice() const
{
    auto const* how_far = progress();
    if (how_far == nullptr) return {};
    auto pace = bounded_pace(how_far->round_trip);
    for (auto const& m : {learning_->source, learning_->learner})
        if (auto const* hb = nodes_.last_of(m)) pace += bounded_pace(hb->fsync);
    return pace;
}

// What an open load keeps a learner behind by is never less than its disk and the way to it take. Whoever
// keeps up and still waits is given more with each second: writers wait as long as that once, at the splice.
microseconds controller::impl::splice_lag() const
{
    auto const waited = keeps_up_since_ ? now_ - *keeps_up_since_ : microseconds{0};
    auto const more = std::min<microseconds>(how_.splice_lag_time * (waited / 1s), how_.splice_stall / 2);
    return std::max(how_.splice_lag_time, 2 * pace_of_splice()) + more;
}

microseconds controller::impl::splice_stall() const
{
    return how_.splice_stall + 4 * pace_;
}

std::optional<member> controller::impl::ready_joiner() const
{
    auto const* how_far = progress();
    if (how_far == nullptr || how_far->needs_snapshot) return std::nullopt;
    // The lag counts in time and not in entries: a learner that keeps up takes what came in so short a time
    // in as short a time.
    if (how_far->lag_time > splice_lag()) return std::nullopt;
    auto const& learner = learning_->learner;
    auto const* hb = nodes_.last_of(learner);
    if (hb == nullptr || hb->promised != rec_.current.at) return std::nullopt;
    if (!may_learn(learner.name) || !has_place_for(learner.name)) return std::nullopt;
    return learner;
}

// A cold start waits for those who have everything: its own disk was put back, or has lied.
bool controller::impl::has_lost_writes(node const& what) const
{
    auto const& base = rec_.last_active.members;
    auto same = [&](member const& m) { return m.same_store(what.who); };
    return what.last && alive(what.who) && what.last->end.at < watermark_ &&
           std::any_of(base.begin(), base.end(), same) &&
           std::none_of(base.begin(), base.end(), [&](member const& m) { return alive(m); });
}

held controller::impl::is_held(node_id const& name, node const& what) const
{
    if (!what.contradiction.empty() && now_ - what.contradicted_at < contradicts_for)
        return held::contradicts;
    auto const found = bootstrap_held_.find(name);
    if (found != bootstrap_held_.end() && rec_.last_active.state == config_state::none) return found->second;
    return has_lost_writes(what) ? held::lost_writes : held::no;
}

std::string controller::impl::why_held(held back, node const& what) const
{
    switch (back)
    {
        case held::no: break;
        case held::lost_writes:
            return "its log ends below position " + std::to_string(watermark_.value()) +
                   ", which is committed: its disk has lost acknowledged writes";
        case held::has_log: return "a new chain cannot begin with a replica that has a log";
        case held::second_restored: return "a new chain begins with one restored replica, not with two";
        case held::contradicts: return "what it says of itself cannot be: " + what.contradiction;
    }
    return {};
}

// Whoever was heard after it had left is away for another reason than it left for.
std::string controller::impl::why_away(node const& what) const
{
    if (what.silent_then == what.who) return what.left_because;
    switch (detector_.judge(what.who, now_))
    {
        case verdict::gone: return "its process is gone";
        case verdict::left: return "it stopped cleanly";
        case verdict::silent:
        case verdict::alive: break;
    }
    return "not heard any more";
}

std::string controller::impl::what_is_wrong(node_id const& name, node const& what) const
{
    auto const& chain = rec_.current.members;
    auto const in_chain =
        std::find_if(chain.begin(), chain.end(), [&](member const& m) { return m.name == name; });
    if (is_removed(name)) return "removed by the administrator";
    if (is_drained(name)) return "drained by the administrator";
    if (what.last && what.last->outdated) return outdated_words(name, *what.last);
    if (stands_still(what)) return "its disk stands still";
    if (auto const back = is_held(name, what); back != held::no) return why_held(back, what);
    if (in_chain != chain.end() && !nodes_.superseded(*in_chain) && what.last && !alive(what.who))
        return detector_.judge(what.who, now_) == verdict::silent
                   ? "no heartbeat for " + std::to_string((now_ - what.last_at).count() / 1'000'000) + " s"
                   : why_away(what);
    if (in_chain != chain.end() && !nodes_.superseded(*in_chain))
        return what.last && what.last->damaged ? what.last->trouble : what_its_clock_is(name);
    if (!what.last) return "not heard of yet";
    if (!alive(what.who)) return why_away(what);
    if (in_chain != chain.end()) return "restarted: waits for a chain without its earlier run";
    if (learning_ && learning_->learner.name == name)
    {
        auto const* how_far = progress();
        if (how_far == nullptr) return "catching up";
        if (!how_far->trouble.empty()) return "cannot catch up: " + how_far->trouble;
        if (!what.last->trouble.empty()) return "cannot catch up: " + what.last->trouble;
        if (how_far->needs_snapshot) return "catching up: takes a snapshot";
        return "catching up: " + std::to_string(how_far->lag_entries) + " entries behind";
    }
    if (what.last->in_doubt)
        return what.last->trouble.empty() ? "its rows are compared with what was written"
                                          : "its rows cannot be compared: " + what.last->trouble;
    if (is_low(what.last->left)) return "its disk is nearly full: it comes back when it has room again";
    if (misses_the_tail(name))
        return "it has no link with " + chain.back().name.name.str() +
               ", behind which it would stand: mend the way between them";
    if (auto const longest = longest_wait(name); what.return_after.waits(now_, longest))
    {
        auto const& last = what.failed_because.empty() ? what.left_because : what.failed_because;
        return (what.failed_because.empty() ? "left the chain often: taken back in "
                                            : "failed to come in: tried again in ") +
               std::to_string((what.return_after.until(longest) - now_).count() / 1000) + " ms" +
               (last.empty() ? "" : "; the last time: " + last);
    }
    if (chain.size() >= rec_.want) return "spare: the chain has all its members";
    return "waits for its turn to catch up";
}

}  // namespace chaind::control
