#include "sim/connections.hpp"

#include "sim/world.hpp"

#include <utility>

namespace chaind::sim
{

void connections::start()
{
    for (int a = 0; a < in_.how.nodes; ++a)
        for (int b = a + 1; b < in_.how.nodes; ++b)
        {
            pair each;
            each.a = a;
            each.b = b;
            pairs_.push_back(each);
        }
    poll();
}

bool connections::up(node const& from, node const& to, member const& process) const
{
    if (from.index() == to.index()) return false;
    auto const& each = pairs_[place_of(from.index(), to.index())];
    if (!each.up) return false;
    return from.index() == each.a ? each.at_a == from.self() && each.at_b == process
                                  : each.at_b == from.self() && each.at_a == process;
}

void connections::renew(node const& one, node const& other)
{
    open(pairs_[place_of(one.index(), other.index())]);
}

std::size_t connections::place_of(int a, int b) const
{
    if (a > b) std::swap(a, b);
    return static_cast<std::size_t>(a * (2 * in_.how.nodes - a - 1) / 2 + b - a - 1);
}

void connections::poll()
{
    for (auto& each : pairs_)
        poll(each);
    in_.time.after(10'000, [this] { poll(); });
}

void connections::poll(pair& each)
{
    auto& a = in_.at(each.a);
    auto& b = in_.at(each.b);
    bool path = in_.net.open_both(each.a, each.b) && a.powered() && b.powered();
    bool alive = a.alive() && b.alive();
    if (each.up)
    {
        bool same = alive && a.self() == each.at_a && b.self() == each.at_b;
        if (path && same)
        {
            fill(each);
            tell_changes(each);
            each.broken_since = -1;
            return;
        }
        if (each.broken_since < 0) each.broken_since = in_.time.now();
        if ((path && !same) || in_.time.now() - each.broken_since > 400'000) close(each);
        return;
    }
    if (path && alive && in_.time.now() >= each.retry_at) open(each);
}

void connections::open(pair& each)
{
    auto& a = in_.at(each.a);
    auto& b = in_.at(each.b);
    each.up = true;
    each.broken_since = -1;
    each.at_a = a.self();
    each.at_b = b.self();
    each.a_says = {each.at_a, true};
    each.b_says = {each.at_b, true};
    // One connection is dialled by each side; both sides hear of both.
    int times = in_.random.chance(0.3) ? 2 : 1;
    for (int i = 0; i < times; ++i)
    {
        in_.time.after(
            in_.net.delay(each.a, each.b),
            [this, &a, &b, &each, from = each.at_a, to = each.at_b]
            {
                b.deliver(to, chain::peer_up{from});
                if (up(a, b, to)) b.deliver(to, each.a_says);
            }
        );
        in_.time.after(
            in_.net.delay(each.b, each.a),
            [this, &a, &b, &each, from = each.at_b, to = each.at_a]
            {
                a.deliver(to, chain::peer_up{from});
                if (up(b, a, to)) a.deliver(to, each.b_says);
            }
        );
    }
}

void connections::close(pair& each)
{
    each.up = false;
    each.retry_at = in_.time.now() + in_.random.between(0, 60'000);
    auto& a = in_.at(each.a);
    auto& b = in_.at(each.b);
    a.deliver(each.at_a, chain::peer_down{each.at_b});
    a.deliver(each.at_a, chain::peer_links{.peer = each.at_b});
    b.deliver(each.at_b, chain::peer_down{each.at_a});
    b.deliver(each.at_b, chain::peer_links{.peer = each.at_a});
}

// What is sent is taken slowly for a while: by a thin line, or by a machine that is busy.
void connections::fill(pair& each)
{
    if (in_.how.fill <= 0 || !in_.faults_on || each.full_until > in_.time.now() ||
        !in_.random.chance(in_.how.fill))
        return;
    each.full_until = in_.time.now() + in_.random.between(20'000, 400'000);
    in_.count.add(seen::full_links);
}

// In the daemon each word that one is there says so, and what waits is looked at with each tick.
void connections::tell_changes(pair& each)
{
    auto& a = in_.at(each.a);
    auto& b = in_.at(each.b);
    bool const full = in_.time.now() < each.full_until;
    auto const tell = [full](node const& from, chain::peer_links& said, node& to, member const& process)
    {
        auto const& can = from.can_do();
        auto const& at = from.status().config.at;
        if (said.apart == can.apart && said.refuses == !can.can_write && said.full == full && said.at == at &&
            said.hears_config == can.hears_config)
            return;  // as nearly always
        said.apart = can.apart;
        said.refuses = !can.can_write;
        said.full = full;
        said.at = at;
        said.hears_config = can.hears_config;
        to.deliver(process, said);
    };
    tell(a, each.a_says, b, each.at_b);
    tell(b, each.b_says, a, each.at_a);
}

}  // namespace chaind::sim
