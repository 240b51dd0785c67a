#pragma once
// How much of the store one user may have read for him: bytes a second over all his connections, and pages
// that are being read or have not been written to him yet. Whoever asks for more waits, and is refused when
// that takes too long.

#include "chat/ids.hpp"
#include "gateway/settings.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <unordered_map>

namespace chaind::gateway
{

class page_turns
{
    struct reader;

public:
    using time_point = std::chrono::steady_clock::time_point;

    // Outlived by `limits`.
    page_turns(boost::asio::any_io_executor on, settings const& limits);
    ~page_turns();

    // Held from the question until its answer was written, or thrown away. Until it is known what the page
    // costs, it costs as much as a page can have: else many that are asked for at once would cost nothing.
    class turn
    {
    public:
        turn(settings const& limits, std::shared_ptr<reader> of);
        ~turn();
        turn(turn const&) = delete;
        turn& operator=(turn const&) = delete;

        void cost(std::size_t bytes);  // what the page has; a small one costs a minimum all the same

    private:
        settings const& limits_;
        std::shared_ptr<reader> of_;
        bool costs_known_ = false;
    };
    using turn_ptr = std::shared_ptr<turn>;

    // First come, first served. Null: it took longer than `page_turn_within`.
    boost::asio::awaitable<turn_ptr> take(chat::user_id who);

    // For what is not a page of its own: events that were missed, looks at a single row.
    [[nodiscard]] bool in_debt(chat::user_id who, time_point now);
    void charge(chat::user_id who, std::size_t bytes, time_point now);
    // Resumes when he is in no debt.
    boost::asio::awaitable<void> paid(chat::user_id who);

    void forget_idle(time_point now);
    [[nodiscard]] std::size_t size() const { return readers_.size(); }

private:
    std::shared_ptr<reader> reader_of(chat::user_id who, time_point now);
    void refill(reader& of, time_point now) const;
    [[nodiscard]] time_point solvent_at(reader const& of, time_point now) const;

    boost::asio::any_io_executor on_;
    settings const& limits_;
    std::unordered_map<chat::user_id, std::shared_ptr<reader>> readers_;
};

}  // namespace chaind::gateway
