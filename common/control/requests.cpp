// What people ask for, looked at when it comes: refused at once, done already, or taken on.

#include "control/controller_impl.hpp"
#include "control/names.hpp"

#include <algorithm>

namespace chaind::control
{

void controller::impl::reply(std::uint64_t request, admin_verdict verdict, std::optional<node_id> with)
{
    bool const late = verdict == admin_verdict::not_now;
    auto const& chain = rec_.current.members;
    bool const nobody_heard =
        !chain.empty() &&
        std::none_of(chain.begin(), chain.end(), [&](member const& m) { return is_there(m.name); });
    out_->replies.push_back(
        {.request = request,
         .verdict = verdict,
         .current = rec_.current.at,
         .with = std::move(with),
         .passing = late && changing() && !administration_,
         .nobody_heard = late && nobody_heard}
    );
}

// The same code as for the request itself, on a copy of all that is known: nothing comes of it.
admin_reply controller::impl::judged(event const& asked)
{
    effects done;
    out_ = &done;
    std::visit([this](auto const& e) { on(e); }, asked);
    if (!done.replies.empty()) return done.replies.back();
    return {
        .verdict = admin_verdict::done,
        .current = rec_.current.at,
        .with = administration_ ? administration_->with : std::nullopt
    };
}

void controller::impl::take_on(administration what)
{
    what.since = now_;
    administration_ = std::move(what);
}

std::optional<admin_verdict> controller::impl::not_now() const
{
    if (is_older()) return admin_verdict::old_registry;
    bool const free = rec_.last_active.state != config_state::none && !changing();
    return free && !administration_ ? std::nullopt : std::optional(admin_verdict::not_now);
}

// Of names that an administrator may speak of.
std::optional<admin_verdict> controller::impl::not_there(node_id const& name) const
{
    if (!is_known(name)) return admin_verdict::no_such_node;
    return is_removed(name) ? std::optional(admin_verdict::removed) : std::nullopt;
}

// For what people ask of the chain: a deaf one could not take part in it.
bool controller::impl::is_relied_on(member const& m) const
{
    auto const* const last = nodes_.last_of(m);
    return alive(m) && (last == nullptr || !last->facts->unanswered);
}

bool controller::impl::is_damaged(node_id const& name) const
{
    auto const* const found = nodes_.find(name);
    return found != nullptr && found->last && found->last->damaged;
}

// Nobody may learn from a machine with damaged rows: beside such ones the last sound one stays.
bool controller::impl::others_alive(node_id const& than) const
{
    bool const any_will_do = is_damaged(than);
    auto const& chain = rec_.current.members;
    return std::any_of(
        chain.begin(),
        chain.end(),
        [&](member const& m)
        { return m.name != than && is_relied_on(m) && (any_will_do || !is_damaged(m.name)); }
    );
}

std::size_t controller::impl::members_alive(node_id const& but_for) const
{
    auto const& chain = rec_.current.members;
    return static_cast<std::size_t>(std::count_if(
        chain.begin(), chain.end(), [&](member const& m) { return m.name != but_for && is_relied_on(m); }
    ));
}

bool controller::impl::is_there(node_id const& name) const
{
    auto const* found = nodes_.find(name);
    return found != nullptr && found->last && alive(found->who);
}

// Could come in at once.
bool controller::impl::stands_by(node_id const& name) const
{
    return is_there(name) && !nodes_.find(name)->last->stepping_down && !is_to_leave(name) &&
           !has_name(rec_.current.members, name);
}

void controller::impl::on(drained_clients const& e)
{
    if (draining() == e.who) administration_->clients_gone = true;
}

void controller::impl::on(remove_node const& e)
{
    if (!is_known(e.who)) return reply(e.request, admin_verdict::no_such_node);
    if (auto const why = not_now()) return reply(e.request, *why);
    bool const member = has_name(rec_.current.members, e.who);
    if (is_removed(e.who) && !member) return reply(e.request, admin_verdict::already);
    if (member && !others_alive(e.who)) return reply(e.request, admin_verdict::last_replica);
    take_on({.what = verb::remove, .request = e.request, .who = e.who, .want = rec_.want});
}

void controller::impl::on(add_node const& e)
{
    if (!is_valid_node_name(e.who.name)) return reply(e.request, admin_verdict::no_such_node);
    if (auto const why = not_now()) return reply(e.request, *why);
    // A spare is known, too: adding it lengthens the chain.
    bool const wanted = rec_.want >= rec_.known.size() - rec_.removed.size();
    bool const there = is_known(e.who) && !is_to_leave(e.who);
    if (there && (wanted || has_name(rec_.current.members, e.who)))
        return reply(e.request, admin_verdict::already);
    take_on({.what = verb::add, .request = e.request, .who = e.who});
}

void controller::impl::on(drain_node const& e)
{
    if (auto const why = not_there(e.who)) return reply(e.request, *why);
    if (auto const why = not_now()) return reply(e.request, *why);
    bool const member = has_name(rec_.current.members, e.who);
    if (is_drained(e.who) && !member) return reply(e.request, admin_verdict::already);
    if (member && !others_alive(e.who)) return reply(e.request, admin_verdict::last_replica);
    take_on({.what = verb::drain, .request = e.request, .who = e.who, .others = members_alive(e.who)});
    broadcast();
}

void controller::impl::on(undrain_node const& e)
{
    if (auto const why = not_there(e.who)) return reply(e.request, *why);
    if (auto const why = not_now()) return reply(e.request, *why);
    if (!is_drained(e.who)) return reply(e.request, admin_verdict::already);
    take_on({.what = verb::undrain, .request = e.request, .who = e.who});
}

void controller::impl::on(move_node const& e)
{
    auto const& chain = rec_.current.members;
    if (auto const why = not_there(e.who)) return reply(e.request, *why);
    if (auto const why = not_now()) return reply(e.request, *why);
    if (!has_name(chain, e.who)) return reply(e.request, admin_verdict::not_a_member);
    if ((e.to_head ? chain.front() : chain.back()).name == e.who)
        return reply(e.request, admin_verdict::already);
    auto const leaving = in_the_way(e.who, e.to_head);
    auto const is_last = [&](node_id const& name) { return rec_.want < 2 || !others_alive(name); };
    if (auto const last = std::find_if(leaving.begin(), leaving.end(), is_last); last != leaving.end())
        return reply(e.request, admin_verdict::last_replica, *last);
    if (e.to_head && clocks_.error(e.who)) return reply(e.request, admin_verdict::wrong_clock);
    // A move that waits for a machine that is away does not keep others from being moved.
    auto const comes = [&](node_id const& name) { return stands_by(name); };
    if (rec_.moving &&
        (is_whole_for_the_move(chain) || std::any_of(rec_.known.begin(), rec_.known.end(), comes)))
        return reply(e.request, admin_verdict::not_now);
    take_on({.what = verb::move, .request = e.request, .who = e.who, .to_head = e.to_head});
}

void controller::impl::on(replace_node const& e)
{
    auto const& chain = rec_.current.members;
    if (!is_known(e.who)) return reply(e.request, admin_verdict::no_such_node);
    if (e.with && (!is_valid_node_name(e.with->name) || *e.with == e.who))
        return reply(e.request, admin_verdict::is_a_member);
    // It was given up by people: they take it in again by its own command.
    if (e.with && is_removed(*e.with)) return reply(e.request, admin_verdict::removed, e.with);
    if (auto const why = not_now()) return reply(e.request, *why);
    if (is_removed(e.who) && !has_name(chain, e.who)) return reply(e.request, admin_verdict::already, e.with);
    if (rec_.replacing)
    {
        auto const& [old, with, members] = *rec_.replacing;
        if (old != e.who) return reply(e.request, admin_verdict::not_now);
        if (e.with.value_or(with) == with) return reply(e.request, admin_verdict::already, with);
    }
    auto with = e.with;
    if (!with)
    {
        auto const found = std::find_if(
            rec_.known.begin(),
            rec_.known.end(),
            [&](node_id const& name) { return name != e.who && stands_by(name); }
        );
        if (found == rec_.known.end()) return reply(e.request, admin_verdict::no_spare);
        with = *found;
    }
    if (has_name(chain, *with)) return reply(e.request, admin_verdict::is_a_member);
    // Only a known machine can be found dead: of a name that is new here nothing has been heard yet.
    if (auto const* found = nodes_.find(*with); is_known(*with) && (found == nullptr || !alive(found->who)))
        return reply(e.request, admin_verdict::not_alive);
    take_on({.what = verb::replace, .request = e.request, .who = e.who, .with = with});
}

void controller::impl::on(set_want const& e)
{
    if (e.members == 0 || e.members > most_members) return reply(e.request, admin_verdict::bad_number);
    if (auto const why = not_now()) return reply(e.request, *why);
    if (rec_.want == e.members) return reply(e.request, admin_verdict::already);
    take_on({.what = verb::want, .request = e.request, .want = e.members});
}

// What is on its way to the disk is put back when it is there.
void controller::impl::on(withdrawn const& e)
{
    if (!administration_ || administration_->request != e.request || administration_->what == verb::force)
        return;
    if (administration_->marked)
        administration_->withdrawn = true;
    else
        administration_.reset();
    broadcast();
}

// Somebody is there that holds all acknowledged writes and may begin, alone or with others.
bool controller::impl::can_go_on() const
{
    auto const& base = rec_.last_active.members;
    return std::any_of(base.begin(), base.end(), [&](member const& m) { return alive(m); }) ||
           !cold_chain(base, returned_ones(), watermark_).members.empty();
}

void controller::impl::on(force_epoch const& e)
{
    if (!is_known(e.who)) return reply(e.request, admin_verdict::no_such_node);
    bool const forcing = administration_ && administration_->what == verb::force;
    if (rec_.last_active.state == config_state::none || forcing)
        return reply(e.request, admin_verdict::not_now);
    if (!is_there(e.who)) return reply(e.request, admin_verdict::not_alive);
    if (!is_older() && can_go_on()) return reply(e.request, admin_verdict::not_needed);
    // Removed long ago, it holds less than any that was not; it is taken only where nobody else is there.
    auto const counts = [&](node_id const& name) { return !is_removed(name) && is_there(name); };
    if (is_removed(e.who) && std::any_of(rec_.known.begin(), rec_.known.end(), counts))
        return reply(e.request, admin_verdict::removed);
    // Nobody tells a machine that is not known that it is given up.
    if (!strangers_.empty()) return reply(e.request, admin_verdict::old_registry);
    // What was asked for before the chain stopped cannot be done any more.
    if (administration_) finish(admin_verdict::not_now);
    take_on({.what = verb::force, .request = e.request, .who = e.who});
}

}  // namespace chaind::control
