// chaind: one replica's process. Parse settings, then run it, or only join its cluster; exit code.

#include "chaind/chaind_settings.hpp"
#include "chaind/join.hpp"
#include "chaind/process.hpp"
#include "gateway/weak_passwords.hpp"
#include "runtime/daemon.hpp"
#include "runtime/open_files.hpp"
#include "runtime/private_file.hpp"
#include "runtime/random_id.hpp"

#include <filesystem>
#include <memory>

#include <unistd.h>

namespace chaind::program
{

namespace
{

// Files of the database, links that nobody has proven yet, what the kernel wants: beside links and clients.
constexpr std::size_t other_files = 256;

// A connection that cannot be accepted, since there are no descriptors left, is one that nobody is told of.
void fit_to_open_files(chaind_settings& into)
{
    auto const files = runtime::most_open_files();
    auto const own = into.driver.links.links + other_files;
    auto const fit = files > 2 * own ? files - own : files / 2;
    if (into.gateway.connections_max <= fit) return;
    log::write(
        log::level::warning,
        "chaind",
        "connections-max is more than this process may have open: raise its limit of open files",
        {{"ConnectionsMax", into.gateway.connections_max}, {"Taken", fit}, {"OpenFiles", files}}
    );
    into.gateway.connections_max = fit;
}

// SIGHUP: the same sources once more; what is wrong in them is logged, and nothing changes.
void reload(chaind_process& running, int argc, char const* const* argv)
{
    try
    {
        chaind_settings fresh;
        auto options = chaind_options(fresh);
        options.parse(argc, argv, [&] { complete(fresh); });
        log::set_level(fresh.log_level);
        fit_to_open_files(fresh);
        running.reload(fresh.gateway);
    }
    catch (runtime::config_error const& wrong)
    {
        for (auto const& line : wrong.lines())
            log::write(log::level::error, "chaind", "the new configuration is not used", {{"Reason", line}});
    }
}

// A folder that this start has made, and in which it has left nothing, goes again.
class made_folder
{
public:
    explicit made_folder(std::string path) : path_(std::move(path)), is_new_(!std::filesystem::exists(path_))
    {
        runtime::make_private_folder(path_);
    }
    ~made_folder()
    {
        if (is_new_) ::rmdir(path_.c_str());
    }
    made_folder(made_folder const&) = delete;
    made_folder& operator=(made_folder const&) = delete;

private:
    std::string path_;
    bool is_new_;
};

int start(int argc, char** argv)
{
    chaind_settings settings;
    auto options = chaind_options(settings);
    if (options.parse(argc, argv, [&] { complete(settings); }) == runtime::options::action::exit)
        return runtime::exit_ok;
    if (settings.name.empty()) throw runtime::config_error("name: must be given");
    runtime::start_random();
    made_folder const data(settings.data_dir);
    runtime::check_private_folder(settings.data_dir);
    log::start(settings.log_level);
    if (settings.join) return join(settings);
    if (leaves_this_machine(settings))
        log::write(
            log::level::warning,
            "chaind",
            "clients are not encrypted (client-plain = on): passwords, sessions and messages can be read and "
            "changed on the way",
            {{"Address", settings.client_listen}}
        );
    fit_to_open_files(settings);
    gateway::warn_without_common_passwords();
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
