#include "chaind/process.hpp"

#include "chaind/join_token.hpp"
#include "runtime/address.hpp"
#include "runtime/clock.hpp"
#include "runtime/error_words.hpp"
#include "runtime/log.hpp"
#include "runtime/options.hpp"
#include "runtime/private_file.hpp"
#include "runtime/random_id.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/this_process.hpp"
#include "runtime/within.hpp"

#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <unistd.h>

namespace chaind::program
{

namespace asio = boost::asio;

namespace
{
constexpr auto facts_every = 50ms;
// The replica's loop turns every 5 ms. A machine that is too busy for this long is no reason to end it.
constexpr auto turns_within = 5s;
}  // namespace

result<std::unique_ptr<store::sqlite_store>> try_open_store(
    chaind_settings const& settings, boot_id boot, std::string& why, bool just_checked
)
{
    store::store_options how;
    how.path = settings.driver.database;
    how.new_store = runtime::random_id<store_id>();
    how.boot = boot;
    // Of the place of this process only the boot: namespaces have nothing to do with files.
    auto const& kernel = runtime::this_process().kernel;
    how.kernel = kernel.substr(0, kernel.find(' '));
    how.quick_check = !just_checked;
    how.log_keep_entries = settings.log_keep_entries;
    how.log_keep_bytes = settings.log_keep_bytes;
    if (auto const disk = store::measure_file_system(settings.data_dir))
        how.wal_pages = store::wal_pages_for(*disk);
    return store::sqlite_store::open(how, &why);
}

int exit_status_of(error_code const& failed)
{
    return failed == errc::disk_failed || failed == errc::store_damaged ? runtime::exit_disk
                                                                        : runtime::exit_config;
}

std::unique_ptr<store::sqlite_store> open_store(
    chaind_settings const& settings, boot_id boot, bool just_checked
)
{
    std::string why;
    auto opened = try_open_store(settings, boot, why, just_checked);
    if (!opened) runtime::fail(exit_status_of(opened.error()), why);
    return std::move(*opened);
}

chaind_process::chaind_process(chaind_settings settings, asio::io_context& on)
    : on_(on),
      settings_(std::move(settings)),
      tasks_(on.get_executor(), "chaind"),
      changed_(on),
      facts_timer_(on)
{
}

void chaind_process::open()
{
    auto& self = settings_.driver.core.self;
    self.boot = runtime::random_id<boot_id>();
    store_ = open_store(settings_, self.boot, installed_);
    self.store = store_->id();
}

asio::awaitable<void> chaind_process::run()
{
    co_await open_or_begin_empty();
    auto cluster = store_->cluster();
    if (!cluster)
    {
        runtime::notify_status("waiting for the config service");
        cluster = co_await join_cluster();
    }
    settings_.driver.cluster = *cluster;
    if (!set_aside_) recall_set_aside();
    begin();
    tasks_.spawn(watch_clients());
}

asio::awaitable<std::optional<cluster_id>> chaind_process::join_cluster()
{
    auto const& file = settings_.join_token_file;
    std::string token;
    try
    {
        if (!file.empty()) token = read_join_token(file);
    }
    catch (runtime::config_error const& missing)
    {
        // A node that is known already needs none; the config service will say.
        log::write(
            log::level::warning, "chaind", "there is no join token", {{"Reason", runtime::words_of(missing)}}
        );
    }
    auto greeting = greeting_of(settings_.driver.core.self, {}, token);
    auto const met = co_await meet_config_service(
        settings_.driver.configd, std::move(greeting), std::chrono::steady_clock::duration::max()
    );
    if (!met.cluster)
        runtime::fail(runtime::exit_refused, "the config service refuses this node: " + met.why);
    if (auto const failed = store_->set_cluster(*met.cluster))
        runtime::fail(runtime::exit_disk, "the store cannot be written: " + failed.message());
    if (!token.empty()) remove_join_token(file);
    co_return met.cluster;
}

void chaind_process::begin()
{
    build();
    write_ports();
    facts_told_.reset();
    tell_of_clients();
    gateway_->start();
    replica_->start();
    ++runs_;
    runtime::notify_status("running");
}

asio::awaitable<void> chaind_process::stop()
{
    stopping_ = true;
    while (changing_)
    {
        changed_.expires_at(asio::steady_timer::time_point::max());
        co_await runtime::wait_on(changed_);
    }
    if (replica_)
    {
        replica_->step_down();
        co_await gateway_->stop();
        co_await replica_->stop();
    }
    co_await tasks_.stop(std::chrono::seconds(1));
}

void chaind_process::reload(gateway::settings const& fresh)
{
    auto const before = settings_.gateway;
    auto& now = settings_.gateway;
    now = fresh;
    now.address = before.address;
    now.port = before.port;
    now.url = before.url;
    now.admin_address = before.admin_address;
    now.admin_port = before.admin_port;
    if (gateway_) gateway_->reload(now);
}

void chaind_process::build()
{
    auto recovered = store_->recover();
    if (!recovered) runtime::fail(runtime::exit_disk, "the log cannot be read: " + store_->failure_text());
    recovered->rows_checked = installed_;
    store::reader_options how;
    how.path = settings_.driver.database;
    how.threads = settings_.reader_threads;
    replica_.emplace(on_);
    auto readers = store::reader_pool::open(how, replica_->post());
    if (!readers)
        runtime::fail(runtime::exit_disk, "the database cannot be read: " + readers.error().message());
    replica_->build(
        settings_.driver,
        settings_.bridge,
        std::move(*recovered),
        std::move(store_),
        std::move(*readers),
        runtime::fail
    );
    auto how_served = settings_.gateway;
    how_served.remembered_members = remembered_members();
    gateway_.emplace(on_, replica_->backend(), std::move(how_served), metrics_);
    replica_->when_over(
        [this](chain::begin_anew what)
        {
            // Already on its way out: the next start comes to the same.
            if (stopping_) return;
            changing_ = true;
            tasks_.spawn(begin_anew(std::move(what)));
        }
    );
}

// Heartbeats say how many clients there are; the replica's thread does not look into the gateway.
void chaind_process::tell_of_clients()
{
    forget_set_aside_once_filled();
    node::gateway_facts facts{
        .front =
            {.url = gateway_->url(),
             .admin_addr = settings_.gateway.admin_address + ':' + std::to_string(gateway_->admin_port()),
             .clients = gateway_->clients(),
             .drained = gateway_->drained()},
        .set_aside = set_aside_,
    };
    if (facts == facts_told_) return;
    facts_told_ = facts;
    replica_->backend().describe(std::move(facts));
}

asio::awaitable<void> chaind_process::watch_clients()
{
    while (!stopping_)
    {
        if (replica_ && !changing_)
        {
            tell_of_clients();
            remember_members();
        }
        facts_timer_.expires_after(facts_every);
        co_await runtime::wait_on(facts_timer_);
    }
}

std::string chaind_process::members_file() const
{
    return settings_.data_dir + "/members.json";
}

void chaind_process::remember_members()
{
    auto const& now = gateway_->members();
    if (now.empty() || now == members_remembered_) return;
    members_remembered_ = now;
    // A disk that is full says so elsewhere; what is lost is a convenience.
    boost::json::array const urls(now.begin(), now.end());
    (void)runtime::write_private_file(members_file(), boost::json::serialize(urls) + '\n');
}

std::vector<std::string> chaind_process::remembered_members() const
{
    auto const text = runtime::read_plain_file(members_file()).value_or("");
    boost::system::error_code none;
    auto const kept = boost::json::parse(text, none);
    std::vector<std::string> out;
    if (none || !kept.is_array()) return out;
    for (auto const& url : kept.get_array())
        if (url.is_string()) out.emplace_back(url.get_string());
    return out;
}

bool chaind_process::turns() const
{
    bool const should = replica_ && !changing_ && !stopping_;
    return !should || runtime::steady_now() - replica_->turned_at() < turns_within;
}

void chaind_process::write_ports() const
{
    boost::json::object const ports{
        {"client", gateway_->client_port()},
        {"admin", gateway_->admin_port()},
        {"replica", replica_->address().port()},
        {"pid", ::getpid()},
        // A copy of this file in a copied folder is not of a process there.
        {"folder", runtime::folder_number(settings_.data_dir)},
    };
    runtime::write_ports(settings_.data_dir, boost::json::serialize(ports) + '\n');
    log::write(
        log::level::info,
        "chaind",
        "listening",
        {{"Clients", gateway_->url()}, {"Replicas", runtime::to_string(replica_->address())}}
    );
}

}  // namespace chaind::program
