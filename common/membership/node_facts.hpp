#pragma once
// What a replica says of its own process in each heartbeat, beside what the protocol needs: for people, for
// who looks for it, and for what an administrator has asked of it. An empty text: not known.

#include "base/id.hpp"
#include "base/strong_number.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chaind
{

// A reading of all rows of the store again: has the disk kept what was written?
struct rows_reading
{
    bool running = false;
    std::uint64_t asked =
        0;                   // the number under which this one, or the last one, was asked for; 0: it was due
    std::uint64_t done = 0;  // rows
    std::uint64_t all = 0;   // rows, about
    std::int64_t proven_ms = 0;  // when all were last known to be as written, since 1970 UTC; 0: never
    std::string error;           // what the last one has found; empty: nothing

    friend bool operator==(rows_reading const&, rows_reading const&) = default;
};

// The sum that a store has kept of its rows up to a checkpoint in the log.
struct kept_sum
{
    std::string checkpoint;  // its name there
    seq at;
    digest sum;

    friend bool operator==(kept_sum const&, kept_sum const&) = default;
};

// A database that a replica did not go on with.
struct set_aside_store
{
    std::string folder;
    std::string reason;

    friend bool operator==(set_aside_store const&, set_aside_store const&) = default;
};

// Of the side that people reach.
struct client_facts
{
    std::string url;         // where browsers find it
    std::string admin_addr;  // host:port of its metrics
    std::uint64_t clients = 0;
    bool drained = false;  // it was told to send them away, and none is left

    friend bool operator==(client_facts const&, client_facts const&) = default;
};

struct node_facts
{
    std::string replica_addr;  // host:port for other replicas
    std::uint64_t pid = 0;     // 0: it has not been heard by this config service
    std::string version;
    std::string data_dir;
    std::string database;  // its path
    std::uint64_t db_bytes = 0;
    std::optional<std::uint64_t> free_bytes;  // on that disk
    std::uint64_t moved_bytes = 0;            // to it since it began to catch up
    microseconds lease{};                     // that is left of it
    std::uint64_t min_replicas = 0;
    bool can_read = false;
    bool can_write = false;
    std::string cut_off;      // why it serves no writes, if it should and that lasts; empty: that is not so
    bool unanswered = false;  // its words to the config service arrive, as this one does, and none comes back
    std::vector<node_id> linked{};  // other machines that it hears
    rows_reading scrub;
    std::optional<kept_sum> sum;               // at the newest checkpoint
    std::optional<set_aside_store> set_aside;  // until it is a member again
    client_facts front;

    friend bool operator==(node_facts const&, node_facts const&) = default;
};

// Shared: each word of a replica carries them, and is handed on. Of one that says nothing all is empty.
class shared_facts
{
public:
    shared_facts() = default;
    shared_facts(node_facts what) : is_(std::make_shared<node_facts const>(std::move(what))) {}

    [[nodiscard]] node_facts const& operator*() const
    {
        static node_facts const none;
        return is_ ? *is_ : none;
    }
    [[nodiscard]] node_facts const* operator->() const { return &**this; }

    friend bool operator==(shared_facts const& a, shared_facts const& b)
    {
        return a.is_ == b.is_ || *a == *b;
    }

private:
    std::shared_ptr<node_facts const> is_;
};

}  // namespace chaind
