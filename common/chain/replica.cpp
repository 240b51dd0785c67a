#include "chain/replica.hpp"

#include "base/rules.hpp"
#include "chain/replica_impl.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{
namespace
{

// In one step of the config service's word. A machine that was away longer has not seen as many changes; one
// mistaken word leaves room above it for a forced epoch (a promise never falls).
constexpr std::uint64_t most_epochs_at_once = std::uint64_t{1} << 32;

}  // namespace

replica::replica(settings how, recovered from) : impl_(std::make_unique<impl>(std::move(how), from)) {}
replica::~replica() = default;
replica::replica(replica&&) noexcept = default;
replica& replica::operator=(replica&&) noexcept = default;

effects replica::step(now_t const& now, event const& what)
{
    return impl_->step(now, what);
}

replica_status replica::status() const
{
    replica_status out;
    impl_->status(out);
    return out;
}

void replica::status(replica_status& again) const
{
    impl_->status(again);
}

service const& replica::can_do() const
{
    return impl_->can_do();
}

bool replica::lease_valid(instant now) const
{
    return impl_->lease_valid(now);
}

std::int64_t replica::time_us(now_t const& now) const
{
    return impl_->clock().read_us(now);
}

bool replica::time_is_agreed() const
{
    return impl_->clock().agreed_us({}).has_value();
}

namespace
{

// It answers each heartbeat. A machine that has lost its power says no goodbye.
constexpr auto config_silent_after = 1s;
// A link that comes back sooner sends nobody away.
constexpr auto cut_off_after = 2s;

}  // namespace

// A restarted process knows what its store promised, but is no member: its boot is another one.
replica::impl::impl(settings how, recovered const& from)
    : how_(std::move(how)),
      clock_(how_.clock_tolerance),
      log_(from),
      writes_(log_.end(), from.applied.at, from.promised),
      commit_(from.applied.at),
      restored_(from.restored && !from.promised.contains_store(how_.self))
{
    rows_suspect_ = from.rows_suspect;
    if (from.rows_checked || from.applied.at == seq{}) rows_ = rows::sound;
    epoch_ = beginning_of(from.promised);
    note_service();
}

own_state replica::impl::own() const
{
    std::optional<microseconds> stalled_for;
    if (stalled_since_) stalled_for = now_.steady - *stalled_since_;
    return {
        .chain = epoch_.config,
        .least = least_,
        .min_replicas = how_.min_replicas,
        .active = epoch_.activated,
        .learns = epoch_.part() == role::learner,
        .takes_snapshot = snapshot_in_.progress().has_value(),
        .has_lease = lease_valid(now_.steady),
        .drain = drain_,
        .hears_config = config_heard_ && now_.steady - *config_heard_ < config_silent_after,
        .stopping = stopping_ || anew_,
        .stalled_for = stalled_for,
        .waiting_for = waiting_since_ ? now_.steady - *waiting_since_ : microseconds{},
        .applying_for = applying_since_ ? now_.steady - *applying_since_ : microseconds{},
        .read_limit = how_.read_limit,
        .end = log_.end(),
        .commit = commit_,
    };
}

void replica::impl::note_service()
{
    if (!epoch_.activated || commit_ == log_.end())
        waiting_since_.reset();
    else if (!waiting_since_ || std::exchange(waiting_after_, commit_) != commit_)
        waiting_since_ = now_.steady;
    if (writes_.applied() == log_.end())
        applying_since_.reset();
    else if (!applying_since_ || writes_.applied() >= applying_upto_)
    {
        applying_since_ = now_.steady;
        applying_upto_ = log_.end();
    }
    least_ = least();
    auto const here = own();
    if (reach_of newest{epoch_.config.at, known_.changes(), here.hears_config}; reach_of_ != newest)
    {
        service_.seen = judge_reach(epoch_.config, how_.self, known_, here.hears_config);
        reach_of_ = newest;
    }
    judge_service(here, service_);
    if (!here.active || !service_.seen.others_go_on)
        alone_since_.reset();
    else if (!alone_since_)
        alone_since_ = now_.steady;
    if (alone_since_ && now_.steady - *alone_since_ >= cut_off_after) service_.cut_off = true;
}

effects replica::impl::step(now_t const& now, event const& what)
{
    BOOST_ASSERT(now.steady >= now_.steady);
    now_ = now;
    effects done;
    out_ = &done;
    if (!halted_ && !anew_)
    {
        std::visit([this](auto const& each) { on(each); }, what);
        settle();
        note_service();
    }
    if (anew_)
    {
        done = {};
        done.anew = anew_;
    }
    if (halted_)
    {
        done = {};
        done.halt = halted_;
    }
    return done;
}

void replica::impl::settle()
{
    if (halted_ || anew_) return;
    enter_if_promised();
    activate_if_ready();
    keep_links();
    advance_stable();
    advance_commit();
    order_apply();
    if (!reads_.none()) reads_.advance(read_view(), *out_);
    pump_links();
    attend_snapshots();
    acknowledge();
    heartbeat_if_due();
    log_.evict(writes_.applied(), how_.cache_bytes);
    say_may_drop();
    BOOST_ASSERT(log_.base().at <= writes_.applied());
    BOOST_ASSERT(writes_.applied() <= writes_.apply_ordered());
    BOOST_ASSERT(writes_.apply_ordered() <= commit_);
    BOOST_ASSERT(commit_ <= epoch_.verified && epoch_.verified <= log_.end());
    writes_.flush(out_->writes);
    for (auto const& write : out_->writes)
        ordered_at_.emplace_back(write.id, now_.steady);
}

void replica::impl::halt(std::string why)
{
    if (!halted_) halted_ = std::move(why);
}

