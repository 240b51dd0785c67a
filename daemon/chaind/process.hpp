#pragma once
// One replica's process: opens the store, meets the config service, builds replica and gateway, and builds
// them anew, in the same process and on the same ports, when the replica is to go on from another store.

#include "chaind/chaind_settings.hpp"
#include "chaind/first_contact.hpp"
#include "gateway/server.hpp"
#include "metrics/registry.hpp"
#include "node/replica_thread.hpp"
#include "runtime/daemon.hpp"
#include "runtime/task_group.hpp"
#include "store/snapshot_install.hpp"
#include "store/sqlite_store.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace chaind::program
{

// The identity of `how` in that store; `why` not becomes a sentence. `just_checked`: all of the file, by this
// process.
result<std::unique_ptr<store::sqlite_store>> try_open_store(
    chaind_settings const& how, boot_id boot, std::string& why, bool just_checked = false
);
// Ends the process when it cannot be opened.
std::unique_ptr<store::sqlite_store> open_store(
    chaind_settings const& how, boot_id boot, bool just_checked = false
);
[[nodiscard]] int exit_status_of(error_code const& failed);

class chaind_process : public runtime::daemon
{
public:
    chaind_process(chaind_settings settings, boost::asio::io_context& on);

    boost::asio::awaitable<void> run() override;
    boost::asio::awaitable<void> stop() override;
    [[nodiscard]] bool turns() const override;
    void reload(gateway::settings const& fresh);

    // The replica that runs now; null before the first and between two.
    [[nodiscard]] node::replica_thread* replica() { return replica_ ? &*replica_ : nullptr; }
    [[nodiscard]] std::size_t runs() const { return runs_; }  // how many there were so far

private:
    void open();
    // Opens the store; one that cannot be used is waited for, or set aside when the chain goes on without it.
    boost::asio::awaitable<void> open_or_begin_empty();
    boost::asio::awaitable<bool> wait_or_set_aside(std::string why);
    boost::asio::awaitable<void> wait_for_room(std::string why);
    boost::asio::awaitable<void> end_with_a_word(int exit_status, std::string why);
    void say_unusable(
        std::string const& why, std::string const& what, std::string const& chain, std::string const& advice
    );
    boost::asio::awaitable<std::optional<cluster_id>> join_cluster();
    void begin();  // builds and starts
    void build();
    void tell_of_clients();
    boost::asio::awaitable<void> watch_clients();
    void write_ports() const;
    [[nodiscard]] std::string members_file() const;
    void remember_members();  // for a start while the config service is away
    [[nodiscard]] std::vector<std::string> remembered_members() const;

    boost::asio::awaitable<void> begin_anew(chain::begin_anew how);
    boost::asio::awaitable<void> change_run(chain::begin_anew how);
    boost::asio::awaitable<void> take_down();
    void set_store_aside(std::string const& reason);
    [[nodiscard]] bool try_to_set_aside(std::string const& reason, std::string& why);
    [[nodiscard]] std::string set_aside_file() const;
    void recall_set_aside();  // of an earlier process
    void forget_set_aside_once_filled();
    void change_store(chain::begin_anew const& how, store::store_identity const& as);

    boost::asio::io_context& on_;
    chaind_settings settings_;
    metrics::registry metrics_;
    runtime::task_group tasks_;
    std::unique_ptr<store::sqlite_store> store_;  // until the replica has it
    std::optional<node::replica_thread> replica_;
    std::optional<gateway::server> gateway_;
    std::optional<set_aside_store> set_aside_;  // from then on until this machine is a member again
    std::string unusable_said_;
    std::chrono::steady_clock::time_point unusable_said_at_;
    std::size_t runs_ = 0;
    bool changing_ = false;   // between two stores
    bool installed_ = false;  // the store is a snapshot that was checked a moment ago
    bool stopping_ = false;
    boost::asio::steady_timer changed_;  // cancelled when changing_ is over
    boost::asio::steady_timer facts_timer_;
    std::optional<node::gateway_facts> facts_told_;
    std::set<std::string> members_remembered_;
};

}  // namespace chaind::program
