#pragma once
// Everything that an administrator can set of configd.

#include "configd/service.hpp"
#include "runtime/log.hpp"
#include "runtime/options.hpp"

#include <string>
#include <vector>

namespace chaind::configd
{

struct configd_settings
{
    std::string data_dir = "/var/lib/configd";
    std::string listen = "127.0.0.1:7400";
    std::vector<std::string> bootstrap;
    std::string cluster_name = "chain";
    control::settings core;
    net::link_limits links;
    log::level log_level = log::level::info;
};

// The table of options; `into` outlives it.
runtime::options configd_options(configd_settings& into);
// What does not go together; throws runtime::config_error.
void check(configd_settings const& given);
// What the service needs of it, checked.
service_settings service_settings_of(configd_settings const& given);

}  // namespace chaind::configd
