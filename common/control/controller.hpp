#pragma once
// The config service's decisions, sans I/O: who is alive, which chain comes next, when it is ACTIVE, who
// holds a lease, who learns from whom. The daemon and the simulator run this same object.

#include "control/types.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace chaind::control
{

// What is known of one node, for status pages and tests.
struct node_status
{
    node_id name;
    std::optional<heartbeat> last;  // newest heartbeat
    bool alive = false;             // by the failure detector
    bool learner = false;
    std::optional<instant> failed_since;  // not alive and once known
    std::string reason;                   // why it is not a member, for people
};

class controller
{
public:
    // `from`: what the registry holds; revision 0 on a new one.
    controller(settings how, record from, instant now);
    ~controller();
    controller(controller&&) noexcept;
    controller& operator=(controller&&) noexcept;

    [[nodiscard]] effects step(instant now, event what);

    [[nodiscard]] record const& current() const;
    [[nodiscard]] std::vector<node_status> nodes() const;  // sorted by name
    [[nodiscard]] std::optional<learner_assignment> learning() const;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chaind::control
