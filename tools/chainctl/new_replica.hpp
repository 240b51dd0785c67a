#pragma once
// A replica that is set up on this machine: its configuration, its first contact, its process.

#include "chainctl/progress.hpp"

#include <optional>
#include <string>

namespace chaind::chainctl
{

struct new_replica
{
    std::string name;
    std::string config;  // path
    std::string text;    // of the configuration
    std::string data_dir;
    std::string client_host;  // where this machine reaches it
    std::string admin_host;
    bool own_config = false;  // not where the systemd unit looks
};

struct running_replica
{
    int pid = 0;  // 0: systemd's business
    bool by_systemd = false;
    bool ran_before = false;  // this process did not start it
    std::string url;          // once it was waited for
    bool ready = false;       // then: it takes writes

    // That it has ended, and how, where that can be seen: " with status 77".
    [[nodiscard]] std::optional<std::string> ended() const;
    // The command that ends it.
    [[nodiscard]] std::string stop() const;
    // The end of its log, and where that is.
    [[nodiscard]] std::string last_words(new_replica const& replica) const;
};

// Each says on stderr what went wrong.
bool write_config(new_replica const& replica);
// `chaind --join`: 0, or the exit status to end with.
int present_token(new_replica const& replica, std::string const& token);
// By systemd where it runs, has the unit, and the unit reads this configuration; else as a process of its
// own.
std::optional<running_replica> start_replica(new_replica const& replica);
// The one that runs already, as that process.
running_replica running_as(new_replica const& replica, int pid);

// One look at the replica from outside; nothing while no process of that name and folder answers.
struct replica_look
{
    int pid = 0;
    bool ready = false;
    std::string url;
    progress how;
    bool told = false;  // by the config service, just now, as a machine that it knows
    // Why it is not on its way into the chain, and what helps other than a new token; "": it is, or is in it.
    std::string kept_out;
    std::string next;
};
std::optional<replica_look> look_at(new_replica const& replica);

}  // namespace chaind::chainctl
