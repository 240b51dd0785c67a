#pragma once
// Accepts daemons. Who connects has some seconds to say hello; a wrong cluster or version, or what is no
// frame at all, is answered `refused` with the reason, logged with the address, and closed. Who only asks who
// is here (purpose::identify) is answered and closed; no handler but objection() and answer() hears of him.
//
// A link has shown that it belongs here when its name is known and something has come on it. What is large is
// taken of a known name alone, since to read it takes this thread as long as a silence lasts. One that has
// not shown it, and is silent, is closed; and when there are too many of them, or of all, the one that has
// been silent longest gives its place, so that a member which greets and speaks always finds one.
//
// Handlers are called on the event loop's thread, none after stop().

#include "net/frame_link.hpp"
#include "net/link_limits.hpp"
#include "runtime/task_group.hpp"
#include "wire/peer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace chaind::net
{

struct accept_events
{
    // Why not; empty: welcome. The protocol version has been agreed on already. The text is where it comes
    // from.
    std::function<std::string(wire::peer::hello const&, std::string const&)> objection;
    // What has to be done before a welcome says that it is; none: nothing.
    std::function<boost::asio::awaitable<void>(wire::peer::hello const&)> before_welcome{};
    std::function<wire::peer::welcome(wire::peer::hello const&)> answer;
    std::function<void(std::shared_ptr<frame_link> const&, wire::peer::hello const&)> up;
    // True: go on; false: what came does not belong here, close.
    std::function<bool(std::shared_ptr<frame_link> const&, wire::peer::frame)> received;
    std::function<void(std::shared_ptr<frame_link> const&)> down;  // once for each up
    // Is that a name of this cluster's? Empty: all that are welcome are.
    std::function<bool(node_id const&)> known = {};
};

class peer_listener
{
public:
    // Binds and listens; throws boost::system::system_error.
    peer_listener(
        runtime::task_group& tasks,
        boost::asio::ip::tcp::endpoint const& at,
        std::size_t outbox_limit,
        accept_events tell,
        link_limits limits = {}
    );

    void start();
    void stop();  // takes no more, closes all; the handlers of what was up are not called

    [[nodiscard]] boost::asio::ip::tcp::endpoint address() const { return acceptor_.local_endpoint(); }

private:
    boost::asio::awaitable<void> accept_loop();
    boost::asio::awaitable<void> serve(std::shared_ptr<frame_link> link);
    boost::asio::awaitable<result<wire::peer::hello>> greet(frame_link& link);
    boost::asio::awaitable<result<wire::peer::frame>> next(frame_link& link, bool belongs);
    void make_room();
    void end_most_silent(bool of_strangers);
    void refuse(frame_link& link, std::string const& reason, std::string const& who = {});

    runtime::task_group& tasks_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::size_t outbox_limit_;
    accept_events tell_;
    struct link_state
    {
        std::chrono::steady_clock::time_point heard{};  // or made
        bool belongs = false;
    };
    std::map<std::shared_ptr<frame_link>, link_state> links_;
    link_limits limits_;
    std::chrono::steady_clock::time_point told_{};  // that somebody gave his place
    bool stopped_ = false;
};

}  // namespace chaind::net
