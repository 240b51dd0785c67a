#pragma once
// The config service's decisions, sans I/O: who is alive, which chain comes next, when it is ACTIVE, who
// holds a lease, who learns from whom. The daemon and the simulator run this same object.

#include "control/types.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace chaind::control
{

// Why a process that speaks is refused until people do something about it.
enum class held : std::uint8_t
{
    no,
    lost_writes,      // a cold start counts on its disk, which lacks what was committed
    has_log,          // a new chain begins with empty logs, ...
    second_restored,  // ... or with one that comes from a backup
    contradicts,      // what it says of itself cannot be
};

// What is known of one node, for status pages and tests.
struct node_status
{
    node_id name;
    std::optional<heartbeat> last;  // newest heartbeat
    bool alive = false;             // by the failure detector
    bool stalled = false;           // it speaks, and says that its disk stands still
    bool learner = false;
    std::optional<instant> failed_since;  // not alive and once known
    std::string reason;                   // why it is not a member, or not a sound one, for people
    held back = held::no;
    std::optional<node_id> unheard_by;        // from which it was to catch up, the last time
    std::optional<microseconds> clock_error;  // how much its clock is ahead of most; nothing: it is right
};

// One node on its way into the chain, over all its attempts.
struct join_status
{
    node_id who;
    instant since{};
    seq began_at{};                    // where its log ended then
    std::uint64_t moved_bytes = 0;     // to it
    std::uint64_t lag_entries = 0;     // behind its source
    std::uint64_t snapshot_bytes = 0;  // of the file that it is given; 0: none so far
    std::uint64_t snapshot_done = 0;
    bool needs_snapshot = false;
};

class controller
{
public:
    // `from`: what the registry holds; revision 0 on a new one.
    controller(settings how, record from, instant now);
    ~controller();
    controller(controller&&) noexcept;
    controller& operator=(controller&&) noexcept;

    [[nodiscard]] effects step(instant now, event const& what);

    // What a request of an administrator would be answered now, or done: it is not made.
    [[nodiscard]] admin_reply judge(event const& asked) const;

    // Somebody wants a control connection as `who`. Why it is refused; empty: it is taken.
    [[nodiscard]] std::string objection(member const& who, instant now) const;

    [[nodiscard]] record const& current() const;
    // A machine of this cluster: added and not removed; before the first chain, one that it begins with.
    [[nodiscard]] bool knows(node_id const& name) const;
    [[nodiscard]] std::vector<node_status> nodes() const;  // sorted by name
    [[nodiscard]] std::optional<learner_assignment> learning() const;
    [[nodiscard]] std::optional<join_status> joining() const;  // a learner, or the joiner of a splice
    [[nodiscard]] std::optional<node_id> draining() const;     // its clients are leaving
    [[nodiscard]] bool changing() const;  // a PENDING configuration is stored, or one is on its way
    // What replicas have promised and the registry does not know, so that nothing is decided; "": nothing.
    [[nodiscard]] std::string registry_lacks() const;
    [[nodiscard]] std::int64_t time_us() const;  // what most clocks say at the last step; 0: not known
    [[nodiscard]] std::optional<microseconds> own_clock_error() const;  // as in node_status
    // The ACTIVE chain lives without a member of that name, and no chain that may become ACTIVE has one:
    // whatever database it had, nothing acknowledged depends on it any more.
    [[nodiscard]] bool goes_on_without(node_id const& name) const;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chaind::control
