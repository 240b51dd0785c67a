#pragma once
// Keeps one connection to another daemon: dial, greet, run, and when it ends dial again, after 20 ms at
// first, doubling to the longest pause. A link is up only when its hello was answered.
//
// Everything is called on the event loop's thread; after stop() no handler is called any more.

#include "net/frame_link.hpp"
#include "runtime/task_group.hpp"
#include "wire/peer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>

namespace chaind::net
{

struct dial_events
{
    std::function<wire::peer::hello()> greeting;  // asked at each attempt
    // Why this is not whom we wanted; empty: it is.
    std::function<std::string(wire::peer::welcome const&)> objection;
    std::function<void(wire::peer::welcome const&)> up;
    std::function<void(wire::peer::frame)> received;
    std::function<void()> down;  // once for each up
};

inline constexpr std::chrono::milliseconds longest_dial_pause{500};

class dialer : public std::enable_shared_from_this<dialer>
{
public:
    // `name`: whom it dials, for the log.
    dialer(
        runtime::task_group& tasks,
        std::string name,
        boost::asio::ip::tcp::endpoint to,
        std::size_t outbox_limit,
        dial_events tell,
        std::chrono::milliseconds longest_pause = longest_dial_pause
    );

    void start();
    void stop();

    // False when the link is not up: the frame is dropped.
    bool send(std::string body);
    [[nodiscard]] bool up() const { return up_; }
    // Why the other side wants nothing of us, if that was its last word; empty as soon as nobody answers.
    [[nodiscard]] std::string const& refusal() const { return refusal_; }
    // Sent, and not yet taken by the network.
    [[nodiscard]] std::size_t waiting_bytes() const { return link_ ? link_->waiting_bytes() : 0; }
    [[nodiscard]] boost::asio::ip::tcp::endpoint const& to() const { return to_; }

private:
    static boost::asio::awaitable<void> run(std::shared_ptr<dialer> self);
    // Returns when the connection has ended; why, for the log.
    boost::asio::awaitable<std::string> connect_and_serve();
    boost::asio::awaitable<std::string> serve(std::shared_ptr<frame_link> link);

    runtime::task_group& tasks_;
    std::string name_;
    boost::asio::ip::tcp::endpoint to_;
    std::size_t outbox_limit_;
    dial_events tell_;
    std::chrono::milliseconds longest_pause_;
    boost::asio::steady_timer pause_;
    std::shared_ptr<frame_link> link_;  // from dialling on
    std::string told_;                  // the last reason that was logged
    std::string refusal_;
    bool up_ = false;
    bool stopped_ = false;
};

}  // namespace chaind::net
