#pragma once
// One replica in the daemon: the only caller of chain::replica::step. Hands it events (messages, durable
// writes, directives, the gateway's commands and reads, time), performs its effects, and decides nothing
// itself. Event loop's thread only.

#include "chain/replica.hpp"
#include "gateway/backend.hpp"
#include "net/dialer.hpp"
#include "node/peer_table.hpp"
#include "node/waiting.hpp"
#include "runtime/random_id.hpp"
#include "runtime/task_group.hpp"
#include "store/reader_pool.hpp"
#include "store/snapshot_thread.hpp"
#include "store/store_thread.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace chaind::node
{

struct driver_settings
{
    chain::settings core;  // self included
    cluster_id cluster;
    boost::asio::ip::tcp::endpoint listen;  // for other replicas
    boost::asio::ip::tcp::endpoint configd;
    std::string data_dir;        // for people
    std::string database;        // path: its size is shown, snapshots are made beside it
    store::space_options space;  // folder empty: nobody looks
    std::size_t snapshot_share = store::snapshot_thread_options{}.share;
    std::uint64_t moved_before = 0;  // bytes that this join has cost in earlier runs of this process
    std::size_t pending_max = 8192;  // commands that wait for their answer
    microseconds submit_limit = 5s;
    microseconds stall_limit = 1s;  // the disk makes no progress: heartbeats stop
};

class replica_driver : public gateway::backend
{
public:
    // Binds the replica listener: throws boost::system::system_error. `die(exit code, why)` does not return.
    replica_driver(
        boost::asio::io_context& on,
        driver_settings how,
        chain::recovered from,
        std::unique_ptr<store::sqlite_store> store,
        std::unique_ptr<store::reader_pool> readers,
        std::function<void(int, std::string const&)> die
    );
    ~replica_driver() override;

    // What heartbeats say beside the chain's own figures: client_url, admin_addr, clients. Before start().
    void describe_with(std::function<void(boost::json::object&)> more) { describe_more_ = std::move(more); }

    // This run is over, and the next one is to start from another store. From then on the replica does
    // nothing any more; whoever is told stops it. Before start().
    void when_over(std::function<void(chain::begin_anew)> then) { over_ = std::move(then); }

    void start();
    // Heartbeats tell the config service to take this replica out; it goes on serving meanwhile.
    void step_down();
    // Refuses what is new, ends links, performs all queued writes.
    boost::asio::awaitable<void> stop();

    boost::asio::awaitable<gateway::submit_outcome> submit(chat::command what) override;
    boost::asio::awaitable<error_code> read(std::function<void(store::chat_reader&)> query) override;
    boost::asio::awaitable<error_code> read_from(seq min_pos, std::function<void(store::chat_reader&)> query)
        override;
    [[nodiscard]] gateway::chain_view const& view() const override { return view_; }
    void listen(listener& who) override { listener_ = &who; }

    [[nodiscard]] boost::asio::ip::tcp::endpoint address() const { return peers_.address(); }
    [[nodiscard]] chain::replica_status status() const { return core_.status(); }
    [[nodiscard]] std::uint64_t commits() const { return store_->commits(); }
    // The highest promise; on disk once stop() has returned.
    [[nodiscard]] chain_config const& promised() const { return promised_; }
    // Bytes that this join has cost so far.
    [[nodiscard]] std::uint64_t moved_bytes() const;

private:
    // ---- the core
    void feed(chain::event what);
    // A step that was left half done cannot be continued: whatever is thrown in it ends the process.
    void drain() noexcept;
    void perform(chain::effects effects);
    void end_run(chain::begin_anew how);
    void give_up_waiting();  // whoever waits for the core or for rows is told that it will not be
    void beat(heartbeat what);
    void read_step(chain::read_step const& what);
    void refused(chain::local_refusal const& what);
    boost::asio::awaitable<void> tick_loop();

    // ---- the store
    store::store_events store_handlers();
    void applied(std::vector<chat::applied> const& what);

    // ---- links
    peer_events peer_handlers();
    net::dial_events config_handlers();
    void config_frame(wire::peer::frame what);
    void instructed(wire::peer::instruction what);
    boost::asio::awaitable<void> submit_checkpoint(std::uint64_t id);

    // ---- what it shows
    void refresh_view();
    [[nodiscard]] std::string why_not(chain::replica_status const& now, bool others) const;
    void heard_of_space(room left, std::uint64_t free);
    [[nodiscard]] std::string info(chain::replica_status const& now) const;
    void log_role(chain::replica_status const& now);

    struct reading
    {
        std::function<void(store::chat_reader&)> query;
        std::shared_ptr<waiting<error_code>> reader;
        std::shared_ptr<bool> running;  // on a reader thread now
    };

    boost::asio::io_context& on_;
    driver_settings how_;
    std::function<void(int, std::string const&)> die_;
    chain_config promised_;
    chain::replica core_;
    std::unique_ptr<store::reader_pool> readers_;
    std::unique_ptr<store::store_thread> store_;
    std::unique_ptr<store::snapshot_thread> snapshots_;
    runtime::task_group tasks_;
    peer_table peers_;
    std::shared_ptr<net::dialer> config_;
    boost::asio::steady_timer ticker_;
    runtime::request_ids ids_;
    listener* listener_ = nullptr;
    std::function<void(boost::json::object&)> describe_more_ = [](boost::json::object&) {};
    std::function<void(chain::begin_anew)> over_ = [](chain::begin_anew const&) {};

    std::deque<chain::event> queue_;
    bool draining_ = false;
    bool stopping_ = false;  // nothing new is taken
    bool ended_ = false;     // the core wants to begin anew: it is asked nothing more
    bool stopped_ = false;   // nothing at all happens any more

    std::unordered_map<request_id, std::shared_ptr<waiting<gateway::submit_outcome>>> pending_;
    std::map<chain::read_token, std::shared_ptr<reading>> reads_;
    chain::read_token last_read_ = 0;
    std::multimap<seq, std::shared_ptr<waiting<bool>>> behind_;  // who waits until that position is visible

    gateway::chain_view view_;
    std::optional<std::uint64_t> free_bytes_;  // on the file system of the data folder
    room room_ = room::ample;
    bool config_up_ = false;
    boost::json::object checkpoint_;  // the newest state digest, as heartbeats report it
    std::pair<epoch, chain::role> told_role_{};
    bool told_active_ = false;
};

}  // namespace chaind::node
