#include "configd/configd_settings.hpp"

#include "runtime/address.hpp"
#include "runtime/printable.hpp"
#include "runtime/random_id.hpp"
#include "runtime/this_process.hpp"

#include <set>

namespace chaind::configd
{

namespace
{
constexpr std::size_t socket_path_limit = 107;  // sun_path
constexpr std::size_t cluster_name_max = 100;
// A heartbeat, all of whose texts are as long as they may be.
constexpr std::size_t largest_word = 64u << 10;
}  // namespace

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
    out.add(
        "silence", into.core.silence, {50ms, 1min}, "A replica without a heartbeat for so long has failed."
    );
    out.add(
        "silence-max",
        into.core.silence_max,
        {50ms, 1min},
        "On a busy host, where heartbeats or configd itself come late, silence grows with that lateness up "
        "to "
        "this."
    );
    out.add(
        "promise-wait",
        into.core.promise_wait,
        {10ms, 10s},
        "A new chain whose members have not all promised it after so long is computed again."
    );
    out.add(
        "cold-wait",
        into.core.cold_wait,
        {.least = 1ms, .most = 1h, .or_zero = true},
        "After a power loss: wait so long for all members of the last chain before going on with those that "
        "are there."
    );
    out.add(
        "vouch-wait",
        into.core.vouch_wait,
        {100ms, 10min},
        "A silent replica whose neighbours still hear it is removed after so long."
    );
    out.add(
        "splice-lag",
        into.core.splice_lag_time,
        {1ms, 10s},
        "A returning replica that is behind by no more than this, or than twice what its disk and the way to "
        "it "
        "take, becomes the tail; each second in which it keeps up and waits adds as much again."
    );
    out.add(
        "splice-stall",
        into.core.splice_stall,
        {50ms, 10min},
        "A returning replica that does not complete within so long (and four times what its disk and the way "
        "to "
        "it take) is left out again."
    );
    out.add(
        "flap-first",
        into.core.flap_first,
        {1ms, 1h},
        "A replica that just left is taken back after so long; doubles with each time, up to flap-last."
    );
    out.add(
        "flap-last",
        into.core.flap_last,
        {1ms, 24h},
        "The longest wait of a replica that leaves again and again; a stay of this length makes the next "
        "return free."
    );
    out.add(
        "clock-tolerance",
        into.core.clock_tolerance,
        {1s, 24h},
        "A machine whose wall clock differs by more from what most clocks say is named, and is not the head."
    );
    net::add_options(out, into.links);
    out.add("log-level", into.log_level, "debug, info, notice, warning or error.");
    return out;
}

void check(configd_settings const& given)
{
    std::vector<std::string> wrong;
    auto const at = runtime::parse_address(given.listen);
    if (!at)
        wrong.push_back(
            "listen: not HOST:PORT (localhost or a numeric address, and a port up to 65535): " +
            runtime::printable(given.listen)
        );
    else if (!runtime::is_loopback(*at))
        wrong.push_back(
            "listen: " + given.listen +
            " is not a loopback address, and links between daemons are not encrypted yet"
        );
    std::set<std::string> seen;
    for (auto const& name : given.bootstrap)
    {
        if (!is_valid_node_name(name))
            wrong.push_back(
                "bootstrap: not a node name ([a-z0-9-], at most 32): " + runtime::printable(name)
            );
        else if (!seen.insert(name).second)
            wrong.push_back("bootstrap: twice the same name: " + name);
    }
    if (seen.size() > most_members) wrong.emplace_back("bootstrap: more than 99 names");
    if (given.cluster_name.empty() || given.cluster_name.size() > cluster_name_max)
        wrong.emplace_back("cluster-name: goes from 1 to 100 bytes");
    if (given.data_dir.empty()) wrong.emplace_back("data-dir: must be given");
    if (given.data_dir.size() + std::string_view("/configd.sock").size() > socket_path_limit)
        wrong.push_back(
            "data-dir: its path is too long for the socket in it, at most 94 bytes: " +
            runtime::printable(given.data_dir)
        );
    if (given.core.silence_max < given.core.silence)
        wrong.emplace_back("silence-max: must not be shorter than silence");
    if (given.core.flap_last < given.core.flap_first)
        wrong.emplace_back("flap-last: must not be shorter than flap-first");
    if (!wrong.empty()) throw runtime::config_error(std::move(wrong));
}

service_settings service_settings_of(configd_settings const& given)
{
    service_settings out;
    out.core = given.core;
    for (auto const& name : given.bootstrap)
        out.core.bootstrap.push_back(node_id{name});
    out.core.run = runtime::random_id<boot_id>();
    out.core.kernel = runtime::this_process().kernel;
    out.cluster_name = given.cluster_name;
    out.data_dir = given.data_dir;
    out.links = given.links;
    out.links.frame = largest_word;
    out.listen = *runtime::parse_address(given.listen);
    return out;
}

}  // namespace chaind::configd
