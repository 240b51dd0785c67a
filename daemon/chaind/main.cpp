// chaind: one replica's process. Parse settings, open the store, build parts, run, exit code.

#include "chaind/chaind_settings.hpp"
#include "chaind/first_contact.hpp"
#include "gateway/server.hpp"
#include "metrics/registry.hpp"
#include "node/replica_driver.hpp"
#include "runtime/address.hpp"
#include "runtime/daemon.hpp"
#include "runtime/private_file.hpp"
#include "runtime/random_id.hpp"
#include "runtime/service_manager.hpp"
#include "store/sqlite_store.hpp"

#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>

#include <memory>
#include <optional>

namespace chaind::program
{

namespace
{

std::unique_ptr<store::sqlite_store> open_store(std::string const& path, boot_id boot)
{
    store::store_options how;
    how.path = path;
    how.new_store = runtime::random_id<store_id>();
    how.boot = boot;
    std::string why;
    auto opened = store::sqlite_store::open(how, &why);
    if (!opened)
        runtime::fail(
            opened.error() == errc::disk_failed || opened.error() == errc::store_damaged
                ? runtime::exit_disk
                : runtime::exit_config,
            why
        );
    return std::move(*opened);
}

class chaind_process : public runtime::daemon
{
public:
    chaind_process(chaind_settings settings, boost::asio::io_context& on)
        : on_(on), settings_(std::move(settings)), boot_(runtime::random_id<boot_id>())
    {
        store_ = open_store(settings_.driver.database, boot_);
    }

    boost::asio::awaitable<void> run() override
    {
        auto& self = settings_.driver.core.self;
        self.store = store_->id();
        self.boot = boot_;
        auto cluster = store_->cluster();
        if (!cluster)
        {
            runtime::notify_status("waiting for the config service");
            cluster = co_await learn_cluster(settings_.driver.configd, self);
            if (!cluster) co_return;
            if (auto const failed = store_->set_cluster(*cluster))
                runtime::fail(runtime::exit_disk, "the store cannot be written: " + failed.message());
        }
        settings_.driver.cluster = *cluster;
        build();
        write_ports();
        gateway_->start();
        driver_->start();
        runtime::notify_status("running");
    }

    boost::asio::awaitable<void> stop() override
    {
        if (!driver_) co_return;
        driver_->step_down();
        co_await gateway_->stop();
        co_await driver_->stop();
    }

    void reload(gateway::settings const& fresh)
    {
        if (gateway_) gateway_->reload(fresh);
    }

private:
    void build()
    {
        auto recovered = store_->recover();
        if (!recovered)
            runtime::fail(runtime::exit_disk, "the log cannot be read: " + store_->failure_text());
        store::reader_options how;
        how.path = settings_.driver.database;
        how.threads = settings_.reader_threads;
        auto post = [&on = on_](std::function<void()> what) { boost::asio::post(on, std::move(what)); };
        auto readers = store::reader_pool::open(how, post);
        if (!readers)
            runtime::fail(runtime::exit_disk, "the database cannot be read: " + readers.error().message());
        driver_.emplace(
            on_,
            settings_.driver,
            std::move(*recovered),
            std::move(store_),
            std::move(*readers),
            runtime::fail
        );
        gateway_.emplace(on_, *driver_, settings_.gateway, metrics_);
        driver_->describe_with(
            [this](boost::json::object& info)
            {
                info["client_url"] = gateway_->url();
                info["admin_addr"] =
                    settings_.gateway.admin_address + ':' + std::to_string(gateway_->admin_port());
                info["clients"] = gateway_->clients();
            }
        );
    }

    void write_ports() const
    {
        boost::json::object const ports{
            {"client", gateway_->client_port()},
            {"admin", gateway_->admin_port()},
            {"replica", driver_->address().port()},
        };
        auto const path = settings_.data_dir + "/ports.json";
        if (auto const failed = runtime::write_private_file(path, boost::json::serialize(ports) + '\n'))
            runtime::fail(runtime::exit_disk, "cannot write ports.json: " + failed.message());
        log::write(
            log::level::info,
            "chaind",
            "listening",
            {{"Clients", gateway_->url()}, {"Replicas", runtime::to_string(driver_->address())}}
        );
    }

    boost::asio::io_context& on_;
    chaind_settings settings_;
    boot_id boot_;
    metrics::registry metrics_;
    std::unique_ptr<store::sqlite_store> store_;  // until the driver has it
    std::optional<node::replica_driver> driver_;
    std::optional<gateway::server> gateway_;
};

// SIGHUP: the same sources once more; what is wrong in them is logged, and nothing changes.
void reload(chaind_process& running, int argc, char const* const* argv)
{
    try
    {
        chaind_settings fresh;
        auto options = chaind_options(fresh);
        options.parse(argc, argv, [&] { complete(fresh); });
        log::set_level(fresh.log_level);
        running.reload(fresh.gateway);
    }
    catch (runtime::config_error const& wrong)
    {
        log::write(
            log::level::error, "chaind", "the new configuration is not used", {{"Reason", wrong.what()}}
        );
    }
}

int start(int argc, char** argv)
{
    chaind_settings settings;
    auto options = chaind_options(settings);
    if (options.parse(argc, argv, [&] { complete(settings); }) == runtime::options::action::exit)
        return runtime::exit_ok;
    if (settings.name.empty()) throw runtime::config_error("name: must be given");
    runtime::start_random();
    runtime::make_private_folder(settings.data_dir);
    log::start(settings.log_level);
    chaind_process* running = nullptr;
    auto make = [&](boost::asio::io_context& on) -> std::unique_ptr<runtime::daemon>
    {
        auto made = std::make_unique<chaind_process>(settings, on);
        running = made.get();
        return made;
    };
    return runtime::run_daemon(make, options.unknown_environment(), [&] { reload(*running, argc, argv); });
}

}  // namespace

}  // namespace chaind::program

int main(int argc, char** argv)
{
    return chaind::runtime::guarded("chaind", [&] { return chaind::program::start(argc, argv); });
}
