#include "node/peer_table.hpp"

#include "runtime/address.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"

namespace chaind::node
{

namespace
{
// The core keeps at most a window of unanswered appends on a link; beyond this the other side has stalled.
constexpr std::size_t outbox_limit = 64u << 20;
// Then the core sends no more chunks of a snapshot: what a learner needs beside them must not wait behind
// many.
constexpr std::size_t full_above = 4u << 20;
// Who types is not told behind more than this.
constexpr std::size_t hearsay_up_to = 64u << 10;
// Two and a half times the pause between two words.
constexpr auto speaks_within = 125ms;
// Whose link is up and who says nothing for so long has stopped, or its machine has: the kernel there, if
// any, still takes what is sent.
constexpr auto silent_after = 1s;
constexpr auto refusal_again = 10s;
}  // namespace

peer_table::peer_table(
    runtime::task_group& tasks,
    boost::asio::ip::tcp::endpoint const& listen,
    cluster_id cluster,
    member self,
    peer_events tell,
    net::link_limits limits
)
    : tasks_(tasks),
      cluster_(cluster),
      self_(std::move(self)),
      tell_(std::move(tell)),
      listener_(tasks, listen, outbox_limit, accept_handlers(), limits)
{
}

void peer_table::stop()
{
    listener_.stop();
    for (auto const& [name, one] : outgoing_)
        one.link->stop();
}

void peer_table::set_addresses(std::map<node_id, std::string> const& addresses)
{
    for (auto at = outgoing_.begin(); at != outgoing_.end();)
    {
        auto const wanted = addresses.find(at->first);
        // A config service that has just started learns the addresses one by one: a link that is up stays.
        if (wanted == addresses.end() && at->second.peer)
        {
            ++at;
            continue;
        }
        auto const to = wanted == addresses.end() ? std::nullopt : runtime::parse_address(wanted->second);
        if (to && *to == at->second.link->to())
        {
            ++at;
            continue;
        }
        auto gone = std::move(at->second);
        at = outgoing_.erase(at);
        gone.link->stop();
        if (gone.peer) tell_.down(*gone.peer);
        tell(gone, {.peer = gone.told.peer});
    }
    for (auto const& [name, text] : addresses)
    {
        if (name == self_.name || outgoing_.contains(name)) continue;
        // Links between daemons are not encrypted yet: never dial what is not this machine.
        if (auto const to = runtime::parse_address(text); to && runtime::is_loopback(*to)) dial(name, *to);
    }
}

void peer_table::dial(node_id const& name, boost::asio::ip::tcp::endpoint const& to)
{
    auto link = std::make_shared<net::dialer>(tasks_, name.name.str(), to, outbox_limit, dial_handlers(name));
    outgoing_[name].link = link;
    link->start();
}

net::dial_events peer_table::dial_handlers(node_id const& name)
{
    return {
        .greeting =
            [this]
        {
            wire::peer::hello out;
            out.cluster = cluster_;
            out.from = self_;
            out.what_for = wire::peer::purpose::chain;
            return out;
        },
        .objection = [this, name](wire::peer::welcome const& from) -> std::string
        {
            if (from.cluster != cluster_) return "it belongs to another cluster";
            return from.from.name == name ? "" : "it is not " + name.name.str();
        },
        .up =
            [this, name](wire::peer::welcome const& from)
        {
            auto& one = outgoing_.at(name);
            one.peer = from.from;
            one.protocol = from.protocol;
            tell_.up(from.from);
        },
        .received = [](wire::peer::frame const&) {},  // replicas speak on what they dialled themselves
        .down =
            [this, name]
        {
            auto const gone = std::exchange(outgoing_.at(name).peer, std::nullopt);
            if (gone) tell_.down(*gone);
        },
    };
}

net::accept_events peer_table::accept_handlers()
{
    using link_ptr = std::shared_ptr<net::frame_link>;
    return {
        .objection = [this](wire::peer::hello const& from, std::string const&) { return objection(from); },
        .answer =
            [this](wire::peer::hello const&)
        {
            wire::peer::welcome out;
            out.cluster = cluster_;
            out.from = self_;
            return out;
        },
        .up = [this](link_ptr const& link, wire::peer::hello const& from) { accepted(link, from.from); },
        .received =
            [this](link_ptr const& link, wire::peer::frame what)
        {
            auto* const message = std::get_if<chain::message>(&what);
            auto& [from, heard, said] = incoming_.at(link);
            heard = runtime::steady_now();
            if (auto const* const word = std::get_if<wire::peer::here>(&what))
            {
                said = *word;
                return true;
            }
            if (auto const* const hearsay = std::get_if<wire::peer::typing>(&what))
            {
                tell_.typing(*hearsay);
                return true;
            }
            if (message == nullptr)
            {
                log::write(
                    log::level::warning,
                    "net",
                    "a replica sent what it may not send",
                    {{"Peer", from.name.name.str()}}
                );
                return false;
            }
            auto const* const mark = std::get_if<chain::mark>(message);
            // How a replica of an earlier version says that it is there.
            if (mark != nullptr && mark->in == epoch{}) return true;
            // What an older connection still held is gone: the peer has begun anew.
            auto const newest = newest_.find(from.name);
            if (newest != newest_.end() && newest->second == link) tell_.received(from, std::move(*message));
            return true;
        },
        .down = [this](link_ptr const& link) { ended(link); },
        // Whose address the config service has told.
        .known = [this](node_id const& name) { return outgoing_.contains(name); },
    };
}

std::string peer_table::objection(wire::peer::hello const& from)
{
    if (from.what_for == wire::peer::purpose::identify) return {};
    if (from.what_for != wire::peer::purpose::chain) return "this is a replica, not the config service";
    if (from.cluster != cluster_) return "this replica belongs to another cluster";
    if (from.from.name == self_.name) return "this replica has that name itself";
    if (!speaks(from.from.name)) return {};
    auto const now = runtime::steady_now();
    auto const [told, first] = refused_.try_emplace(from.from.name, now);
    if (first || now - told->second >= refusal_again)
    {
        told->second = now;
        log::write(
            log::level::warning,
            "net",
            "somebody wants a second link in the name of a replica that speaks on its own",
            {{"Node", from.from.name.name.str()}, {"Boot", to_string(from.from.boot)}}
        );
    }
    return "a replica of this name has a link already and speaks on it";
}

bool peer_table::speaks(node_id const& name) const
{
    return heard_within(name, speaks_within);
}

bool peer_table::heard_within(node_id const& name, microseconds span) const
{
    auto const link = newest_.find(name);
    if (link == newest_.end() || link->second->closed()) return false;
    return runtime::steady_now() - incoming_.at(link->second).heard < span;
}

void peer_table::say_that_we_are_here(wire::peer::here own)
{
    auto const of_before = wire::peer::encode(chain::message(chain::mark{}));
    for (auto const& [name, one] : outgoing_)
    {
        if (!one.peer || one.link->waiting_bytes() > 0) continue;
        own.hears = heard_within(name, silent_after);
        one.link->send(one.protocol < wire::peer::here_since ? of_before : wire::peer::encode(own));
    }
}

std::vector<other_machine> peer_table::others() const
{
    std::vector<other_machine> out;
    for (auto const& [name, link] : newest_)
        if (heard_within(name, silent_after))
        {
            auto const& said = incoming_.at(link).said;
            out.push_back({name, said.at, said.hears_config, said.can_read, said.can_write});
        }
    return out;
}

void peer_table::accepted(std::shared_ptr<net::frame_link> const& link, member const& from)
{
    incoming_[link] = {.from = from, .heard = runtime::steady_now()};
    auto const earlier = std::exchange(newest_[from.name], link);
    if (earlier)
    {
        log::write(
            log::level::notice,
            "net",
            "a replica has linked again; its earlier link was silent",
            {{"Node", from.name.name.str()}, {"Boot", to_string(from.boot)}}
        );
        earlier->close();
    }
    tell_.up(from);
}

void peer_table::ended(std::shared_ptr<net::frame_link> const& link)
{
    auto const from = incoming_.at(link).from;
    incoming_.erase(link);
    auto const current = newest_.find(from.name);
    if (current == newest_.end() || current->second != link) return;
    newest_.erase(current);
    tell_.down(from);
}

void peer_table::send(member const& to, chain::message const& what)
{
    auto const one = outgoing_.find(to.name);
    if (one == outgoing_.end() || one->second.peer != to) return;
    one->second.link->send(wire::peer::encode(what));
}

void peer_table::send_to_all(wire::peer::typing const& what)
{
    auto const word = wire::peer::encode(what);
    for (auto const& [name, one] : outgoing_)
        if (one.peer && one.protocol >= wire::peer::typing_since && one.link->waiting_bytes() < hearsay_up_to)
            one.link->send(word);
}

void peer_table::look()
{
    for (auto& [name, one] : outgoing_)
    {
        auto now = one.peer ? links_with(*one.peer) : chain::peer_links{.peer = one.told.peer};
        now.full = one.peer && one.link->waiting_bytes() > full_above;
        tell(one, now);
    }
}

void peer_table::tell(outgoing& of, chain::peer_links const& now)
{
    if (now == of.told) return;
    of.told = now;
    tell_.links(now);
}

bool peer_table::reaches(member const& who) const
{
    auto const one = outgoing_.find(who.name);
    return one != outgoing_.end() && one->second.peer == who && heard_within(who.name, silent_after) &&
           incoming_.at(newest_.at(who.name)).said.hears;
}

chain::peer_links peer_table::links_with(member const& who) const
{
    chain::peer_links out{.peer = who, .reached = reaches(who)};
    auto const link = newest_.find(who.name);
    if (link == newest_.end()) return out;
    auto const& [from, heard, said] = incoming_.at(link->second);
    if (from != who) return out;
    out.apart = said.apart;
    out.at = said.at;
    // Who does not say where it is does not say that either.
    out.refuses = said.at > epoch{} && !said.can_write;
    out.hears_config = said.hears_config && heard_within(who.name, silent_after);
    return out;
}

}  // namespace chaind::node
