#include "chaind/join.hpp"

#include "chaind/first_contact.hpp"
#include "chaind/join_token.hpp"
#include "chaind/process.hpp"
#include "runtime/address.hpp"
#include "runtime/error_words.hpp"
#include "runtime/listen_at.hpp"
#include "runtime/log.hpp"
#include "runtime/options.hpp"
#include "runtime/random_id.hpp"

#include <boost/asio/co_spawn.hpp>

#include <filesystem>
#include <iostream>

#include <unistd.h>

namespace chaind::program
{

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace
{
constexpr auto patience = 5s;

asio::awaitable<void> meet(
    asio::ip::tcp::endpoint configd, wire::peer::hello greeting, first_contact& outcome
)
{
    outcome = co_await meet_config_service(configd, std::move(greeting), patience);
}

// Which of its addresses the replica could not have; empty: none.
std::string address_in_use(chaind_settings const& how)
{
    auto const client = runtime::parse_address(how.client_listen).value();
    auto const admin = runtime::parse_address(how.admin_listen).value();
    std::pair<char const*, asio::ip::tcp::endpoint> const all[] = {
        {"client-listen", client}, {"replica-listen", how.driver.listen}, {"admin-listen", admin}
    };
    asio::io_context none(1);
    for (auto const& [option, at] : all)
        try
        {
            static_cast<void>(runtime::listen_at(none.get_executor(), at));
        }
        catch (boost::system::system_error const& failed)
        {
            return std::string(option) + ": " + runtime::words_of(failed);
        }
    return {};
}

int say(int exit_code, std::string const& what)
{
    log::stop();
    std::cerr << "chaind: " << what << '\n';
    return exit_code;
}
}  // namespace

int join(chaind_settings const& how)
{
    auto self = how.driver.core.self;
    self.boot = runtime::random_id<boot_id>();
    // First what makes nothing.
    auto const& file = how.join_token_file;
    auto const token = file.empty() ? std::string() : read_join_token(file);
    std::string unusable;
    bool const is_new = !std::filesystem::exists(how.driver.database);
    auto opened = try_open_store(how, self.boot, unusable);
    if (!opened && opened.error() == errc::locked) unusable += ": a replica runs here already";
    if (!opened) return say(exit_status_of(opened.error()), unusable);
    auto& store = *opened;
    // Whoever is not let in leaves nothing behind.
    auto const not_in = [&](int exit_code, std::string const& what)
    {
        store.reset();
        if (is_new)
            for (auto const* tail : {"", "-wal", "-shm", ".lock"})
                ::unlink((how.driver.database + tail).c_str());
        return say(exit_code, what);
    };
    // A token is good for once: first what would keep the replica from starting.
    if (auto const taken = address_in_use(how); !taken.empty()) return not_in(runtime::exit_config, taken);
    self.store = store->id();
    bool const belongs = store->cluster().has_value();

    first_contact met;
    std::exception_ptr failed;
    asio::io_context loop(1);
    asio::co_spawn(
        loop,
        // With the token also where the disk belongs there: its machine may have been removed.
        meet(how.driver.configd, greeting_of(self, store->cluster().value_or(cluster_id{}), token), met),
        [&failed](std::exception_ptr why) { failed = std::move(why); }
    );
    loop.run();
    if (failed) std::rethrow_exception(failed);

    auto const where = runtime::to_string(how.driver.configd);
    if (met.refused)
        return not_in(
            runtime::exit_refused, "the config service at " + where + " refuses this node: " + met.why
        );
    // The token may have been used, for this disk alone.
    if (!met.cluster && met.perhaps_heard && !token.empty())
        return say(
            runtime::exit_unknown_outcome,
            "the config service at " + where + " does not answer (" + met.why +
                "), and may let this machine in: give the same command again, with the same token"
        );
    if (!met.cluster)
        return not_in(runtime::exit_unavailable, "no config service answers at " + where + ": " + met.why);
    if (!belongs)
        if (auto const disk = store->set_cluster(*met.cluster))
            return say(runtime::exit_disk, "the store cannot be written: " + disk.message());
    if (!token.empty()) remove_join_token(file);
    return say(
        runtime::exit_ok,
        how.name + (belongs ? " belongs" : " now belongs") + " to cluster " + to_string(*met.cluster)
    );
}

}  // namespace chaind::program
