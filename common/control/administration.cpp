// What people ask for (remove-node, add-node), and the registry's lazy bookkeeping.

#include "control/controller_impl.hpp"

#include <algorithm>

namespace chaind::control
{
namespace
{

bool in_chain(chain_config const& config, node_id const& name)
{
    return std::any_of(
        config.members.begin(), config.members.end(), [&](member const& m) { return m.name == name; }
    );
}

}  // namespace

void controller::impl::reply(std::uint64_t request, admin_verdict verdict)
{
    out_.replies.push_back({.request = request, .verdict = verdict, .current = rec_.current.at});
}

void controller::impl::on(remove_node const& e)
{
    auto const& chain = rec_.current.members;
    if (!is_known(e.who)) return reply(e.request, admin_verdict::no_such_node);
    if (older_ || rec_.last_active.state == config_state::none || changing() || administration_)
        return reply(e.request, admin_verdict::not_now);
    if (is_removed(e.who) && !in_chain(rec_.current, e.who)) return reply(e.request, admin_verdict::done);
    auto stays = [&](member const& m) { return m.name != e.who && alive(m); };
    if (in_chain(rec_.current, e.who) && std::none_of(chain.begin(), chain.end(), stays))
        return reply(e.request, admin_verdict::last_replica);
    administration_ = {.request = e.request, .who = e.who, .removal = true};
}

void controller::impl::on(add_node const& e)
{
    if (!is_valid_node_name(e.who.name)) return reply(e.request, admin_verdict::no_such_node);
    if (older_ || rec_.last_active.state == config_state::none || changing() || administration_)
        return reply(e.request, admin_verdict::not_now);
    if (is_known(e.who) && !is_removed(e.who)) return reply(e.request, admin_verdict::done);
    administration_ = {.request = e.request, .who = e.who, .removal = false};
}

// Step by step, each durable before the next: mark the name; plan() then makes a chain without it.
bool controller::impl::attend_administrator()
{
    if (!administration_) return false;
    auto const [request, who, removal] = *administration_;
    record next = rec_;
    if (!removal)
    {
        if (is_known(who) && !is_removed(who))
        {
            reply(request, admin_verdict::done);
            administration_.reset();
            return false;
        }
        std::erase(next.removed, who);
        if (!is_known(who)) next.known.push_back(who);
        // An added server lengthens the chain.
        next.want = std::max(next.want, next.known.size() - next.removed.size());
        nodes_.at(who).return_after.pardon();
        persist(std::move(next));
        return true;
    }
    if (!is_removed(who))
    {
        next.removed.push_back(who);
        persist(std::move(next));
        return true;
    }
    if (!in_chain(rec_.current, who))
    {
        reply(request, admin_verdict::done);
        administration_.reset();
    }
    else if (rec_.current.members.size() == 1)
    {
        // The others died meanwhile. A mark that stays would take it out as soon as one of them is back.
        reply(request, admin_verdict::last_replica);
        administration_.reset();
        std::erase(next.removed, who);
        persist(std::move(next));
        return true;
    }
    return false;
}

void controller::impl::attend_watermark()
{
    if (watermark_ > rec_.watermark && now_ - watermark_saved_ >= how_.watermark_every) persist(rec_);
}

}  // namespace chaind::control
