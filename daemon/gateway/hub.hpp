#pragma once
// Where the log's entries meet the sessions of this replica: it hands each durable event to the sessions that
// may see it, ends the sessions whose token was revoked, tells of changes of the chain, and collects delivery
// marks into few entries.
//
// A session is live (gets events as they are applied) or catching up (reads them from the store); join()
// makes it live without a hole, by a ring of recent events that bridges the snapshot it read and now.

#include "gateway/backend.hpp"
#include "gateway/cluster_info.hpp"
#include "gateway/feed.hpp"
#include "gateway/settings.hpp"
#include "runtime/task_group.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace chaind::gateway
{

// A session as the hub sees it. None of the calls may add or remove sessions, but for tick().
class subscriber
{
public:
    using time_point = std::chrono::steady_clock::time_point;
    virtual ~subscriber() = default;

    [[nodiscard]] virtual chat::user_id user() const = 0;
    [[nodiscard]] virtual chat::token_hash const& token() const = 0;

    // False: it cannot take more now and will catch up from the store; it is not live any more.
    [[nodiscard]] virtual bool push(published_ptr what) = 0;
    // Events may have been missed: catch up. It is not live any more.
    virtual void missed_events() = 0;
    // Shown if there is room.
    virtual void hint(std::shared_ptr<std::string const> frame) = 0;
    // `bye`, then close; `after_requests`: once those in flight are answered.
    virtual void end(int code, std::string reason, bool after_requests) = 0;
    virtual void tick(time_point now) = 0;

    // The conversations of its user, rising. The hub keeps them right while it is live.
    std::vector<chat::conv_id> own;
};

class hub final : public backend::listener
{
public:
    // Listens to `chain` from now on.
    hub(backend& chain, settings const& limits, std::string own_url, runtime::task_group& tasks);

    void opened(subscriber& who);
    // The session has a user now. False: he has too many connections.
    [[nodiscard]] bool greeted(subscriber& who);
    void closed(subscriber& who);

    // Live from now on, after it was given what was applied behind `upto`; `own` must be as of `upto`. False:
    // that is no longer in memory, or the session is full; catch up further.
    [[nodiscard]] bool join(subscriber& who, seq upto);

    void delivered(chat::mark const& mark);
    void typing(subscriber const& from, chat::conv_id conv, bool on);

    void tick(std::chrono::steady_clock::time_point now);
    // Ends all sessions, each after its requests in flight.
    void stop(int code, std::string const& reason);

    // As it was told last.
    [[nodiscard]] wire::cluster_view const& cluster() const { return told_; }
    [[nodiscard]] known_members const& members() const { return members_of_chain_; }
    [[nodiscard]] std::size_t sessions() const { return all_.size(); }
    [[nodiscard]] std::size_t clients() const { return clients_; }
    [[nodiscard]] std::uint64_t events_sent() const { return events_sent_; }

    // Told of every entry that is applied while this replica is a member.
    std::function<void(chat::applied const&)> on_entry;

    void on_applied(std::vector<chat::applied> const& what) override;
    void on_missed(seq upto, std::vector<chat::token_hash> const& revoked) override;
    void on_view() override;
    void on_typing(typing_note const& what) override;

private:
    struct item
    {
        seq pos;
        std::vector<published_ptr> events;
        std::vector<chat::token_hash> revoked;
        std::size_t bytes = 0;
    };

    void lose(seq upto);  // nobody here has seen the entries up to there
    void keep(item what);
    void deliver(published_ptr const& what);
    void revoke(chat::token_hash const& token);
    void leave(subscriber& who);  // not live any more
    void enter(subscriber& who, chat::conv_id conv);
    void exit(subscriber& who, chat::conv_id conv);
    std::vector<subscriber*> recipients(chat::event const& of) const;
    void watch_service(std::chrono::steady_clock::time_point now);
    void tell_cluster();
    void watch_cluster(std::chrono::steady_clock::time_point now);
    void watch_place();  // of this replica: about to leave, out of the chain, of another history
    void end_all(int code, std::string const& reason, bool after_requests);
    boost::asio::awaitable<void> send_marks();

    backend& chain_;
    settings const& limits_;
    std::string own_url_;
    runtime::task_group& tasks_;

    std::deque<item> ring_;  // entries with something to tell, (covered_from_, last_]
    std::size_t ring_bytes_ = 0;
    std::size_t ring_events_ = 0;
    seq covered_from_;
    seq last_;  // 0: nothing was applied yet since the start

    std::unordered_set<subscriber*> all_;
    std::unordered_set<subscriber*> live_;
    std::unordered_map<chat::user_id, std::vector<subscriber*>> by_user_;
    std::unordered_map<chat::conv_id, std::vector<subscriber*>> by_conv_;  // live ones
    std::size_t clients_ = 0;
    std::uint64_t events_sent_ = 0;

    wire::cluster_view told_;
    std::string last_cluster_frame_;
    std::optional<std::chrono::steady_clock::time_point> unsettled_since_;
    std::string lineage_;  // the last one known
    bool draining_ = false;
    bool cut_off_ = false;
    bool outside_ = false;
    known_members members_of_chain_;
    std::optional<std::chrono::steady_clock::time_point> unreadable_since_;

    std::map<std::pair<chat::user_id, chat::conv_id>, std::uint64_t> marks_;
    std::chrono::steady_clock::time_point marks_sent_;
    bool sending_marks_ = false;
    bool stopping_ = false;
};

}  // namespace chaind::gateway
