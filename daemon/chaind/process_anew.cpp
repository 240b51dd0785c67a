// From one store to the next without an end of the process.

#include "base/utf8.hpp"
#include "chaind/beside_the_loop.hpp"
#include "chaind/process.hpp"
#include "runtime/clock.hpp"
#include "runtime/error_words.hpp"
#include "runtime/log.hpp"
#include "runtime/options.hpp"
#include "runtime/private_file.hpp"
#include "runtime/random_id.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/utc.hpp"
#include "sqlite/database.hpp"
#include "store/snapshot_install.hpp"
#include "store/snapshot_thread.hpp"
#include "store/store_file.hpp"
#include "wire/json_fields.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <chrono>
#include <filesystem>
#include <functional>

namespace chaind::program
{

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

namespace
{
constexpr std::size_t reason_most = 1000;

std::int64_t ms_since(clock::time_point begun)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - begun).count();
}

std::string utc_stamp()
{
    return runtime::in_utc(runtime::now().wall_us, "%Y%m%dT%H%M%SZ");
}
}  // namespace

// A process without a replica is of no use to anybody: whatever goes wrong ends it.
asio::awaitable<void> chaind_process::begin_anew(chain::begin_anew how)
{
    try
    {
        co_await change_run(std::move(how));
    }
    catch (std::exception const& wrong)
    {
        if (stopping_) throw;
        runtime::fail(runtime::exit_bug, "cannot change to another store: " + runtime::words_of(wrong));
    }
}

asio::awaitable<void> chaind_process::change_run(chain::begin_anew how)
{
    auto const begun = clock::now();
    log::write(
        log::level::notice,
        "chaind",
        how.install ? "a snapshot is complete and becomes the store" : "the store is of no use in this chain",
        {{"Reason", how.set_aside.empty() ? "this replica has fetched it" : how.set_aside}}
    );
    runtime::notify_status("changing to another store");
    co_await take_down();

    std::function<void()> change = [this, &how]
    {
        store::store_identity as;
        as.store = runtime::random_id<store_id>();
        as.cluster = settings_.driver.cluster;
        as.promised = how.promised;
        change_store(how, as);
        open();
        if (store_->cluster() == settings_.driver.cluster) return;
        if (auto const failed = store_->set_cluster(settings_.driver.cluster))
            runtime::fail(runtime::exit_disk, "the store cannot be written: " + failed.message());
    };
    if (!stopping_) co_await beside_the_loop(std::move(change));
    try
    {
        if (!stopping_) begin();
    }
    catch (std::exception const& wrong)
    {
        runtime::fail(runtime::exit_config, "cannot start on the new store: " + runtime::words_of(wrong));
    }
    if (!stopping_)
        log::write(
            log::level::notice,
            "chaind",
            "this replica goes on",
            {{"Applied", replica_->backend().view().applied}, {"TookMs", ms_since(begun)}}
        );
    changing_ = false;
    changed_.cancel();
}

// Ends gateway and replica, and keeps what the next ones need of them.
asio::awaitable<void> chaind_process::take_down()
{
    settings_.gateway.port = gateway_->client_port();
    settings_.gateway.admin_port = gateway_->admin_port();
    settings_.driver.listen = replica_->address();
    co_await gateway_->stop();
    co_await replica_->stop();
    settings_.driver.moved_before = replica_->driver().moved_bytes();
    // What they and their threads have posted must still find them.
    co_await asio::post(on_, asio::use_awaitable);
    gateway_.reset();
    replica_.reset();
}

// On its own thread. Neither of the two leaves anything half done (store/snapshot_install.hpp), and a store
// that is being read stays.
void chaind_process::change_store(chain::begin_anew const& how, store::store_identity const& as)
{
    auto const begun = clock::now();
    auto const& database = settings_.driver.database;
    std::string why;
    installed_ = false;
    if (!how.set_aside.empty()) set_store_aside(how.set_aside);
    if (how.install)
    {
        auto const part = store::incoming_path(database);
        auto const bytes = store::size_of(part);
        auto const failed = store::install_snapshot(part, database, as, &why);
        // Somebody reads it for long, as a backup does. Nothing is wrong with the disk, and a backup is not
        // cut off: this replica goes on with what it had, still learns, and comes here again.
        if (failed == errc::locked)
            return log::write(
                log::level::warning, "chaind", "the snapshot cannot become the store yet", {{"Reason", why}}
            );
        if (failed) runtime::fail(runtime::exit_disk, "the snapshot cannot become the store: " + why);
        log::write(
            log::level::notice,
            "chaind",
            "the snapshot is the store now",
            {{"Bytes", bytes}, {"TookMs", ms_since(begun)}}
        );
        installed_ = true;
    }
}

void chaind_process::set_store_aside(std::string const& reason)
{
    std::string why;
    if (!try_to_set_aside(reason, why))
        runtime::fail(runtime::exit_disk, "the store cannot be set aside: " + why);
}

bool chaind_process::try_to_set_aside(std::string const& reason, std::string& why)
{
    auto const begun = clock::now();
    auto const folder = store::set_aside(settings_.driver.database, utc_stamp(), &why);
    if (!folder) return false;
    log::write(
        log::level::warning,
        "chaind",
        "the store was set aside, nothing is deleted",
        {{"Folder", *folder}, {"Reason", reason}, {"TookMs", ms_since(begun)}}
    );
    // Said in each heartbeat, also by a process that is started before the new database is filled.
    set_aside_ = {
        .folder = sqlite::legible(*folder),
        .reason = std::string(utf8_prefix(sqlite::legible(reason), reason_most))
    };
    boost::json::object const kept{{"folder", set_aside_->folder}, {"reason", set_aside_->reason}};
    if (auto const failed = runtime::write_private_file(set_aside_file(), boost::json::serialize(kept)))
        log::write(
            log::level::warning, "chaind", "cannot write set-aside.json", {{"Reason", failed.message()}}
        );
    return true;
}

std::string chaind_process::set_aside_file() const
{
    return settings_.data_dir + "/set-aside.json";
}

void chaind_process::recall_set_aside()
{
    auto const text = runtime::read_plain_file(set_aside_file()).value_or("");
    boost::system::error_code none;
    auto const kept = boost::json::parse(text, none);
    if (none || !kept.is_object()) return;
    auto const& said = kept.get_object();
    set_aside_ = {.folder = wire::text_in(said, "folder"), .reason = wire::text_in(said, "reason")};
}

void chaind_process::forget_set_aside_once_filled()
{
    if (!set_aside_ || !replica_->backend().view().member) return;
    set_aside_.reset();
    std::error_code ignored;
    std::filesystem::remove(set_aside_file(), ignored);
}

}  // namespace chaind::program
