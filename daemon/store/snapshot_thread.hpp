#pragma once
// The thread that works on snapshot files, beside the writer: carries out the core's snapshot orders, in
// order, and posts one answer for each (none for drop_snapshot). Two things are not in order: a snapshot that
// is dropped while it is made, or before, is not made to its end; and what is taken in is not looked at to
// its end once another one is to be opened. What goes wrong is a failure in the answer and never stops
// the process.
//
// In the data folder: outgoing.db, the snapshot that others fetch (one; gone at start and end), and
// incoming.db.part, what this replica has fetched so far (stays, so that a later try need not begin anew).

#include "chain/types.hpp"
#include "store/reader_pool.hpp"
#include "store/snapshot_file.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace chaind::store
{

struct snapshot_thread_options
{
    std::string database;  // the store's path; the files are made beside it
    std::uint64_t log_rows = snapshot_log_rows;
    std::uint64_t space_margin = 64u << 20;  // bytes that must stay free beside an incoming snapshot
    std::uint64_t proven_at_once = 100'000;  // entries: a store of more is believed when it comes back
    std::size_t share = 20;                  // of a processor that all of it takes, percent: pace.hpp
};

// What install_snapshot takes once incoming_checked has told no failure.
[[nodiscard]] std::string incoming_path(std::string const& database);

class snapshot_thread
{
public:
    // `answer` is posted with snapshot_made, chunk_read, incoming_opened, chunk_kept or incoming_checked.
    snapshot_thread(
        snapshot_thread_options how, std::function<void(chain::event)> answer, post_function post
    );
    // Ends what is under way, forgets what is queued. Posted answers may still be on their way afterwards.
    ~snapshot_thread();

    void perform(chain::snapshot_order what);
    // For how long one call to the disk for the incoming file has not come back.
    [[nodiscard]] microseconds busy_for() const;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chaind::store
