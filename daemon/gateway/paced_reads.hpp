#pragma once
// A backend whose reads wait for their turn, first come first served: after a failover thousands of clients
// say hello at once, and the store's reader threads have a short queue. A read that waited too long is
// refused as timed out.

#include "gateway/backend.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>

namespace chaind::gateway
{

class paced_reads final : public backend
{
public:
    paced_reads(
        backend& chain,
        boost::asio::any_io_executor on,
        std::size_t at_once,
        std::chrono::milliseconds patience
    );

    boost::asio::awaitable<submit_outcome> submit(chat::command what) override;
    boost::asio::awaitable<error_code> read(std::function<void(store::chat_reader&)> query) override;
    boost::asio::awaitable<error_code> read_from(seq min_pos, std::function<void(store::chat_reader&)> query)
        override;
    void tell_others(typing_note const& what) override { chain_.tell_others(what); }
    [[nodiscard]] chain_view const& view() const override { return chain_.view(); }
    void listen(listener& who) override { chain_.listen(who); }

private:
    struct waiter
    {
        explicit waiter(boost::asio::any_io_executor const& on) : turn(on) {}
        boost::asio::steady_timer turn;
        bool granted = false;
    };
    class place;  // gives the turn on when it ends

    boost::asio::awaitable<bool> enter();
    void leave();

    backend& chain_;
    boost::asio::any_io_executor on_;
    std::size_t at_once_;
    std::chrono::milliseconds patience_;
    std::size_t running_ = 0;
    std::deque<std::shared_ptr<waiter>> waiting_;
};

}  // namespace chaind::gateway
