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
    std::string url;  // once it serves

    // Its exit status, when this process started it and it has ended.
    [[nodiscard]] std::optional<int> ended() const;
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

// One look at the replica from outside; nothing while no process of that name and folder answers.
struct replica_look
{
    int pid = 0;
    bool ready = false;
    std::string url;
    progress how;
};
std::optional<replica_look> look_at(new_replica const& replica);

}  // namespace chaind::chainctl
