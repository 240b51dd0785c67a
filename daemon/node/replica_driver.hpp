#pragma once
// One replica in the daemon: the only caller of chain::replica::step. Hands it events (messages, durable
// writes, directives, the gateway's commands and reads, time), performs its effects. It orders nothing
// by itself; where its clients are sent to is its own (docs/protocol.md 4.4). The replica's loop only: a
// thread that neither clients nor disks hold up.

#include "chain/replica.hpp"
#include "net/dialer.hpp"
#include "node/bridge_letters.hpp"
#include "node/peer_table.hpp"
#include "runtime/random_id.hpp"
#include "runtime/task_group.hpp"
#include "store/reader_pool.hpp"
#include "store/scrub.hpp"
#include "store/snapshot_thread.hpp"
#include "store/store_thread.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace chaind::node
{

struct driver_settings
{
    chain::settings core;  // self included
    cluster_id cluster;
    boost::asio::ip::tcp::endpoint listen;  // for other replicas
    net::link_limits links;                 // on that
    boost::asio::ip::tcp::endpoint configd;
    std::string data_dir;        // for people
    std::string database;        // path: its size is shown, snapshots are made beside it
    store::space_options space;  // folder empty: nobody looks
    std::size_t snapshot_share = store::snapshot_thread_options{}.share;
    std::size_t proven_at_once = store::snapshot_thread_options{}.proven_at_once;
    std::chrono::milliseconds scrub_every = store::scrub_options{}.every;
    std::size_t scrub_share = store::scrub_options{}.share;
    std::uint64_t moved_before = 0;  // bytes that this join has cost in earlier runs of this process
    microseconds stall_limit = 1s;   // the disk makes no progress: heartbeats say so
};

class replica_driver
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
    ~replica_driver();

    // How its gateway is told, in order, of what is applied, of answers, and of how it looks. Before start().
    void tell_with(std::function<void(to_gateway)> tell) { tell_ = std::move(tell); }

    // This run is over, and the next one is to start from another store. From then on the replica does
    // nothing any more; whoever is told stops it, from elsewhere. Before start().
    void when_over(std::function<void(chain::begin_anew)> then) { over_ = std::move(then); }

    void start();
    // Heartbeats tell the config service to take this replica out; it goes on serving meanwhile.
    void step_down();
    // Refuses what is new, ends links, performs all queued writes.
    boost::asio::awaitable<void> stop();

    // What its gateway wants.
    void take(std::vector<to_chain> letters) noexcept;

    [[nodiscard]] gateway::chain_view const& view() const { return view_; }  // without status
    [[nodiscard]] shared_status const& shown_status() const { return status_; }
    [[nodiscard]] boost::asio::ip::tcp::endpoint address() const { return peers_.address(); }
    [[nodiscard]] chain::replica_status status() const { return core_.status(); }
    [[nodiscard]] std::uint64_t commits() const { return store_->commits(); }
    // Bytes that this join has cost so far.
    [[nodiscard]] std::uint64_t moved_bytes() const;
    // From any thread: when its loop last came round.
    [[nodiscard]] instant turned_at() const { return instant(turned_at_.load(std::memory_order_relaxed)); }

private:
    // ---- the core
    void feed(chain::event what);
    // A step that was left half done cannot be continued: whatever is thrown in it ends the process.
    void drain() noexcept;
    void perform(chain::effects effects);
    void end_run(chain::begin_anew how);
    void turned();
    void give_up_waiting();  // whoever waits for the core or for rows is told that it will not be
    void watch_disk();       // the core hears when a write takes longer than it may, and when it is done
    void beat(heartbeat what);
    void read_step(chain::read_step const& what);
    void refused(chain::local_refusal const& what);
    boost::asio::awaitable<void> tick_loop();

    // ---- the store
    store::store_events store_handlers();
    [[nodiscard]] store::scrub_options scrub_settings() const;
    store::scrub_events scrub_handlers();
    void scrubbed(store::scrub_report const& what);
    void rows_judged(chain::event const& what);
    void applied(std::vector<chat::applied> what);

    // ---- links
    peer_events peer_handlers();
    net::dial_events config_handlers();
    void config_frame(wire::peer::frame what);
    void instructed(wire::peer::instruction what);
    void submit_checkpoint(std::uint64_t id);
    void give_up_checkpoints();

    // ---- the gateway's letters
    void on(submit_this const& what);
    void on(forget_command const& what);
    void on(read_this& what);
    void on(read_this_from& what);
    void on(forget_read const& what);
    void on(gateway_facts& what);
    void on(gateway::typing_note const& what);

    // ---- what it shows
    [[nodiscard]] bool config_speaks() const;
    void refresh_view();
    void show_service(bool up);
    [[nodiscard]] std::string refused() const;
    void log_served();
    void heard_of_space(room left, std::uint64_t free);
    [[nodiscard]] node_facts facts(chain::replica_status const& now) const;
    void log_role(chain::replica_status const& now);
    void log_clock(chain::replica_status const& now);
    boost::asio::awaitable<void> stop_outdated(std::string why);

    // ---- reads
    struct reading
    {
        std::function<void(store::chat_reader&)> query;
        bool linearizable = true;
        bool running = false;          // or waits for a reader thread
        std::optional<seq> from = {};  // while it waits for that
    };
    using reading_at = std::map<chain::read_token, reading>::iterator;
    void run_those_behind();
    void run_query(reading_at which);
    void query_done(chain::read_token which, error_code failed);
    void end_read(reading_at which, error_code outcome);

    boost::asio::io_context& on_;
    driver_settings how_;
    std::function<void(int, std::string const&)> die_;
    chat::counters at_start_;  // of the state that the store held
    chain::replica core_;
    std::shared_ptr<store::row_watch> watch_;
    store::store_standing standing_;  // when it was opened
    std::unique_ptr<store::reader_pool> readers_;
    std::unique_ptr<store::store_thread> store_;
    std::unique_ptr<store::snapshot_thread> snapshots_;
    std::unique_ptr<store::scrub> scrub_;
    store::scrub_report scrubbed_;  // how it stands
    std::int64_t proven_ms_ = 0;    // when all rows were last known to be those that were written; 0: never
    runtime::task_group tasks_;
    peer_table peers_;
    std::shared_ptr<net::dialer> config_;
    boost::asio::steady_timer ticker_;
    runtime::request_ids ids_;
    std::deque<std::pair<instant, request_id>> checkpoints_;  // asked for here, until they are given up
    std::function<void(to_gateway)> tell_ = [](to_gateway const&) {};
    client_facts front_;
    std::optional<set_aside_store> set_aside_;
    std::function<void(chain::begin_anew)> over_ = [](chain::begin_anew const&) {};

    std::deque<chain::event> queue_;
    bool draining_ = false;
    bool stopping_ = false;  // nothing new is taken
    bool ended_ = false;     // the core wants to begin anew: it is asked nothing more
    bool stopped_ = false;   // nothing at all happens any more

    bool disk_stalled_ = false;  // as the core was told
    std::unordered_set<request_id> pending_;
    std::map<chain::read_token, reading> reads_;
    std::set<std::pair<seq, chain::read_token>> behind_;  // who waits until that position is visible
    std::atomic<std::int64_t> turned_at_{0};

    chain::replica_status now_;  // as view_ shows it
    gateway::chain_view view_;   // without status
    shared_status status_;       // what the config service last said, and whether that is up
    std::string told_lineage_;
    std::optional<std::uint64_t> free_bytes_;  // on the file system of the data folder
    room room_ = room::ample;
    bool config_up_ = false;       // the link, ...
    instant config_up_at_{};       // ... and since when
    bool config_told_ = false;     // more than its answer to the hello of this link
    instant config_heard_{};       // its last word
    bool service_shown_ = false;   // in status_, as up
    std::optional<kept_sum> sum_;  // at the newest checkpoint
    std::pair<epoch, chain::role> told_role_{};
    bool told_active_ = false;
    std::string told_served_;               // what is served now, as the log has it; empty: all
    std::optional<instant> refuses_since_;  // it takes no writes since then
    std::optional<instant> served_since_;   // since when that is so, unless the log has it
    std::string outdated_;                  // why this version cannot go on; empty: it can
    bool told_clock_ = false;               // that the own wall clock is wrong
    bool told_refused_ = false;             // that a row is not taken for its stamp
};

}  // namespace chaind::node
