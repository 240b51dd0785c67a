#pragma once
// The replica as its gateway sees it: the gateway's loop and the replica's are two threads, and all that
// passes between them is a letter. A gateway that is late holds up neither the chain nor the memory: what was
// applied meanwhile waits up to a bound, and is then told as missed; sessions read it from the store.

#include "gateway/backend.hpp"
#include "node/bridge_letters.hpp"
#include "node/waiting.hpp"
#include "runtime/letter_box.hpp"
#include "runtime/random_id.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace chaind::node
{

struct bridge_settings
{
    std::size_t pending_max = 8192;  // commands, and as many reads, that wait for their answer
    microseconds submit_limit = 5s;
    microseconds visible_limit = 1s;           // of read_from, until its position is visible
    std::size_t untold_bytes_max = 16u << 20;  // of applied entries that the gateway has not looked at
};

// The gateway's loop only, but for tell().
class backend_bridge final : public gateway::backend
{
public:
    // `send`: brings a letter to the replica, until close().
    backend_bridge(
        boost::asio::any_io_executor gateway, bridge_settings how, std::function<void(to_chain)> send
    );
    ~backend_bridge() override;

    // How the replica looks before it tells anything.
    void start_with(gateway::chain_view const& now, cluster_status status);

    // What the replica tells, in its order. From one thread; kept alive by whoever holds it.
    [[nodiscard]] std::function<void(to_gateway)> tell() const;

    // The replica has ended: whoever waits is told that there will be no answer, and nothing is sent any
    // more. No query may run any more.
    void close();

    void describe(gateway_facts facts) { send(std::move(facts)); }

    boost::asio::awaitable<gateway::submit_outcome> submit(chat::command what) override;
    boost::asio::awaitable<error_code> read(std::function<void(store::chat_reader&)> query) override;
    boost::asio::awaitable<error_code> read_from(seq min_pos, std::function<void(store::chat_reader&)> query)
        override;
    void tell_others(gateway::typing_note const& what) override { send(what); }
    [[nodiscard]] gateway::chain_view const& view() const override { return view_; }
    void listen(listener& who) override { listener_ = &who; }

private:
    struct mail;  // what waits for the gateway's loop, bounded

    void send(to_chain what)
    {
        if (!closed_) send_(std::move(what));
    }
    // Letters that were read half cannot be read again: whatever is thrown in it ends the process.
    void take(std::vector<to_gateway> letters) noexcept;
    void on(decided& what);
    void on(not_decided& what);
    void on(has_read& what);
    void on(was_applied& what);
    void on(were_missed& what);
    void on(progress& what);
    void on(looks& what);
    void on(gateway::typing_note const& what);
    void finish(request_id which, gateway::submit_outcome with);
    boost::asio::awaitable<error_code> answer_to(
        to_chain question, chain::read_token token, microseconds limit
    );

    boost::asio::any_io_executor on_;
    bridge_settings how_;
    std::function<void(to_chain)> send_;
    std::shared_ptr<mail> mail_;
    runtime::request_ids ids_;
    chain::read_token last_read_ = 0;
    listener* listener_ = nullptr;
    gateway::chain_view view_;
    bool closed_ = false;
    std::unordered_map<request_id, std::shared_ptr<waiting<gateway::submit_outcome>>> pending_;
    std::unordered_map<chain::read_token, std::shared_ptr<waiting<error_code>>> reads_;
};

}  // namespace chaind::node
