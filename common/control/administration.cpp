// What people asked for, done step by step, each durable before the next; changes that take longer than one
// request, from the stored record alone; and the registry's lazy bookkeeping.

#include "control/controller_impl.hpp"
#include "control/names.hpp"

#include <algorithm>

namespace chaind::control
{
namespace
{

// Takes a name that leaves for good out of every list in which something would go on waiting for it.
void forget(record& in, node_id const& who)
{
    std::erase(in.drained, who);
    if (in.replacing && (in.replacing->old == who || in.replacing->with == who)) in.replacing.reset();
}

void take_back(record& in, node_id const& who)
{
    std::erase(in.removed, who);
    std::erase(in.drained, who);
    add_name(in.known, who);
}

}  // namespace

void controller::impl::finish(admin_verdict verdict)
{
    reply(administration_->request, verdict, administration_->with);
    administration_.reset();
}

bool controller::impl::takes_a_member_out() const
{
    return administration_->what == verb::remove || administration_->what == verb::drain;
}

// What the registry is to say from now on.
void controller::impl::mark(record& in) const
{
    auto const& a = *administration_;
    switch (a.what)
    {
        case verb::remove:
            add_name(in.removed, a.who);
            forget(in, a.who);
            in.want = std::max<std::size_t>(1, std::min(in.want, in.known.size() - in.removed.size()));
            return;
        case verb::add:
            take_back(in, a.who);
            // An added server lengthens the chain.
            in.want = std::max(in.want, std::min(in.known.size() - in.removed.size(), most_members));
            return;
        case verb::drain: add_name(in.drained, a.who); return;
        case verb::undrain: std::erase(in.drained, a.who); return;
        case verb::move:
            in.moving = {
                .who = a.who, .leaving = in_the_way(a.who, a.to_head), .members = in.current.members.size()
            };
            if (in.moving->leaving.empty()) in.moving.reset();
            return;
        case verb::replace:
            take_back(in, *a.with);
            in.replacing = {.old = a.who, .with = *a.with, .members = in.current.members.size()};
            return;
        case verb::want: in.want = a.want; return;
        case verb::force: return;
    }
}

bool controller::impl::attend_administrator()
{
    if (!administration_ || administration_->what == verb::force) return false;
    auto& a = *administration_;
    bool const member = has_name(rec_.current.members, a.who);
    bool const clients_leave = a.what == verb::drain && member && !a.clients_gone;
    if (!a.marked && clients_leave && now_ - a.since < how_.drain_wait) return false;
    // Whoever asked saw a longer chain, and it has not begun.
    if (auto const others = members_alive(a.who);
        !a.marked && a.what == verb::drain && member && others < a.others)
    {
        finish(others == 0 ? admin_verdict::last_replica : admin_verdict::others_left);
        return false;
    }
    bool const begun = a.before && a.before->current.at != rec_.current.at;
    if (a.withdrawn && !begun) return put_back_what_is_withdrawn();
    record next = rec_;
    if (!a.marked)
    {
        a.before = rec_;
        mark(next);
    }
    a.marked = true;
    if (next != rec_)
    {
        auto const comes = a.with.value_or(a.who);
        if (!takes_a_member_out() && !comes.empty()) nodes_.at(comes).return_after.pardon();
        persist(std::move(next));
        return true;
    }
    if (!takes_a_member_out() || !member)
    {
        finish(admin_verdict::done);
        return false;
    }
    if (rec_.current.members.size() > 1) return false;
    // The others died meanwhile. A mark that stays would take it out as soon as one of them is back.
    std::erase(next.removed, a.who);
    std::erase(next.drained, a.who);
    if (a.what == verb::remove) next.want = a.want;
    finish(admin_verdict::last_replica);
    persist(std::move(next));
    return true;
}

// It was stored, and nothing has come of it.
bool controller::impl::put_back_what_is_withdrawn()
{
    auto const& a = *administration_;
    record next = rec_;
    next.known = a.before->known;
    next.removed = a.before->removed;
    next.want = a.before->want;
    next.drained = a.before->drained;
    next.moving = a.before->moving;
    next.replacing = a.before->replacing;
    given_up("withdrawn", a.who, "it was asked for, and not decided in time");
    administration_.reset();
    persist(std::move(next));
    return true;
}

std::vector<node_id> controller::impl::in_the_way(node_id const& who, bool to_head) const
{
    if (!to_head) return {who};
    std::vector<node_id> out;
    for (auto const& m : rec_.current.members)
    {
        if (m.name == who) break;
        out.push_back(m.name);
    }
    return out;
}

// As many as when people asked, or as they have made it since: they may want fewer, remove one or drain one.
// Who is replaced is not among them.
bool controller::impl::are_enough(std::size_t there, std::size_t asked, node_id const& replaced) const
{
    auto const stay = static_cast<std::size_t>(std::count_if(
        rec_.known.begin(),
        rec_.known.end(),
        [&](node_id const& name) { return !is_to_leave(name) && name != replaced; }
    ));
    return there >= std::min({asked, rec_.want, stay});
}

bool controller::impl::is_whole_for_the_move(std::vector<member> const& chain) const
{
    return are_enough(chain.size(), rec_.moving->members, {});
}

// A member that is to come back as the tail: only while nobody else is missing or leaves.
bool controller::impl::being_moved(member const& m, std::vector<member> const& chain) const
{
    if (!rec_.moving || rec_.moving->leaving.front() != m.name || !is_whole_for_the_move(chain)) return false;
    auto const serves_on = [&](member const& each) { return alive(each) && !is_to_leave(each.name); };
    return chain.back() != m && others_alive(m.name) && std::all_of(chain.begin(), chain.end(), serves_on);
}

// The old one goes when nobody is missing: the one that comes may have died as soon as it was there, and
// others meanwhile.
void controller::impl::attend_replacement(record& next)
{
    if (!rec_.replacing) return;
    auto const& chain = rec_.current.members;
    auto const& [old, with, members] = *rec_.replacing;
    if (is_to_leave(with))
    {
        given_up("replace_given_up", old, with.name.str() + " was drained");
        next.replacing.reset();
        return;
    }
    auto const others = chain.size() - (has_name(chain, old) ? 1 : 0);
    if (!has_name(chain, with) || !intact() || !are_enough(others, members, old)) return;
    add_name(next.removed, old);
    forget(next, old);
}

// Why nobody leaves for it any more, or "". Who is to be the tail leaves itself, and comes back as that.
std::string controller::impl::why_no_move() const
{
    auto const& [who, leaving, members] = *rec_.moving;
    auto const& chain = rec_.current.members;
    bool const member = has_name(chain, who);
    if (is_to_leave(who)) return is_removed(who) ? "it was removed" : "it was drained";
    if (leaving.front() != who)
        return !member ? "it has left the chain" : clocks_.error(who) ? "its clock is wrong" : "";
    bool const place_taken = !member && !stands_by(who) && chain.size() >= rec_.want;
    return place_taken ? "it is away, and the chain has all its members" : "";
}

// Whom nobody has to let pass any more is done with: it is behind already, it leaves by another word and
// comes back by that alone, or its place is taken.
void controller::impl::attend_move(record& next)
{
    if (!rec_.moving) return;
    auto const& [who, leaving, members] = *rec_.moving;
    if (auto why = why_no_move(); !why.empty())
    {
        given_up("move_given_up", who, std::move(why));
        next.moving.reset();
        return;
    }
    auto const& chain = rec_.current.members;
    auto const place = [&](node_id const& name)
    { return std::find_if(chain.begin(), chain.end(), [&](member const& m) { return m.name == name; }); };
    auto const& first = leaving.front();
    auto const at = place(first);
    bool const member = at != chain.end();
    bool const behind = member && (first == who ? at + 1 == chain.end() : at > place(who));
    bool const gone = !member && !stands_by(first) && chain.size() >= rec_.want;
    if (behind || gone || is_to_leave(first)) no_longer_moved(next, first);
}

void controller::impl::given_up(std::string what, node_id who, std::string why)
{
    with_it_.push_back(
        {.what = std::move(what), .at = rec_.current.at, .who = std::move(who), .why = std::move(why)}
    );
}

// Replacements and moves, as far as the chain of now lets them go on.
bool controller::impl::attend_stored_changes()
{
    if (!rec_.replacing && !rec_.moving) return false;
    record next = rec_;
    attend_replacement(next);
    attend_move(next);
    if (next == rec_) return false;
    persist(std::move(next));
    return true;
}

// A chain that nobody can continue begins anew with what one node holds. Whoever was a member may have served
// reads for one more lease.
bool controller::impl::attend_force()
{
    if (!administration_ || administration_->what != verb::force) return false;
    auto& a = *administration_;
    if (!is_there(a.who))
    {
        finish(admin_verdict::not_alive);
        return false;
    }
    if (a.marked)
    {
        if (!pending()) finish(admin_verdict::done);
        return false;
    }
    if (!is_older() && can_go_on())
    {
        finish(admin_verdict::not_needed);
        return false;
    }
    if (now_ - a.since <= how_.lease * (100 + how_.lease_margin_percent) / 100) return false;

    auto const& hb = *nodes_.find(a.who)->last;
    auto const newest = std::max({highest_, rec_.current.at, hb.promised, hb.end.in});
    record next = rec_;
    take_back(next, a.who);
    if (next.moving) given_up("move_given_up", next.moving->who, "the chain began anew");
    if (next.replacing) given_up("replace_given_up", next.replacing->old, "the chain began anew");
    next.moving.reset();
    next.replacing.reset();
    next.last_active = {.at = newest, .state = config_state::active, .members = {hb.from}, .joiner = {}};
    next.current = {.at = newest.next(), .state = config_state::pending, .members = {hb.from}, .joiner = {}};
    next.last_active.id = new_id(next.last_active);
    next.current.id = new_id(next.current);
    // What others have promised is given up with what they hold. They may have promised another chain of
    // `newest`: the one that is stored as the last ACTIVE one was never given out.
    next.given.clear();
    // What was committed above its log is given up: that is what was asked for.
    watermark_ = hb.commit;
    watermark_epoch_ = newest;
    claims_.clear();
    strangers_.clear();
    a.marked = true;
    with_it_.push_back(
        {.what = "forced",
         .at = next.current.at,
         .who = a.who,
         .why = "a chain of it alone; what only others hold is lost, and the history is another one"}
    );
    persist(std::move(next), true);
    return true;
}

void controller::impl::attend_watermark()
{
    if (watermark_ > rec_.watermark && now_ - watermark_saved_ >= how_.watermark_every) persist(rec_);
}

}  // namespace chaind::control
