// configd: the config service's process. Parse settings, build parts, run, exit code.

#include "configd/configd_settings.hpp"
#include "configd/sqlite_registry.hpp"
#include "runtime/address.hpp"
#include "runtime/daemon.hpp"
#include "runtime/priority.hpp"
#include "runtime/private_file.hpp"
#include "runtime/random_id.hpp"

#include <boost/json/serialize.hpp>

#include <filesystem>
#include <memory>

namespace chaind::configd
{

namespace
{

chain_identity fresh_identity()
{
    return {runtime::random_id<cluster_id>(), to_string(runtime::random_id<boot_id>())};
}

std::string no_first_chain(configd_settings const& settings)
{
    return "bootstrap: the registry in " + settings.data_dir +
           " knows no chain yet: give the names of the first chain's members, or put the registry of the "
           "chain that there is back";
}

// Everything from settings to exit; throws runtime::config_error.
class configd_process : public runtime::daemon
{
public:
    configd_process(configd_settings settings, boost::asio::io_context& on) : settings_(std::move(settings))
    {
        std::string why;
        auto store = sqlite_registry::open(settings_.data_dir + "/registry.db", fresh_identity(), why);
        if (!store)
            runtime::fail(store.error() == errc::locked ? runtime::exit_config : runtime::exit_disk, why);
        auto record = (*store)->load();
        auto events = (*store)->newest_events(2000);
        auto tokens = (*store)->tokens();
        if (!record || !events || !tokens) runtime::fail(runtime::exit_disk, "the registry cannot be read");
        if (record->revision == 0 && settings_.bootstrap.empty())
            runtime::fail(runtime::exit_config, no_first_chain(settings_));
        service_.emplace(
            on,
            service_settings_of(settings_),
            std::move(*store),
            stored_chain{std::move(*record), std::move(*events), std::move(*tokens)},
            runtime::fail
        );
    }

    boost::asio::awaitable<void> run() override
    {
        // Here, so that no other thread is in front with it.
        runtime::come_first();
        service_->start();
        auto const at = runtime::to_string(service_->address());
        boost::json::object const ports{{"listen", at}, {"port", service_->address().port()}};
        runtime::write_ports(settings_.data_dir, boost::json::serialize(ports) + '\n');
        log::write(log::level::info, "configd", "listening", {{"Address", at}});
        co_return;
    }
    boost::asio::awaitable<void> stop() override { co_await service_->stop(); }

private:
    configd_settings settings_;
    std::optional<service> service_;
};

// SIGHUP: of what is configured, only the log level may change in a running process.
void reload(int argc, char const* const* argv)
{
    try
    {
        configd_settings fresh;
        auto options = configd_options(fresh);
        options.parse(argc, argv, [&] { check(fresh); });
        log::set_level(fresh.log_level);
    }
    catch (runtime::config_error const& wrong)
    {
        for (auto const& line : wrong.lines())
            log::write(log::level::error, "configd", "the new configuration is not used", {{"Reason", line}});
    }
}

int start(int argc, char** argv)
{
    configd_settings settings;
    auto options = configd_options(settings);
    if (options.parse(argc, argv, [&] { check(settings); }) == runtime::options::action::exit)
        return runtime::exit_ok;
    std::error_code unreadable;
    bool const is_new = !std::filesystem::exists(settings.data_dir + "/registry.db", unreadable);
    if (is_new && settings.bootstrap.empty()) throw runtime::config_error(no_first_chain(settings));
    runtime::start_random();
    runtime::make_private_folder(settings.data_dir);
    runtime::check_private_folder(settings.data_dir);
    log::start(settings.log_level);
    auto make = [&settings](boost::asio::io_context& on) -> std::unique_ptr<runtime::daemon>
    { return std::make_unique<configd_process>(settings, on); };
    return runtime::run_daemon(make, options.unknown_environment(), [&] { reload(argc, argv); });
}

}  // namespace

}  // namespace chaind::configd

int main(int argc, char** argv)
{
    return chaind::runtime::guarded("configd", [&] { return chaind::configd::start(argc, argv); });
}
