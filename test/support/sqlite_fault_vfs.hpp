#pragma once
// A disk in memory for SQLite (a VFS) that fails when it is told to and forgets what was not synced. One
// fault_disk is one machine's disk: register it under a name, open databases on it by that name.
//
// The model: a write is seen at once by everybody; only a sync makes it durable. A failed sync loses what it
// was to make durable, or a part of it, and the next one succeeds without it, as on Linux: what was lost can
// be read until the power fails, or until the memory that holds it is wanted for something else. Making and
// deleting files is durable at once.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace chaind::test
{

class fault_disk
{
public:
    explicit fault_disk(std::string name);
    // No database may be open on it any more.
    ~fault_disk();
    fault_disk(fault_disk const&) = delete;
    fault_disk& operator=(fault_disk const&) = delete;

    [[nodiscard]] std::string const& name() const { return name_; }

    enum class fate
    {
        lost,
        kept,
        torn,  // its first half is kept
    };

    // ---- faults
    enum class kind
    {
        io_error,  // SQLITE_IOERR_*; a write leaves its first half
        no_space,  // SQLITE_FULL; syncs and truncations still work
    };
    // Every write, truncation, sync, creation and deletion is one operation. The n-th from now (1: the next)
    // fails; `lasting`: and all that follow.
    void fail_at(std::uint64_t n, kind what, bool lasting);
    // Reads are counted on their own.
    void fail_read_at(std::uint64_t n, bool lasting);
    // Of each write that a failing sync was to make durable, `decide` says what became of it; otherwise all
    // of them are lost.
    void when_a_sync_fails(std::function<fate()> decide);
    // What failed syncs have lost is not in memory any more: everybody reads what is on the disk.
    void forget_what_is_lost();
    void no_more_faults();
    [[nodiscard]] bool fault_happened() const;
    [[nodiscard]] std::uint64_t operations() const;  // since the start
    [[nodiscard]] std::uint64_t syncs() const;       // since the start
    [[nodiscard]] std::uint64_t reads() const;       // since the start

    // ---- crashes: what has a file open is cut off (each of its calls fails) and is to be closed afterwards
    // The process died: everything that was written is there.
    void kill();
    // The power failed: of each write since the last sync, in order, `decide` says what became of it.
    void power_loss(std::function<fate()> const& decide);
    void power_loss();  // all of them are lost

    // ---- the files as they are
    [[nodiscard]] std::vector<std::string> files() const;
    [[nodiscard]] std::string read(std::string const& path) const;
    void replace(std::string const& path, std::string bytes);  // durably
    void wipe();                                               // an empty disk; counts as a crash

    class impl;

private:
    std::string name_;
    std::unique_ptr<impl> impl_;
};

}  // namespace chaind::test
