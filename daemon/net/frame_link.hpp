#pragma once
// One TCP connection between daemons that carries frames. One coroutine reads (receive()), one writes
// (write_loop()); send() only queues. Event loop's thread only.

#include "net/frame.hpp"
#include "wire/peer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <string>

namespace chaind::net
{

class frame_link
{
public:
    // `outbox_limit`: bytes that may wait to be written; beyond it the link closes itself, and whoever
    // depends on what was in it sends it again on the next one.
    frame_link(boost::asio::ip::tcp::socket socket, std::size_t outbox_limit);

    // The next frame; an error when the link has ended or the other side sent what is no frame.
    [[nodiscard]] boost::asio::awaitable<result<wire::peer::frame>> receive();
    // Ends when the link is closed. Run it once.
    static boost::asio::awaitable<void> write_loop(std::shared_ptr<frame_link> self);

    // Queues; false when the link is closed (perhaps by this).
    bool send(std::string body);
    // Writes what is queued, then closes; for a last word.
    void close_after_writing();
    void close();

    // The other side has said who it is: how large a frame may be from now on.
    void allow(std::size_t frame) { in_.set_limit(frame); }

    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
    [[nodiscard]] std::string const& peer() const { return peer_; }  // address, for the log

private:
    struct outgoing
    {
        frame_header header;
        std::string body;
    };

    boost::asio::awaitable<boost::system::error_code> write_batch();

    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer wake_;  // cancelled when there is something to write
    std::string peer_;
    frame_splitter in_{greeting_limit};
    std::deque<outgoing> outbox_;
    std::size_t waiting_bytes_ = 0;
    std::size_t outbox_limit_;
    bool closing_ = false;
    bool closed_ = false;
};

}  // namespace chaind::net
