#pragma once
// One client speaking chat.v1 (docs/client_api.md 1): hello, then requests, each answered once, beside the
// stream of events.
//
// Its memory is bounded: at most `inflight_max` requests are unanswered or answered and unwritten (large
// pages weigh more); then the socket is not read. Events wait in a bounded feed.

#include "gateway/refusal.hpp"
#include "gateway/services.hpp"
#include "gateway/ws_peer.hpp"
#include "wire/client_json.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace chaind::gateway
{

// How and why a session is being closed. (Not inside the class: clang takes a nested class with initialised
// members for incomplete in std::optional.)
struct session_ending
{
    int code = 0;
    std::string reason;
    bool after_requests = false;
    bool said_bye = false;
    std::chrono::steady_clock::time_point since;
};

class session final : public ws_peer, public subscriber, public std::enable_shared_from_this<session>
{
public:
    session(services const& with, boost::asio::any_io_executor on, std::string address);
    ~session() override;

    // ws_peer
    void opened(ws_link& link) override;
    boost::asio::awaitable<void> received(std::string text) override;
    std::optional<ws_output> next() override;
    void gone() override;

    // subscriber
    [[nodiscard]] chat::user_id user() const override { return me_ ? me_->uid : chat::user_id{}; }
    [[nodiscard]] chat::token_hash const& token() const override { return token_; }
    [[nodiscard]] bool push(published_ptr what) override;
    void missed_events() override;
    void hint(std::shared_ptr<std::string const> frame) override;
    void end(int code, std::string reason, bool after_requests) override;
    void tick(time_point now) override;

private:
    enum class state : std::uint8_t
    {
        silent,    // no hello yet
        greeting,  // working on it
        open,
    };
    struct answer
    {
        std::string text;
        std::size_t weight = 1;
        page_turns::turn_ptr turn;  // of a page, until it was written
    };
    // requests
    boost::asio::awaitable<void> room_for(std::size_t weight);
    boost::asio::awaitable<void> serve(std::shared_ptr<session> self, wire::request what, std::size_t weight);
    boost::asio::awaitable<std::string> answer_to(wire::request const& what, page_turns::turn_ptr& turn);
    boost::asio::awaitable<std::string> change(wire::request const& what);
    boost::asio::awaitable<bool> moves_nothing(chat::read_upto const& what, std::string const& cid);
    boost::asio::awaitable<std::string> read(wire::request const& what, page_turns::turn_ptr& turn);
    boost::asio::awaitable<std::optional<refusal>> wait_for(seq pos);
    void note(wire::request const& what);
    void keep_login();
    void refuse_frame(wire::refused_frame const& why);
    void say(std::string text, std::size_t weight = 1, page_turns::turn_ptr turn = {});
    std::string refused(std::int64_t re, refusal const& why);

    // hello (session_hello.cpp)
    boost::asio::awaitable<void> greet(wire::request what);
    boost::asio::awaitable<std::optional<refusal>> admit(wire::hello const& what);
    void turn_away(std::int64_t re, refusal const& why);
    void welcome(std::int64_t re, std::string resume, seq pos, seq from);
    wire::hello_answer hello_answer(std::string resume) const;

    // events (session_events.cpp)
    void start_events(seq from, seq snapshot);
    void start_catching_up();
    boost::asio::awaitable<void> catch_up(std::shared_ptr<session> self);
    std::optional<std::string> next_event();

    services const& with_;
    std::string address_;
    ws_link* link_ = nullptr;
    state state_ = state::silent;
    time_point silent_since_;
    std::string turned_away_;  // why the last hello could not be served; empty: there was none like that
    time_point last_heard_;
    std::size_t bad_frames_ = 0;
    bool gone_ = false;

    std::size_t inflight_ = 0;  // weight of requests that are being served, and of answers not yet written
    std::size_t serving_ = 0;   // requests that have no answer yet
    std::size_t writing_weight_ = 0;  // of the answer that is being written
    page_turns::turn_ptr writing_turn_;
    std::deque<answer> answers_;
    boost::asio::steady_timer room_;  // cancelled when inflight_ has fallen

    std::optional<chat::person> me_;
    chat::token_hash token_;
    chat::session login_;  // as hello found it, and as it was said to be in use since
    bool batches_ = false;
    seq snapshot_;              // what hello's read saw
    bool gone_resume_ = false;  // the client must fetch everything anew

    feed feed_;
    seq scanned_;  // catching up: the store was read up to here
    bool catching_up_ = false;
    boost::asio::steady_timer feed_room_;  // cancelled when the feed wants more
    std::optional<seq> live_at_;           // say `live` once everything up to there was sent
    bool said_live_ = false;
    std::optional<time_point> blocked_since_;
    std::deque<std::shared_ptr<std::string const>> hints_;

    std::optional<session_ending> ending_;
};

}  // namespace chaind::gateway
