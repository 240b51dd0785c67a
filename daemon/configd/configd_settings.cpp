#include "configd/configd_settings.hpp"

#include "runtime/address.hpp"

#include <set>

namespace chaind::configd
{

namespace
{
constexpr std::size_t socket_path_limit = 107;  // sun_path
}

runtime::options configd_options(configd_settings& into)
{
    runtime::options out("configd", "the config service of a chain: says who is a member", "CONFIGD_");
    out.add(
        "data-dir",
        into.data_dir,
        "Folder of the registry and of the socket configd.sock; made with mode 0700."
    );
    out.add(
        "listen",
        into.listen,
        "Where replicas connect, HOST:PORT; loopback only while links are not encrypted; port 0: chosen by "
        "the system."
    );
    out.add_list(
        "bootstrap",
        into.bootstrap,
        "Names of the first chain's members, head first, separated by commas; used once, on an empty "
        "registry."
    );
    out.add("cluster-name", into.cluster_name, "What people call this chain.");
    out.add("silence", into.core.silence, "A replica without a heartbeat for so long has failed.");
    out.add(
        "promise-wait",
        into.core.promise_wait,
        "A new chain whose members have not all promised it after so long is computed again."
    );
    out.add(
        "cold-wait",
        into.core.cold_wait,
        "After a power loss: wait so long for all members of the last chain before going on with those that "
        "are there."
    );
    out.add(
        "vouch-wait",
        into.core.vouch_wait,
        "A silent replica whose neighbours still hear it is removed after so long."
    );
    out.add(
        "splice-stall",
        into.core.splice_stall,
        "A returning replica that does not complete within so long is left out again."
    );
    out.add(
        "flap-first",
        into.core.flap_first,
        "A replica that just left is taken back after so long; doubles with each time, up to flap-last."
    );
    out.add("flap-last", into.core.flap_last, "See flap-first.");
    out.add("log-level", into.log_level, "debug, info, notice, warning or error.");
    return out;
}

void check(configd_settings const& given)
{
    auto const at = runtime::parse_address(given.listen);
    if (!at) throw runtime::config_error("listen: not HOST:PORT with a numeric host: " + given.listen);
    if (!runtime::is_loopback(*at))
        throw runtime::config_error(
            "listen: " + given.listen +
            " is not a loopback address, and links between daemons are not encrypted yet"
        );
    std::set<std::string> seen;
    for (auto const& name : given.bootstrap)
    {
        if (!is_valid_node_name(name))
            throw runtime::config_error("bootstrap: not a node name ([a-z0-9-], at most 32): " + name);
        if (!seen.insert(name).second) throw runtime::config_error("bootstrap: twice the same name: " + name);
    }
    if (given.data_dir.empty()) throw runtime::config_error("data-dir: must be given");
    if (given.data_dir.size() + sizeof "/configd.sock" > socket_path_limit)
        throw runtime::config_error("data-dir: too long for the socket in it: " + given.data_dir);
    if (given.core.silence <= microseconds::zero()) throw runtime::config_error("silence: must not be 0");
}

service_settings service_settings_of(configd_settings const& given)
{
    service_settings out;
    out.core = given.core;
    for (auto const& name : given.bootstrap)
        out.core.bootstrap.push_back(node_id{name});
    out.cluster_name = given.cluster_name;
    out.data_dir = given.data_dir;
    out.listen = *runtime::parse_address(given.listen);
    return out;
}

}  // namespace chaind::configd
