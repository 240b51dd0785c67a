#pragma once
// Where the config service keeps the chain: the one thing that decides who is a member. Synchronous; used by
// one thread that may wait for a disk (registry_thread). Another implementation may keep it elsewhere.

#include "base/errc.hpp"
#include "base/id.hpp"
#include "control/join_tokens.hpp"
#include "control/types.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace chaind::configd
{

// Made with the registry.
struct chain_identity
{
    cluster_id cluster;   // for life
    std::string lineage;  // of the log; clients see it. Another one begins when history may be broken
};

// One line of `chainctl events`.
struct event_row
{
    std::uint64_t number = 0;  // rises by one
    std::int64_t at_ms = 0;    // since 1970 UTC
    epoch in;
    std::string what;
    std::string node;  // or empty
    std::string why;
};

class registry
{
public:
    virtual ~registry() = default;

    [[nodiscard]] virtual chain_identity const& identity() const = 0;

    // Revision 0 when nothing was stored yet.
    [[nodiscard]] virtual result<control::record> load() = 0;
    // Durable when it returns success. errc::epoch_conflict, and nothing is changed, unless the stored
    // revision is next.revision - 1: the only way a chain ever changes. `new_lineage`, unless it is empty,
    // becomes the identity's with it.
    [[nodiscard]] virtual error_code replace(control::record const& next, std::string const& new_lineage) = 0;

    [[nodiscard]] virtual result<std::vector<control::join_token>> tokens() = 0;
    // These and no others; durable when it returns success.
    [[nodiscard]] virtual error_code keep(std::vector<control::join_token> const& all) = 0;

    // Keeps the newest 10,000.
    [[nodiscard]] virtual error_code append(std::vector<event_row> const& rows) = 0;
    // The newest `limit`, oldest first.
    [[nodiscard]] virtual result<std::vector<event_row>> newest_events(std::size_t limit) = 0;

    // True: the write that failed last found the disk full and has changed nothing; it may be tried again.
    [[nodiscard]] virtual bool undo_full() = 0;
    // What keeps it from being written, once something has, for people.
    [[nodiscard]] virtual std::string failure_text() const = 0;
};

}  // namespace chaind::configd
