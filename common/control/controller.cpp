#include "control/controller.hpp"

#include "base/rules.hpp"
#include "control/controller_impl.hpp"
#include "control/names.hpp"

#include <algorithm>
#include <utility>

namespace chaind::control
{
namespace
{

constexpr auto tick_every = 10ms;
constexpr auto stranger_again = 10s;
constexpr std::size_t strangers_kept = 16;

}  // namespace

controller::impl::impl(settings how, record from, instant now)
    : how_(std::move(how)),
      rec_(std::move(from)),
      now_(now),
      last_step_(now),
      started_(now),
      detector_(how_.silence, how_.silence_max),
      leases_(how_.lease, how_.lease_margin_percent, now),
      clocks_(how_.clock_tolerance),
      fed_at_(now),
      pending_since_(now),
      watermark_(rec_.watermark),
      watermark_epoch_(rec_.watermark_epoch),
      watermark_saved_(now),
      claims_(rec_.claims)
{
    for (auto const& [name, claim] : claims_)
        highest_ = std::max(highest_, claim.promised);
    // Nobody is dead because we have just started.
    for (auto const* config : {&rec_.last_active, &rec_.current})
        for (auto const& m : config->members)
        {
            detector_.assume(m, now, back_by());
            nodes_.at(m.name).member_since = now;
        }
}

effects controller::impl::step(instant now, event const& what)
{
    effects done;
    out_ = &done;
    now_ = now;
    // Ticks come every 10 ms at the latest: up to there nothing was late.
    if (now - last_step_ > tick_every) late_.note(now - last_step_ - tick_every, now);
    detector_.own_lateness(late_.at(now));
    bool const paused = rule(rule_id::own_pause_is_no_verdict) && now - last_step_ > how_.own_pause;
    if (paused) after_own_pause();
    std::visit([this](auto const& e) { on(e); }, what);
    if (!paused) decide();
    last_step_ = now;
    return done;
}

// What arrived meanwhile is handled in the steps that follow; until then the silence and all other waits were
// ours. Without this a pause of the config service looks like the death of all.
void controller::impl::after_own_pause()
{
    auto const pause = now_ - last_step_;
    detector_.forgive(last_step_, now_);
    links_.forgive(pause);
    clocks_.forgive(pause);
    pending_since_ += pause;
    fed_at_ += pause;
    if (trouble_since_) *trouble_since_ += pause;
    if (cold_since_) *cold_since_ += pause;
}

void controller::impl::on(heard const& e)
{
    auto const& hb = e.heartbeat;
    if (!is_known(hb.from.name))
    {
        note_stranger(hb);
        // Anybody may knock with any name, and events push older ones out.
        if (stranger_told_ && now_ - *stranger_told_ < stranger_again) return;
        stranger_told_ = now_;
        complain(hb.from, "this name is not known here: add it first");
        return;
    }
    auto const before = nodes_.before(hb.from);
    if (auto why = implausible(hb, before ? &*before : nullptr, now_); !why.empty())
    {
        auto const words = "what it says of itself cannot be: " + why;
        complain(hb.from, words);
        auto& node = nodes_.at(hb.from.name);
        node.contradiction = why;
        node.contradicted_at = now_;
        out_->hang_ups.push_back({hb.from, words});
        return;
    }
    highest_ = std::max(highest_, hb.promised);
    strangers_.erase(hb.from.name);
    note_claim(hb);
    if (is_older())
    {
        // Nothing is decided and nobody is answered; people may need to know who is there.
        if (nodes_.heard(hb, detector_, now_)) note_alive(hb);
        return;
    }

    auto const& base = rec_.last_active.members;
    auto alive_now = [&](member const& m) { return alive(m); };
    bool const all_were_silent = rule(rule_id::own_pause_is_no_verdict) && !base.empty() && !hb.stalled &&
                                 std::none_of(base.begin(), base.end(), alive_now);
    if (!nodes_.heard(hb, detector_, now_)) return;
    note_alive(hb);
    // We were cut off from the whole chain and this is its first word: the others' silence was ours as well.
    if (all_were_silent && rec_.last_active.contains(hb.from))
        for (auto const& m : base)
            if (!nodes_.superseded(m) && detector_.judge(m, now_) == verdict::silent)
                detector_.assume(m, now_, stands_still(nodes_.at(m.name)) ? now_ : back_by());

    // Its answer says what time it is.
    clocks_.heard(hb.from.name, hb.wall_us, hb.end.ts_us, detector_.is_on_this_kernel(hb.from), now_);
    compare_clocks();
    note_watermark(hb);
    note_promised_end(hb);
    note_refusal(hb);
    auto& node = nodes_.at(hb.from.name);
    if (node.deaf_to && hb.promised >= *node.deaf_to) node.deaf_to.reset();
    if (hb.outdated && !std::exchange(node.outdated_told, true))
        tell("outdated", hb.from.name, outdated_words(hb.from.name, hb));
    if (hb.damaged && !std::exchange(node.damage_told, true)) tell("damaged", hb.from.name, hb.trouble);
    if (learning_ && hb.from == learning_->source && hb.feeding && hb.feeding->learner == learning_->learner)
    {
        fed_at_ = now_;
        note_join(*hb.feeding);
    }
    answer(hb);
}

// A replica whose disk hangs must look dead, although its process speaks: alive is not working. And whoever
// is not heard by other members either is not on its way to us.
void controller::impl::note_alive(heartbeat const& hb)
{
    if (!hb.stalled) detector_.heard(hb.from, now_, hb.stepping_down, hb.late);
    if (hb.promised != rec_.current.at || !rec_.current.contains(hb.from)) return;
    for (auto const& m : rec_.current.members)
        if (has_name(hb.unreachable, m.name) || has_name(hb.missed, m.name)) detector_.missed(m);
}

bool controller::impl::stands_still(node const& what) const
{
    return what.last && what.last->stalled && now_ - what.last_at <= how_.silence_max;
}

// Our own start, or the end of our isolation, is no failure of theirs: they dial again, one sooner than
// another.
instant controller::impl::back_by() const
{
    return rule(rule_id::who_may_be_on_its_way_is_waited_for) ? now_ + how_.return_wait : now_;
}

void controller::impl::on(tick const& e)
{
    clocks_.own(e.wall_us, now_);  // compared with the next word of a machine: alone it says nothing
}

// A process elsewhere cannot be seen to end: what refuses there may be a forwarder, or another machine.
void controller::impl::on(connected const& e)
{
    bool const same = !how_.kernel.empty() && e.kernel == how_.kernel;
    detector_.connected(e.from, same || !rule(rule_id::death_is_told_by_the_same_kernel));
    nodes_.connected(e.from);
    auto& linked = linked_[e.from.name];
    if (rec_.current.contains(e.from) && linked != e.from && linked != member{})
        out_->hang_ups.push_back({linked, "the member of the chain that has this name is here"});
    linked = e.from;
}

void controller::impl::on(connection_lost const& e)
{
    if (auto const link = linked_.find(e.from.name); link != linked_.end() && link->second == e.from)
        linked_.erase(link);
    if (auto const claim = strangers_.find(e.from.name);
        claim != strangers_.end() && claim->second.by == e.from)
        strangers_.erase(claim);
    if (detector_.lost(e.from)) out_->probes.push_back(e.from);
}

void controller::impl::on(probed const& e)
{
    detector_.probed(e.who, e.gone);
}

// A name that is spoken for is not taken over: not by a second process, and not by a second connection in its
// name. The same run may come again sooner than another, since its old connection may be half open.
std::string controller::impl::objection(member const& who, instant now) const
{
    if (!rule(rule_id::a_name_has_one_link)) return {};
    auto why = spoken_for(who, now);
    if (why.empty() && expects_another(who, now))
        why = "the member of the chain that has this name is expected back";
    return why;
}

// By another process, or by a connection that carries words.
std::string controller::impl::spoken_for(member const& who, instant now) const
{
    auto const link = linked_.find(who.name);
    if (link == linked_.end()) return {};
    auto const& there = link->second;
    // The chain's own run comes first whenever it comes: the other one may have been heard sooner.
    if (rec_.current.contains(who) && !rec_.current.contains(there)) return {};
    auto const* known = nodes_.find(who.name);
    if (known == nullptr || known->who != there || !known->last) return {};  // it has not spoken yet
    // While we were deaf ourselves, it could not speak.
    bool const deaf = now - last_step_ > how_.own_pause;
    if (!deaf && !detector_.alive(there, now)) return {};
    bool const speaks = deaf || detector_.assumed(there, now) || now - known->last_at < how_.silence / 2;
    if (there == who) return speaks ? "this very run has a connection already and speaks on it" : "";
    if (there.same_store(who))
        return "another process has the same database and is connected: was the folder copied?";
    return "another replica of this name is connected";
}

// After our own start the first process of a name that reaches us need not be the one that the chain has
// links with; beside a copied folder the two would then never meet. The chain's own run has time to come
// back, as long as its neighbours may still say that they hear it, and then as long as they do.
bool controller::impl::expects_another(member const& who, instant now) const
{
    auto const& chain = rec_.current.members;
    for (std::size_t i = 0; i < chain.size(); ++i)
    {
        if (chain[i].name != who.name || chain[i] == who) continue;
        if (is_missed(chain, i)) return false;
        auto const* known = nodes_.find(who.name);
        bool const unheard = known == nullptr || !known->last;
        // One with another disk could not take its place: there is no hurry, at any time.
        if (!chain[i].same_store(who))
            return (!nodes_.superseded(chain[i]) && detector_.alive(chain[i], now)) ||
                   (unheard && vouched(chain, i));
        auto const patience = chain.size() > 1 ? how_.silence_max : how_.silence;
        return unheard && (now - started_ < patience || vouched(chain, i));
    }
    return false;
}

// One of its neighbours says that its link is dead.
bool controller::impl::is_missed(std::vector<member> const& chain, std::size_t place) const
{
    auto const& name = chain[place].name;
    return std::any_of(
        chain.begin(),
        chain.end(),
        [&](member const& m)
        {
            auto const* hb = nodes_.last_of(m);
            return hb != nullptr && hb->promised == rec_.current.at && has_name(hb->unreachable, name);
        }
    );
}

// A commit that was reported is on every member's disk for good, in whichever epoch: and so each of them
// says, twice. Whoever once said more than its disk has might be the last one of the chain, and could never
// begin again.
void controller::impl::note_watermark(heartbeat const& hb)
{
    // What this chain commits while another one is being forced is given up with it.
    if (!rec_.last_active.contains(hb.from) || being_forced()) return;
    auto upto = hb.commit;
    if (rule(rule_id::a_commit_is_on_every_disk))
        for (auto const& m : rec_.last_active.members)
        {
            auto const* its = nodes_.find(m.name);
            if (its == nullptr || its->who != m) return;
            upto = std::min(upto, its->end_twice);
        }
    if (upto <= watermark_) return;
    watermark_ = upto;
    watermark_epoch_ = rec_.last_active.at;
}

// The least durable end that it ever reported in this epoch: rows that it deleted since count for nobody.
void controller::impl::note_promised_end(heartbeat const& hb)
{
    if (!pending() || hb.promised != rec_.current.at || !rec_.current.contains(hb.from)) return;
    auto [entry, fresh] = promised_end_.try_emplace(hb.from, hb.end.at);
    if (!fresh) entry->second = std::min(entry->second, hb.end.at);
}

// It was given out, durably, before it was promised. Not being known here, it was given out by a registry
// that was put back since. Empty: nothing.
std::string controller::impl::what_registry_lacks(heartbeat const& hb) const
{
    auto const number = std::to_string(hb.promised.value());
    auto const name = hb.from.name.name.str();
    if (hb.promised > rec_.current.at)
        return "it knows epoch " + std::to_string(rec_.current.at.value()) + ", " + name + " has promised " +
               number;
    if (!rule(rule_id::a_promise_names_its_configuration) || hb.promised_id.empty()) return {};
    auto contradicts = [&](auto const& given)
    { return given.first == hb.promised && !given.second.empty() && given.second != hb.promised_id; };
    if (rec_.current.contradicts(hb.promised, hb.promised_id) ||
        std::any_of(rec_.given.begin(), rec_.given.end(), contradicts))
        return name + " has promised another chain of epoch " + number + " than the one that it knows";
    return {};
}

// Before links are encrypted anybody may speak in the name of a machine that is away, and say its store,
// which is no secret. What was said so falls when that name speaks with that very store, or with one that was
// heard of before, and knows nothing of it, nor does any other machine of the last chain: a store's promise
// never falls (I1), so that this store never made it, and of the others one at least took part in whatever
// came after. Whoever has gone since is believed all the same: it may be the only one that knows what was
// acknowledged, and says so again when it is back, since it is told of nothing newer meanwhile.
void controller::impl::note_claim(heartbeat const& hb)
{
    auto const found = claims_.find(hb.from.name);
    auto lacks = what_registry_lacks(hb);
    if (lacks.empty())
    {
        if (found == claims_.end()) return;
        auto const& claim = found->second;
        bool const is_known = claim.by.same_store(hb.from) || claim.stores_before.contains(hb.from.store);
        if (is_known && all_agree(hb)) claims_.erase(found);
        return;
    }
    // A forced epoch is above all promises, and cures just this.
    if (being_forced()) return;
    if (found != claims_.end())
    {
        found->second.promised = std::max(found->second.promised, hb.promised);
        return;
    }
    learning_.reset();
    if (administration_) finish(admin_verdict::old_registry);
    complain(hb.from, "the registry is older than the replicas: " + lacks + "; nothing is decided any more");
    auto& made = claims_[hb.from.name];
    made = {.by = hb.from, .promised = hb.promised, .lacks = std::move(lacks), .stores_before = {}};
    for (auto const* config : {&rec_.last_active, &rec_.current})
        for (auto const& m : config->members)
            if (m.name == hb.from.name) made.stores_before.insert(m.store);
    if (auto const* known = nodes_.find(hb.from.name); known != nullptr && known->last)
    {
        made.stores_before.insert(known->who.store);
        for (auto const& run : known->past)
            made.stores_before.insert(run.store);
    }
}

// All machines of the last chain are there with the stores that it had, and none knows of a later one.
bool controller::impl::all_agree(heartbeat const& newest) const
{
    auto const& chain = rec_.last_active.members;
    return std::all_of(
        chain.begin(),
        chain.end(),
        [&](member const& m)
        {
            if (m.name == newest.from.name) return newest.from.same_store(m);
            auto const* known = nodes_.find(m.name);
            return known != nullptr && known->last && known->who.same_store(m) && alive(known->who) &&
                   what_registry_lacks(*known->last).empty();
        }
    );
}

void controller::impl::note_stranger(heartbeat const& hb)
{
    auto lacks = implausible(hb, nullptr, now_).empty() ? what_registry_lacks(hb) : std::string();
    if (lacks.empty())
    {
        strangers_.erase(hb.from.name);
        return;
    }
    if (strangers_.size() >= strangers_kept || being_forced()) return;
    highest_ = std::max(highest_, hb.promised);
    lacks += ", and is not known to it at all";
    strangers_[hb.from.name] = {
        .by = hb.from, .promised = hb.promised, .lacks = std::move(lacks), .stores_before = {}
    };
}

void controller::impl::answer(heartbeat const& hb)
{
    if (told().state == config_state::none) return;
    auto what = directive_for(hb.from.name);
    bool const may_lease = rec_.current.state == config_state::active && !changing() &&
                           rec_.current.contains(hb.from) && hb.promised == rec_.current.at &&
                           !hb.stepping_down && !hb.stalled;
    if (may_lease)
    {
        leases_.granted(hb.from, now_);
        what.lease_for = hb.sent;
    }
    out_->directives.push_back({.to = hb.from, .directive = std::move(what)});
}

directive controller::impl::directive_for(node_id const& name) const
{
    bool const leaving = is_drained(name) || draining() == name;
    return {
        .config = told(),
        .learning = learning_,
        .lease_for = {},
        .drain = leaving,
        .time_us = clocks_.time_us(now_),
        .heard = heard_members()
    };
}

std::vector<node_id> controller::impl::heard_members() const
{
    std::vector<node_id> out;
    for (auto const& m : rec_.current.members)
        if (alive(m) && nodes_.last_of(m) != nullptr) out.push_back(m.name);
    return out;
}

// As long as the registry is older, nobody is told of what was on its way when that was heard: whoever
// promised that would not know any more what it promised before.
void controller::impl::broadcast()
{
    if (is_older() || told().state == config_state::none) return;
    for (auto const& [name, node] : nodes_)
        if (node.last) out_->directives.push_back({.to = node.who, .directive = directive_for(name)});
}

void controller::impl::persist(record next, bool new_lineage)
{
    next.revision = rec_.revision + 1;
    next.watermark = watermark_;
    next.watermark_epoch = watermark_epoch_;
    next.claims = claims_;
    watermark_saved_ = now_;
    writing_ = next;
    writing_since_ = now_;
    out_->persist = std::move(next);
    out_->new_lineage = new_lineage;
    if (told() != rec_.current) broadcast();
}

void controller::impl::on(stored const& e)
{
    if (!writing_ || writing_->revision != e.revision) return;
    auto const before = rec_;
    rec_ = *std::exchange(writing_, std::nullopt);
    for (auto& fact : with_it_)
        out_->notices.push_back(std::move(fact));
    with_it_.clear();
    if (rec_.drained != before.drained) broadcast();
    if (rec_.current == before.current) return;
    if (pending())
        pending_stored();
    else
        active_stored(before.last_active);
    broadcast();
}

void controller::impl::pending_stored()
{
    pending_since_ = now_;
    promised_end_.clear();
    learning_.reset();
    trouble_since_.reset();
}

void controller::impl::active_stored(chain_config const& before)
{
    leases_.clear();
    links_.clear();
    promised_end_.clear();
    for (auto const& m : rec_.current.members)
        if (!has_name(before.members, m.name))
        {
            nodes_.at(m.name).member_since = now_;
            nodes_.at(m.name).failed_because.clear();
            nodes_.at(m.name).unheard_by.reset();
            joined(m.name);
        }
    auto asked_to_go = [&](node_id const& name)
    {
        auto const& node = nodes_.at(name);
        return is_to_leave(name) || is_moved(rec_, name) || (node.last && is_low(node.last->left));
    };
    for (auto const& m : before.members)
    {
        if (has_name(rec_.current.members, m.name) || asked_to_go(m.name)) continue;
        auto& gone = nodes_.at(m.name);
        gone.return_after.left(now_, now_ - gone.member_since, how_.flap_first, how_.flap_last);
    }
    for (auto const& [name, node] : nodes_)
        for (auto const& run : node.past)
            if (!rec_.current.contains(run)) detector_.forget(run);
}

std::vector<node_id> const& controller::impl::known() const
{
    return rec_.revision == 0 ? how_.bootstrap : rec_.known;
}

bool controller::impl::is_known(node_id const& name) const
{
    return has_name(known(), name);
}

bool controller::impl::is_removed(node_id const& name) const
{
    return has_name(rec_.removed, name);
}

bool controller::impl::is_drained(node_id const& name) const
{
    return has_name(rec_.drained, name);
}

bool controller::impl::is_to_leave(node_id const& name) const
{
    return is_removed(name) || is_drained(name);
}

bool controller::impl::alive(member const& m) const
{
    return !nodes_.superseded(m) && detector_.alive(m, now_);
}

bool controller::impl::changing() const
{
    return pending() || (writing_ && writing_->current != rec_.current);
}

bool controller::impl::being_forced() const
{
    return writing_ && administration_ && administration_->what == verb::force;
}

bool controller::impl::goes_on_without(node_id const& name) const
{
    auto const& chain = rec_.last_active;
    if (is_older() || being_forced() || chain.state != config_state::active) return false;
    auto counts_on_it = [&](chain_config const& each) { return has_name(each.members, name); };
    if (counts_on_it(chain) || counts_on_it(rec_.current) || (writing_ && counts_on_it(writing_->current)))
        return false;
    auto lives = [&](member const& m) { return alive(m) && !detector_.assumed(m, now_); };
    return std::any_of(chain.members.begin(), chain.members.end(), lives);
}

chain_config const& controller::impl::told() const
{
    bool const early = !rule(rule_id::activation_is_durable_before_it_is_told) && writing_ &&
                       writing_->current.state == config_state::active;
    return early ? writing_->current : rec_.current;
}

void controller::impl::complain(member const& about, std::string why)
{
    if (complained_.size() > 256) complained_.clear();
    if (complained_.insert(about).second) tell("refused", about.name, std::move(why));
}

void controller::impl::tell(std::string what, node_id who, std::string why)
{
    out_->notices.push_back(
        {.what = std::move(what),
         .at = rec_.current.at,
         .who = std::move(who),
         .why = std::move(why),
         .repeatable = true}
    );
}

std::vector<node_status> controller::impl::nodes() const
{
    std::map<node_id, node> all;
    for (auto const& name : known())
        all[name];
    for (auto const& [name, node] : nodes_)
        all[name] = node;
    std::vector<node_status> out;
    for (auto const& [name, node] : all)
    {
        node_status status;
        status.name = name;
        status.last = node.last;
        status.alive = node.last && detector_.alive(node.who, now_);
        status.stalled = stands_still(node);
        status.learner = learning_ && learning_->learner.name == name;
        if (node.last && !status.alive) status.failed_since = detector_.last_heard(node.who);
        status.reason = what_is_wrong(name, node);
        status.back = is_held(name, node);
        status.unheard_by = node.unheard_by;
        status.clock_error = clocks_.error(name);
        out.push_back(std::move(status));
    }
    return out;
}

std::optional<node_id> controller::impl::draining() const
{
    if (!administration_ || administration_->what != verb::drain) return std::nullopt;
    // A disk that stands still keeps it in the chain: its clients come back.
    bool const held_up = writing_ && now_ - writing_since_ > how_.drain_wait;
    return held_up || administration_->withdrawn ? std::nullopt : std::optional(administration_->who);
}

std::optional<join_status> controller::impl::joining() const
{
    auto const who = pending()   ? rec_.current.joiner
                     : learning_ ? std::optional(learning_->learner.name)
                                 : std::nullopt;
    if (!who) return std::nullopt;
    if (join_ && join_->who == *who) return join_;
    return join_status{.who = *who, .since = now_};
}

controller::controller(settings how, record from, instant now)
    : impl_(std::make_unique<impl>(std::move(how), std::move(from), now))
{
}
controller::~controller() = default;
controller::controller(controller&&) noexcept = default;
controller& controller::operator=(controller&&) noexcept = default;

std::string controller::objection(member const& who, instant now) const
{
    return impl_->objection(who, now);
}

admin_reply controller::judge(event const& asked) const
{
    impl trial(*impl_);
    return trial.judged(asked);
}

effects controller::step(instant now, event const& what)
{
    return impl_->step(now, what);
}

record const& controller::current() const
{
    return impl_->current();
}

std::vector<node_status> controller::nodes() const
{
    return impl_->nodes();
}

std::optional<learner_assignment> controller::learning() const
{
    return impl_->learning();
}

std::optional<join_status> controller::joining() const
{
    return impl_->joining();
}

std::optional<node_id> controller::draining() const
{
    return impl_->draining();
}

bool controller::changing() const
{
    return impl_->changing();
}

std::string controller::registry_lacks() const
{
    return impl_->registry_lacks();
}

std::int64_t controller::time_us() const
{
    return impl_->time_us();
}

std::optional<microseconds> controller::own_clock_error() const
{
    return impl_->own_clock_error();
}

bool controller::knows(node_id const& name) const
{
    return impl_->is_known(name);
}

bool controller::goes_on_without(node_id const& name) const
{
    return impl_->goes_on_without(name);
}

}  // namespace chaind::control
