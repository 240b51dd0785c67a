#pragma once
// The thread that writes. Whatever has queued up while the last transaction went to disk is the next one
// (bounded by count and bytes); no timer. All results come back through `post`, in the order they arose.

#include "base/time.hpp"
#include "store/reader_pool.hpp"
#include "store/sqlite_store.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace chaind::store
{

// Called on the owner's loop thread.
struct store_events
{
    std::function<void(std::vector<chat::applied>)> applied;  // before the rows are visible to readers
    std::function<void(chain::write_id upto)> written;        // durable, and visible to readers
    std::function<void(std::uint64_t id, std::vector<chain::entry>)> log_rows;
    std::function<void(std::string const& id, seq at, digest sum)> digested;  // a checkpoint's kept sum
    std::function<void(log_point base)> compacted = {
    };  // the log now begins behind `base`, durably; optional
    // How much room the disk has, when that changes, and the bytes that are free on it; optional.
    std::function<void(room left, std::uint64_t free)> space = {};
    // The disk failed, for the writer or for a reader, or the store is damaged: stop the process. The writer
    // reports nothing after its own failure; what it has not reported may not be durable.
    std::function<void(error_code, std::string const& text)> failed;
};

struct store_limits
{
    std::size_t batch_writes = 4096;  // of one transaction
    std::size_t batch_bytes = 4u << 20;
    // The folder's room is watched when there is one.
    space_options space = {};
};

class store_thread
{
public:
    // `readers` must outlive this.
    store_thread(
        std::unique_ptr<sqlite_store> store,
        reader_pool& readers,
        store_events tell,
        post_function post,
        store_limits limits = {}
    );
    // Performs all that is queued, then ends the thread. Posted events may still be on their way afterwards.
    ~store_thread();

    void write(chain::store_write what);
    void read_log(chain::log_read_request what);
    // The log may be dropped up to here once what was written before this call is done
    // (sqlite_store::allow_drop).
    void allow_drop(seq upto);

    // sqlite_store::note_rows.
    void note_rows(bool proven, std::int64_t now_ms);

    // Not yet durable: what the driver bounds admission by.
    [[nodiscard]] std::size_t waiting_writes() const;
    [[nodiscard]] std::size_t waiting_bytes() const;
    // How long the thread has been at the same piece of work; zero when it has none. Above a second, the disk
    // hangs.
    [[nodiscard]] microseconds busy_for() const;
    // Transactions with at least one write in them, since the start.
    [[nodiscard]] std::uint64_t commits() const;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chaind::store
