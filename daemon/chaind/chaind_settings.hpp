#pragma once
// Everything that an administrator can set of chaind.

#include "gateway/settings.hpp"
#include "node/backend_bridge.hpp"
#include "node/replica_driver.hpp"
#include "runtime/log.hpp"
#include "runtime/options.hpp"

#include <cstdint>
#include <string>

namespace chaind::program
{

struct chaind_settings
{
    std::string name;
    std::string data_dir = "/var/lib/chaind";
    std::string client_listen = "127.0.0.1:8080";
    bool client_plain = false;  // clients may come from other machines, unencrypted
    std::string replica_listen = "127.0.0.1:7401";
    std::string admin_listen = "127.0.0.1:7402";
    std::string configd = "127.0.0.1:7400";
    std::string join_token_file;
    bool join = false;  // only that: meet the config service, then end
    std::size_t reader_threads = 2;
    std::uint64_t log_keep_entries = 1'000'000;
    std::uint64_t log_keep_bytes = std::uint64_t{2} << 30;
    node::driver_settings driver;
    node::bridge_settings bridge;
    gateway::settings gateway;
    log::level log_level = log::level::info;
};

// The table of options; `into` outlives it.
runtime::options chaind_options(chaind_settings& into);
// What does not go together; throws runtime::config_error. Fills in the addresses of `gateway` and `driver`.
void complete(chaind_settings& given);
// Clients reach it over a network, where nothing is encrypted yet.
bool leaves_this_machine(chaind_settings const& given);

}  // namespace chaind::program
