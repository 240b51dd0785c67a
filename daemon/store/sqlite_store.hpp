#pragma once
// A replica's one database file: who it is, what it promised, its log, and the chat state that the log gives.
// Synchronous; used by one thread. The daemon runs it on store_thread, the simulator directly.
//
// Promises (docs/protocol.md 1, 10, 12):
// - perform() returns success only when all of its writes are on disk (WAL, synchronous=FULL).
// - The applied mark changes in the transaction that changes the state it describes.
// - A row whose hash does not follow from its predecessor's is never returned and never applied.
// - The first error is the last thing that this object does: no call touches the file again. The next one
// that opens the
//   file believes nothing that could be in the kernel's memory alone (write_again.hpp).

#include "base/errc.hpp"
#include "chain/types.hpp"
#include "chat/apply.hpp"
#include "sqlite/database.hpp"
#include "sqlite/process_lock.hpp"
#include "store/disk_space.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace chaind::store
{

class chat_state;
class row_watch;

struct store_options
{
    std::string path;    // the folder is made with mode 0700, the file with 0600
    store_id new_store;  // the identity, should the file be made now
    boot_id boot;        // of this run; recorded
    std::string vfs;     // empty: the operating system's files, and a lock against other processes
    std::string kernel;  // which boot of a kernel runs this process; empty: not known
    bool quick_check =
        true;  // SQLite's own check of the whole file at open, unless it is known what became of it
    // Of the log, below the applied mark; those above are always checked. After another boot of the kernel
    // also what so many entries have changed.
    std::size_t verify_rows = 10'000;
    std::size_t wal_pages = 1000;                // tidy() moves the WAL into the database above this size
    std::uint64_t log_keep_entries = 1'000'000;  // an older part of the log is dropped when allowed
    std::uint64_t log_keep_bytes = std::uint64_t{2} << 30;  // the same, as chain::entry::bytes() counts
};

// What is known of the chat rows when the store is opened.
struct store_standing
{
    bool suspect = false;          // the disk was seen to have changed some
    bool other_boot = false;       // the kernel that ran the last process on the file has ended since
    std::int64_t scrubbed_ms = 0;  // the wall clock when all were proven last; 0: never
};

// A checkpoint command was applied and committed: right now, and until the next perform() or the return from
// the callback, the committed state is exactly that at `at`.
struct checkpoint_reached
{
    std::string id;  // as in the command
    seq at;
    digest sum;  // of the chat rows, as it was kept while they were written (chat_sum.hpp)
};

// What perform() tells on the way. Both run on the caller's thread and must not call the store.
struct store_observer
{
    // Results of entries, in log order, each entry once; before COMMIT (they are committed by the chain, so a
    // crash in between applies them again, to the same results).
    std::function<void(std::vector<chat::applied>)> applied;
    std::function<void(checkpoint_reached const&)> checkpoint;
};

class sqlite_store
{
public:
    // Errors: locked, newer_schema, store_damaged, disk_failed; `why`, if given, becomes a sentence for the
    // administrator.
    static result<std::unique_ptr<sqlite_store>> open(store_options const& how, std::string* why = nullptr);
    ~sqlite_store();
    sqlite_store(sqlite_store const&) = delete;
    sqlite_store& operator=(sqlite_store const&) = delete;

    [[nodiscard]] store_id id() const { return id_; }
    // None until the first set_cluster(); a store belongs to one cluster for life (else wrong_cluster).
    [[nodiscard]] std::optional<cluster_id> cluster() const { return cluster_; }
    [[nodiscard]] error_code set_cluster(cluster_id which);

    // What is told of each chat row that changes: how a reader beside this one proves them.
    [[nodiscard]] std::shared_ptr<row_watch> watch() const;

    // After what was applied last.
    [[nodiscard]] chat::counters counters() const;

    [[nodiscard]] store_standing const& standing() const { return standing_; }
    // All rows were read beside this object and are those that were written, or are not: for the next run to
    // know.
    [[nodiscard]] error_code note_rows(bool proven, std::int64_t now_ms);

    // What the core starts from. Reads the log: call it once, before the first perform().
    [[nodiscard]] result<chain::recovered> recover();

    // Makes all the given writes durable, in order, in one transaction (more only around checkpoints).
    [[nodiscard]] error_code perform(std::span<chain::store_write const> writes, store_observer const& tell);

    // The log may be dropped up to here, as much of it as is not to be kept (store_options). Done with the
    // next perform() that ends with `upto` applied, a bounded number of rows each time. The
    // newest word counts, also when it is lower than one before.
    void allow_drop(seq upto) { allowed_ = upto; }

    // Rows from `from` on: at least one if there is one, then up to `max_bytes`. Each has the right hash.
    [[nodiscard]] result<std::vector<chain::entry>> read_log(seq from, std::size_t max_bytes);

    // Moves the WAL into the database when it has grown. Call it between performs, when nobody waits.
    [[nodiscard]] error_code tidy();
    // When there has been nothing to do for a while, or room is scarce: the WAL gets its small size back.
    [[nodiscard]] error_code tidy_at_rest();
    // While the disk is low: the log is cut as far as it may be, whatever is to be kept.
    void save_space(bool low) { saves_space_ = low; }
    [[nodiscard]] space_needs needs();

    [[nodiscard]] error_code failure() const { return failure_.value_or(error_code{}); }
    [[nodiscard]] std::string const& failure_text() const { return failure_text_; }
    [[nodiscard]] log_point base() const { return base_; }  // before the first kept row
    [[nodiscard]] log_point end() const { return end_; }
    [[nodiscard]] log_point applied() const { return applied_; }

private:
    explicit sqlite_store(std::unique_ptr<sqlite::database> db);

    error_code start(store_options const& how);
    error_code configure();                           // pragmas, read back
    error_code migrate(store_options const& how);     // to the newest schema
    error_code check_file(store_options const& how);  // SQLite's checks, where something may have happened
    error_code load(store_options const& how);        // identity, marks, log end; checks the log
    [[nodiscard]] bool newest_rows_stand(std::uint64_t entries);
    error_code trust_again();  // after a start that read everything
    error_code run(std::span<chain::store_write const> writes, store_observer const& tell);
    error_code log(chain::store_write const& write);  // promise, truncation, new rows
    error_code promise(chain_config const& to);
    error_code truncate(seq after);
    error_code append(chain::entry const& e);
    error_code apply(seq upto, store_observer const& tell);
    error_code shrink_wal();
    error_code judge_checkpoint(int code);
    error_code compact(std::uint64_t added);  // drops old rows, more than `added` if need be
    error_code commit();
    error_code refuse(errc code, std::string text);  // the first failure; all later ones repeat it
    error_code disk(errc code = errc::disk_failed);  // refuse() with the connection's failure, if any

    sqlite::process_lock lock_;
    std::string path_;
    std::string vfs_;
    bool distrusted_ = false;  // the last one on this file met a failing disk
    store_standing standing_;
    std::unique_ptr<sqlite::database> db_;
    std::unique_ptr<chat_state> chat_;
    store_id id_;
    std::optional<cluster_id> cluster_;
    chain_config promised_;
    log_point base_;
    seq allowed_;                  // to be dropped
    std::uint64_t log_bytes_ = 0;  // of the kept rows
    bool restored_ = false;
    std::uint64_t keep_entries_ = 0;
    std::uint64_t keep_bytes_ = 0;
    log_point applied_;
    log_point end_;
    std::size_t tidy_step_ = 0;  // pages
    std::size_t tidy_at_ = 0;
    std::size_t wal_size_ = 0;                           // pages in it since it began anew
    std::size_t wal_file_ = 0;                           // and at most, since its file was cut
    std::size_t wal_settled_ = 0;                        // of these, moved into the database
    std::chrono::steady_clock::time_point shrink_at_{};  // not before then
    bool saves_space_ = false;
    std::optional<error_code> failure_;
    std::string failure_text_;
};

}  // namespace chaind::store
