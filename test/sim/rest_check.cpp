#include "sim/rest_check.hpp"

#include "sim/world.hpp"

namespace chaind::sim
{
namespace
{

// Every hop and every fsync from now on.
constexpr us hop = 2'000, fsync = 3'000, reading = 1'000;
// Nothing waits for a timer: the shortest of them is longer than this.
constexpr us slack = 1'000;
constexpr us cut_for = 20'000;
constexpr us tick = tick_most + tick_jitter + 200;  // by a clock at its limit
constexpr us reads_end = 4'000'000;                 // a limit of one second, then a last try
constexpr us settling = 600'000, watched = 500'000;

template <class Message, std::size_t i = 0>
constexpr std::size_t index_of()
{
    if constexpr (std::is_same_v<std::variant_alternative_t<i, chain::message>, Message>)
        return i;
    else
        return index_of<Message, i + 1>();
}

template <class Message>
std::uint32_t times(node::deeds const& said)
{
    return said.messages[index_of<Message>()];
}

}  // namespace

void rest_check::run()
{
    auto const slowest = in_.how.fsync.high;
    steady();
    pass(settling + 2 * slowest);
    auto const idle_there = [](auto const& each) { return !each->reading(); };
    auto const none_waits = [&] { return std::all_of(in_.nodes.begin(), in_.nodes.end(), idle_there); };
    (void)span_until(reads_end, none_waits);
    demand(none_waits(), "I25: a read is never answered");
    chain_ = in_.config.registry().last_active;
    members_.clear();
    for (auto const& m : chain_.members)
        members_.push_back(in_.find(m.name));
    idle();
    for (std::size_t place = 0; place < members_.size(); ++place)
    {
        write_at(place);
        read_at(place);
    }
    auto const& how = in_.how.chain;
    for (std::size_t place = 1; place < members_.size(); ++place)
    {
        lose(place - 1, place, 0, how.resend_after.count());
        // They hear of it, and find where their logs meet.
        lose(place - 1, place, 0, cut_for + 3 * hop, true);
        lose(place, place - 1, 0, cut_for + how.mark_every.count() + 2 * hop);
    }
    if (members_.size() > 2)
        lose(members_.size() - 1, 0, members_.size() - 1, how.resubmit_after.count() * 5 / 4);
    // Without the config service no lease is left, and all others are asked.
    in_.config.pause();
    pass(2 * in_.how.chain.lease.count());
    for (std::size_t place = 0; place < members_.size(); ++place)
    {
        read_at(place);
        if (members_.size() > 1) lose_question(place);
    }
}

void rest_check::steady()
{
    auto& how = in_.how;
    how.peer_delay = how.config_delay = {hop, hop};
    how.fsync = {fsync, fsync};
    how.fsync_spike = how.slow_read = 0;
    how.read_time = {reading, reading};
}

void rest_check::pass(us span)
{
    in_.time.run_until(in_.time.now() + span, [] { return true; });
}

template <class Condition>
us rest_check::span_until(us limit, Condition done)
{
    auto const since = in_.time.now();
    in_.time.run_until(since + limit, [&] { return !done(); });
    return in_.time.now() - since;
}

void rest_check::idle()
{
    for (auto* each : members_)
        each->said = {};
    for (us passed = 0; passed < watched; passed += 10'000)
    {
        pass(10'000);
        for (auto const* each : members_)
            demand(each->lease_valid(), "I25: at rest ", each->self().name, " has no lease");
    }
    for (std::size_t place = 0; place < members_.size(); ++place)
        judge_idle(place);
    demand(in_.config.registry().current == chain_, "I25: at rest the chain changes");
}

// A tick comes every 5 to 10 ms, so that what is due every 25 ms takes up to 35.
void rest_check::judge_idle(std::size_t place) const
{
    auto const& each = *members_[place];
    auto const& said = each.said;
    auto said_between = [&](std::uint32_t count, std::uint32_t low, std::uint32_t high, char const* what)
    {
        demand(
            count >= low && count <= high,
            "I25: at rest ",
            each.self().name,
            " said ",
            what,
            ' ',
            count,
            " times"
        );
    };
    bool const head = place == 0, tail = place + 1 == members_.size();
    for (std::size_t kind = 0; kind < said.messages.size(); ++kind)
    {
        bool const mark = kind == index_of<chain::mark>(), ack = kind == index_of<chain::ack>();
        bool const wanted = (mark && !tail) || (ack && !head);
        said_between(
            said.messages[kind],
            wanted ? 14 : 0,
            wanted ? 22 : 0,
            mark  ? "a mark"
            : ack ? "an ack"
                  : "more"
        );
    }
    said_between(said.heartbeats, 8, 11, "a heartbeat");
    demand(said.orders == 0, "I25: at rest ", each.self().name, " writes or reads its store");
    auto const& s = each.status();
    demand(
        s.stable == s.received && s.commit == s.received && s.pending_submissions == 0 && !s.receiving,
        "I25: at rest ",
        each.self().name,
        " is not where all are"
    );
    auto const& can = each.can_do();
    auto const part = head ? (tail ? chain::role::solo : chain::role::head)
                           : (tail ? chain::role::tail : chain::role::middle);
    demand(
        s.config.at == chain_.at && s.config.members == chain_.members && s.active && s.part == part &&
            s.least.left == room::ample && !s.clock_error && s.refused_us == 0 &&
            can.why == chain::not_served::nothing && !can.outside && !can.apart && !can.cut_off &&
            can.hears_config && can.seen.unreached.empty(),
        "I25: at rest ",
        each.self().name,
        " says of itself what is not so"
    );
    judge_word(each);
}

void rest_check::judge_word(node const& of) const
{
    auto const word = in_.config.last_word(of);
    auto const& s = of.status();
    demand(
        word && word->from == of.self() && word->promised == chain_.at && word->end == s.end &&
            word->verified == s.commit && word->commit == s.commit,
        "I25: at rest the config service has not heard where ",
        of.self().name,
        " is"
    );
    demand(
        word->unreachable.empty() && !word->feeding && !word->stepping_down && !word->restored &&
            !word->in_doubt && (!word->damaged || of.rotten) && word->left == room::ample &&
            word->refused_us == 0,
        "I25: at rest ",
        of.self().name,
        " complains: unreachable ",
        word->unreachable.size(),
        ", feeding ",
        word->feeding.has_value(),
        ", stepping down ",
        word->stepping_down,
        ", restored ",
        word->restored,
        ", in doubt ",
        word->in_doubt,
        ", damaged ",
        word->damaged,
        ", room ",
        static_cast<int>(word->left),
        ", refused ",
        word->refused_us
    );
}

// To the head, down the chain, and back up to where it was asked. Where each waits for the disk before it,
// all of these add up; else the head's has long been written when the last one's is.
void rest_check::write_at(std::size_t place)
{
    auto const last = static_cast<us>(members_.size()) - 1;
    auto const here = static_cast<us>(place);
    auto const disks = in_.how.chain.policy == chain::forwarding::parallel ? 1 : last + 1;
    auto const answer = (here > 0 ? hop : 0) + last * hop + disks * fsync + (last - here) * hop;
    auto const before = in_.check.acknowledged();
    auto const since = in_.time.now();
    for (auto* each : members_)
        each->said = {};
    in_.clients.write_once(members_[place]->index());
    (void)span_until(answer + slack, [&] { return in_.check.acknowledged() > before; });
    demand(
        in_.check.acknowledged() > before,
        "I25: a write at ",
        members_[place]->self().name,
        " is not answered after ",
        (in_.time.now() - since) / 1000,
        " ms"
    );
    auto const position = in_.check.acknowledged();
    auto known = [&](node const* each) { return each->status().commit >= position; };
    (void
    )span_until(here * hop + slack, [&] { return std::all_of(members_.begin(), members_.end(), known); });
    for (auto const* each : members_)
        demand(known(each), "I25: ", each->self().name, " does not hear what is committed");
    // What is asked next finds no disk at work.
    pass(2 * fsync);
    for (std::size_t each = 0; each < members_.size(); ++each)
        judge_write(each, place, in_.time.now() - since);
}

// What one sends the other is lost for a moment in which a write passes there: it comes again when its time
// has come, by a clock that is at its limit, at the next tick; or without that, where there is another
// connection afterwards.
void rest_check::lose(std::size_t from, std::size_t to, std::size_t asked, us timer, bool renewed)
{
    auto const last = static_cast<us>(members_.size()) - 1;
    auto const path = hop + 2 * last * hop + (last + 1) * fsync;
    auto const limit = path + timer + timer / 40 + tick;
    auto const before = in_.check.acknowledged();
    auto const cut = [&](int change) { in_.net.cut(members_[from]->index(), members_[to]->index(), change); };
    cut(1);
    in_.clients.write_once(members_[asked]->index());
    pass(cut_for);
    cut(-1);
    if (renewed) in_.links.renew(*members_[from], *members_[to]);
    auto const answered = [&] { return in_.check.acknowledged() > before; };
    (void)span_until(limit - cut_for, answered);
    demand(
        answered(),
        "I25: what ",
        members_[from]->self().name,
        " sent ",
        members_[to]->self().name,
        " was lost, and a write is not answered after ",
        limit / 1000,
        " ms"
    );
    pass(2 * in_.how.chain.resend_after.count());
}

// The row goes down once and is confirmed once, and nobody has anything else to say.
void rest_check::judge_write(std::size_t place, std::size_t asked, us took) const
{
    auto const& each = *members_[place];
    auto const& said = each.said;
    bool const head = place == 0, tail = place + 1 == members_.size();
    demand(
        times<chain::append>(said) == (tail ? 0 : 1) && times<chain::ok>(said) == (head ? 0 : 1) &&
            times<chain::submit>(said) == (place == asked && !head ? 1 : 0) &&
            times<chain::nack>(said) + times<chain::refused>(said) + times<chain::still_at>(said) == 0,
        "I25: one write, and ",
        each.self().name,
        " sent appends ",
        times<chain::append>(said),
        ", oks ",
        times<chain::ok>(said)
    );
    demand(
        said.heartbeats <= took / 50'000 + 1,
        "I25: one write, and ",
        each.self().name,
        " says ",
        said.heartbeats,
        " heartbeats"
    );
}

void rest_check::read_at(std::size_t place)
{
    auto const& each = *members_[place];
    auto const answered = [&] { return in_.count.of(seen::reads_answered); };
    auto const before = answered();
    auto const asked = each.lease_valid() || members_.size() == 1 ? 0 : 2 * hop;
    in_.clients.read_once(each.index());
    (void)span_until(asked + reading + slack, [&] { return answered() > before; });
    demand(answered() > before, "I25: a read at ", each.self().name, " is not answered at once");
}

// What one asks another for a read is lost for a moment: it is asked again when a mark would go, at the next
// look at what waits, of which there is one in two ticks.
void rest_check::lose_question(std::size_t place)
{
    auto const& asking = *members_[place];
    auto const& asked = *members_[place == 0 ? 1 : 0];
    auto const timer = in_.how.chain.mark_every.count();
    auto const limit = timer + timer / 40 + 2 * tick + 2 * hop + reading + slack;
    auto const answered = [&] { return in_.count.of(seen::reads_answered); };
    auto const before = answered();
    in_.net.cut(asking.index(), asked.index(), 1);
    in_.clients.read_once(asking.index());
    pass(cut_for);
    in_.net.cut(asking.index(), asked.index(), -1);
    (void)span_until(limit - cut_for, [&] { return answered() > before; });
    demand(
        answered() > before,
        "I25: ",
        asking.self().name,
        " does not ask ",
        asked.self().name,
        " again for a read when that was lost"
    );
}

}  // namespace chaind::sim
