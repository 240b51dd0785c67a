#pragma once
// The two snapshot files of a replica and what may be done with them: the synchronous half of
// snapshot_thread, one thread's. Each function returns the answer to its order; failures are in it.

#include "chain/types.hpp"
#include "store/chunk_file.hpp"
#include "store/snapshot_file.hpp"
#include "store/snapshot_thread.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chaind::store
{

class snapshot_work
{
public:
    // `work`: how each order is carried out; setting its `cancelled`, from any thread, ends the one of now.
    snapshot_work(snapshot_thread_options how, long_work work);
    // Nobody fetches from a process that has gone.
    ~snapshot_work();
    snapshot_work(snapshot_work const&) = delete;
    snapshot_work& operator=(snapshot_work const&) = delete;

    [[nodiscard]] chain::snapshot_made perform(chain::make_snapshot const& what);
    [[nodiscard]] chain::chunk_read perform(chain::read_chunk const& what);
    void perform(chain::drop_snapshot const& what);
    [[nodiscard]] chain::incoming_opened perform(chain::open_incoming const& what);
    [[nodiscard]] chain::chunk_kept perform(chain::keep_chunk const& what);
    [[nodiscard]] chain::incoming_checked perform(chain::check_incoming const& what);
    [[nodiscard]] chain::rows_checked perform(chain::check_rows const& what) const;

    // For how long one call to the disk for the incoming file has not come back. Asked from any thread.
    [[nodiscard]] microseconds busy_for() const;

private:
    struct open_file
    {
        chain::snapshot_info what;
        chunk_file file;
    };

    void drop_outgoing();
    void drop_incoming();
    chain::order_outcome hash_chunks(
        open_file const& of, std::string const& path, std::uint64_t count, std::vector<digest>& out
    ) const;
    chain::order_outcome open(chain::snapshot_info const& what, std::vector<digest>& held);
    chain::order_outcome keep(chain::keep_chunk const& what);
    chain::order_outcome check(chain::snapshot_info const& what);
    // Calls `what`, which asks the disk for something.
    template <class Call>
    auto ask_disk(Call what) -> decltype(what());
    error_code sync_incoming();
    // Why the disk has no room for `bytes` more.
    chain::order_outcome room_for(std::uint64_t bytes) const;

    snapshot_thread_options const how_;
    std::string const outgoing_path_;
    std::string const incoming_path_;
    long_work const long_work_;
    std::optional<open_file> outgoing_;
    std::vector<digest> outgoing_chunks_;  // their hashes when it was made
    std::uint64_t outgoing_order_ = 0;     // the last that was carried out
    std::optional<open_file> incoming_;
    std::uint64_t unsynced_ = 0;                                          // bytes of it
    std::atomic<std::chrono::steady_clock::duration::rep> asked_at_ = 0;  // 0: nothing is asked
};

}  // namespace chaind::store
