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
    std::erase(in.moving, who);
    if (in.replacing && (in.replacing->first == who || in.replacing->second == who)) in.replacing.reset();
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
            in.want = std::max(in.want, in.known.size() - in.removed.size());
            return;
        case verb::drain:
            add_name(in.drained, a.who);
            std::erase(in.moving, a.who);
            return;
        case verb::undrain: std::erase(in.drained, a.who); return;
        case verb::move:
            in.moving.clear();
            for (auto const& m : in.current.members)
            {
                if (a.to_head && m.name == a.who) break;
                if (a.to_head || m.name == a.who) in.moving.push_back(m.name);
            }
            return;
        case verb::replace:
            take_back(in, *a.with);
            in.replacing.emplace(a.who, *a.with);
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
    record next = rec_;
    if (!a.marked) mark(next);
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

// A member that is to come back as the tail: only while nobody else is missing.
bool controller::impl::being_moved(member const& m, std::vector<member> const& chain) const
{
    if (rec_.moving.empty() || rec_.moving.front() != m.name || chain.size() < 2) return false;
    return chain.back() != m &&
           std::all_of(chain.begin(), chain.end(), [&](member const& each) { return alive(each); });
}

// Replacements and moves, as far as the chain of now lets them go on.
bool controller::impl::attend_stored_changes()
{
    if (!rec_.replacing && rec_.moving.empty()) return false;
    record next = rec_;
    auto const& chain = rec_.current.members;
    if (rec_.replacing && has_name(chain, rec_.replacing->second))
    {
        auto const old = rec_.replacing->first;
        add_name(next.removed, old);
        forget(next, old);
    }
    if (!rec_.moving.empty())
    {
        auto const& first = rec_.moving.front();
        bool const gone = !has_name(chain, first) && !stands_by(first) && chain.size() >= rec_.want;
        bool const leaves = is_to_leave(first);  // and comes back by another word alone
        if (gone || leaves || chain.back().name == first) std::erase(next.moving, node_id(first));
    }
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
    next.moving.clear();
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
