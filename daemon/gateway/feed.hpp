#pragma once
// The durable events of one session, between the replica's log and the client's acks: what waits to be sent,
// and what was sent and is not acknowledged. Pure bookkeeping; both sides are bounded.

#include "chat/event.hpp"
#include "gateway/settings.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace chaind::gateway
{

// One event on its way to any number of sessions.
class published
{
public:
    explicit published(chat::event what);

    [[nodiscard]] chat::event const& what() const { return what_; }
    [[nodiscard]] std::size_t bytes() const { return text_.size() + 64; }  // about what it costs to keep
    [[nodiscard]] std::string frame(chat::user_id to, std::span<chat::conv_id const> own, seq prev) const;

private:
    chat::event what_;
    // The frame that serves all recipients, but for `prev`; empty when recipients see different text.
    std::string text_;
    std::size_t prev_at_ = 0;  // where `prev`, a single 0 here, stands in it
};
using published_ptr = std::shared_ptr<published const>;

class feed
{
public:
    explicit feed(settings const& limits) : limits_(limits) {}

    // From the beginning: the first event's `prev` will be `at`.
    void start(chat::user_id who, seq at);

    // False: too many wait. Then fetch them again from last_queued() on when there is room.
    [[nodiscard]] bool push(published_ptr what);
    [[nodiscard]] bool wants_more() const
    {
        if (waiting_.empty()) return true;
        return waiting_.size() < waiting_max / 4 && waiting_bytes_ < waiting_bytes_max / 4;
    }
    [[nodiscard]] seq last_queued() const { return last_queued_; }
    // The position of the event that is next; nothing when none waits.
    [[nodiscard]] std::optional<seq> next_pos() const;

    // The next frame that may be sent: one event, or (`batches`) several. `own`: the recipient's
    // conversations.
    [[nodiscard]] std::optional<std::string> next(bool batches, std::span<chat::conv_id const> own);

    // Events wait, and the client must acknowledge first.
    [[nodiscard]] bool blocked() const { return !waiting_.empty() && !window_open(); }
    [[nodiscard]] std::size_t unacked() const { return unacked_.size(); }

    // Cumulative; beyond what was sent it means all of it. Returns how far others' messages have now been
    // delivered.
    std::vector<chat::mark> acked(seq upto);

    static constexpr std::size_t waiting_max = 1024;
    static constexpr std::size_t waiting_bytes_max = 1024 * 1024;

private:
    struct sent
    {
        published_ptr what;
        std::size_t bytes = 0;
    };
    [[nodiscard]] bool window_open() const
    {
        return unacked_.size() < limits_.unacked_max && unacked_bytes_ < limits_.unacked_bytes_max;
    }
    std::string send_one(std::span<chat::conv_id const> own);

    settings const& limits_;
    chat::user_id who_;
    std::deque<published_ptr> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::deque<sent> unacked_;
    std::size_t unacked_bytes_ = 0;
    seq last_queued_;
    seq last_sent_;
};

}  // namespace chaind::gateway