// A learner's store is kept as it is, and it begins with an empty one; a member must not decide that alone.
void replica::impl::other_history(std::string why)
{
    if (epoch_.position)
        halt(std::move(why));
    else if (!anew_)
        anew_ = begin_anew{.install = std::nullopt, .promised = {}, .set_aside = std::move(why)};
}

void replica::impl::send(member const& to, message what)
{
    out_->sends.push_back({to, std::move(what)});
}

void replica::impl::on(tick const&)
{
    if (in_stream() && now_.steady - said_at_ >= how_.mark_every && epoch_.source) epoch_.ack_due = true;
    if (may_submit() && now_.steady - resubmitted_at_ >= how_.resubmit_after / 4)
    {
        resubmitted_at_ = now_.steady;
        hand_over(locals_.due(now_.steady - how_.resubmit_after, now_.steady));
    }
}

void replica::impl::on(received const& what)
{
    heard_at_[what.from.name] = now_.steady;
    ended_.erase(what.from.name);
    std::visit(
        [&](auto const& each)
        {
            if (each.in != epoch_.config.at && rule(rule_id::messages_of_other_epochs_are_dropped)) return;
            if (!in_stream()) return;
            from_peer(what.from, each);
        },
        what.message
    );
}

void replica::impl::on(peer_up const& what)
{
    if (auto* link = link_to(what.peer)) link->reset();
    if (may_submit() && is(epoch_.config.members.front(), what.peer))
        hand_over(locals_.due(now_.steady, now_.steady));
}

void replica::impl::on(peer_down const& what)
{
    heard_at_[what.peer.name] = now_.steady - how_.silent_after;
    ended_.insert(what.peer.name);
}

void replica::impl::on(peer_links const& what)
{
    known_.note(what);
}

void replica::impl::on(config_link const& what)
{
    config_heard_ = what.up ? std::optional(now_.steady) : std::nullopt;
}

void replica::impl::on(directed const& what)
{
    auto const& next = what.directive.config;
    if (next.at > epoch_.config.at && next.at - epoch_.config.at > most_epochs_at_once)
    {
        // At once, but each word is answered by another one.
        heartbeat_due_ = heartbeat_due_ || told_trouble_.empty();
        told_trouble_ = "the config service speaks of epoch " + std::to_string(next.at.value()) +
                        ", and no chain gets there from epoch " + std::to_string(epoch_.config.at.value());
        return;
    }
    told_trouble_.clear();
    config_heard_ = now_.steady;
    known_.config_hears(what.directive.heard);
    if (next.at > epoch_.config.at)
        adopt(next);
    else if (next.at < epoch_.config.at || next.state == config_state::none ||
             next.members != epoch_.config.members)
        return;
    // The registry was put back: what it says of this epoch now is not what was promised.
    else if (epoch_.config.contradicts(next.at, next.id) && rule(rule_id::a_promise_names_its_configuration))
        return;
    else if (next.state == config_state::active)
        epoch_.config.state = config_state::active;
    clock_.told(what.directive.time_us, now_.steady);
    drain_ = what.directive.drain;
    assign_learner(what.directive.learning);
    bool const leaves = stepping_down_ && rule(rule_id::who_says_goodbye_has_no_lease);
    if (what.directive.lease_for && epoch_.config.state == config_state::active && epoch_.position &&
        !leaves && *what.directive.lease_for <= now_.steady)
    {
        auto from =
            rule(rule_id::a_lease_counts_from_the_send_time) ? *what.directive.lease_for : now_.steady;
        epoch_.lease_until = std::max(epoch_.lease_until.value_or(instant{}), from + how_.lease);
    }
}

void replica::impl::on(written const& what)
{
    auto const before = writes_.durable();
    bool const known = writes_.confirm(what.upto);
    BOOST_ASSERT(known);
    for (; !ordered_at_.empty() && ordered_at_.front().first <= what.upto; ordered_at_.pop_front())
        fsync_.note(now_.steady - ordered_at_.front().second, now_.steady);
    if (epoch_.source && writes_.durable() != before) epoch_.ack_due = true;
}

void replica::impl::on(disk_room const& what)
{
    if (room_ == what.left) return;
    room_ = what.left;
    epoch_.ack_due = true;
    heartbeat_due_ = true;
}

void replica::impl::on(disk_stalled const& what)
{
    stalled_since_ = what.since;
}

void replica::impl::on(step_down const&)
{
    stepping_down_ = true;
    heartbeat_due_ = true;
    // Whoever hears that heartbeat need not wait for it. Reads go on, by asking the others.
    if (rule(rule_id::who_says_goodbye_has_no_lease)) epoch_.lease_until.reset();
}

void replica::impl::on(stopping const&)
{
    stopping_ = true;
}

void replica::impl::status(replica_status& out) const
{
    auto const& told = out.config;
    bool const same =
        told.at == epoch_.config.at && told.id == epoch_.config.id && told.state == epoch_.config.state;
    if (!same) out.config = epoch_.config;
    out.part = epoch_.part();
    out.active = epoch_.activated;
    out.end = log_.end_point();
    out.received = log_.end();
    out.durable = writes_.durable();
    out.verified = epoch_.verified;
    out.stable = epoch_.stable;
    out.commit = commit_;
    out.applied = writes_.applied();
    out.lease_until = epoch_.lease_until.value_or(instant{});
    out.pending_submissions = locals_.size();
    out.base = log_.base();
    out.receiving = snapshot_in_.progress();
    out.least = least_;
    out.moved_bytes = moved_bytes_;
    out.clock_error = clock_.error(now_);
    out.refused_us = epoch_.refused_us;
    out.agreed_us = clock_.agreed_us({});
}

}  // namespace chaind::chain
