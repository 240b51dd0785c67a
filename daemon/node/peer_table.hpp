#pragma once
// The links to all other replicas: dials each in the address map and sends on what it dialled, receives on
// what it accepted. The replica's loop only.

#include "membership/other_machine.hpp"
#include "net/dialer.hpp"
#include "net/peer_listener.hpp"
#include "runtime/task_group.hpp"
#include "wire/peer.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chaind::node
{

struct peer_events
{
    std::function<void(member const&)> up;    // a connection of either direction has begun; the bytes of an
    std::function<void(member const&)> down;  // earlier one are gone
    std::function<void(chain::peer_links const&)> links;  // what they carry has changed
    std::function<void(member const&, chain::message)> received;
    std::function<void(wire::peer::typing const&)> typing;
};

class peer_table
{
public:
    // Binds: throws boost::system::system_error.
    peer_table(
        runtime::task_group& tasks,
        boost::asio::ip::tcp::endpoint const& listen,
        cluster_id cluster,
        member self,
        peer_events tell,
        net::link_limits limits = {}
    );

    void start() { listener_.start(); }
    void stop();

    // Where the others are; a changed address is dialled anew, one that is gone is let go when its link is
    // down.
    void set_addresses(std::map<node_id, std::string> const& addresses);

    // Dropped when there is no link to exactly that process.
    void send(member const& to, chain::message const& what);
    // To each that is linked and understands it, and whose link has nothing to carry that matters more.
    void send_to_all(wire::peer::typing const& what);
    // Every few ms: tells what the links to each peer carry, where that has changed.
    void look();
    // A link to it is up, it speaks, and does not say that it hears nothing from here.
    [[nodiscard]] bool reaches(member const& who) const;
    // Every 50 ms: those who are linked hear that this replica is there, also where nothing else is to be
    // said. While they do, nobody takes its link. Of `own` all but `hears`, which is filled in for each.
    void say_that_we_are_here(wire::peer::here own);
    // What each that is linked and speaks has said of itself.
    [[nodiscard]] std::vector<other_machine> others() const;

    [[nodiscard]] boost::asio::ip::tcp::endpoint address() const { return listener_.address(); }

private:
    struct outgoing
    {
        std::shared_ptr<net::dialer> link;
        std::optional<member> peer;  // while up
        std::uint32_t protocol = 0;  // that both sides speak, while up
        chain::peer_links told;      // of it, last
    };

    void dial(node_id const& name, boost::asio::ip::tcp::endpoint const& to);
    net::dial_events dial_handlers(node_id const& name);
    net::accept_events accept_handlers();
    void tell(outgoing& of, chain::peer_links const& now);
    [[nodiscard]] std::string objection(wire::peer::hello const& from);
    [[nodiscard]] bool speaks(node_id const& name) const;
    [[nodiscard]] chain::peer_links links_with(member const& who) const;
    [[nodiscard]] bool heard_within(node_id const& name, microseconds span) const;
    void accepted(std::shared_ptr<net::frame_link> const& link, member const& from);
    void ended(std::shared_ptr<net::frame_link> const& link);

    runtime::task_group& tasks_;
    cluster_id cluster_;
    member self_;
    peer_events tell_;
    net::peer_listener listener_;
    std::map<node_id, outgoing> outgoing_;
    struct incoming
    {
        member from;
        instant heard{};
        // As it said last; who has said nothing yet, or is of an earlier version, is believed to hear us.
        wire::peer::here said{.hears = true};
    };

    std::map<std::shared_ptr<net::frame_link>, incoming> incoming_;
    std::map<node_id, std::shared_ptr<net::frame_link>> newest_;  // of each peer's incoming ones
    std::map<node_id, instant> refused_;                          // when that was logged last
};

}  // namespace chaind::node
