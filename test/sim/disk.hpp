#pragma once
// One replica's store: an ordered queue of writes, done in transactions as the daemon's writer thread does
// them. All that queued up during the last fsync is one transaction; what it applied is published before its
// fsync ends; a crash loses the transaction under way whole, or keeps it whole. Old log rows are dropped at
// odd moments, as far as the replica allows.

#include "chain/types.hpp"
#include "sim/app.hpp"
#include "sim/backup.hpp"
#include "sim/image.hpp"
#include "sim/profile.hpp"
#include "sim/scheduler.hpp"
#include "sim/trace.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace chaind::sim
{

// What the store tells its replica.
class disk_listener
{
public:
    virtual ~disk_listener() = default;
    virtual void on_published(chain::entry const& what, outcome result, digest state) = 0;
    virtual void on_log_changed() = 0;  // the durable image is another one
    virtual void on_written(chain::write_id upto) = 0;
    virtual void on_compacted(log_point const& base) = 0;
    virtual void on_stalled(bool stalled) = 0;  // a transaction takes longer than stall_limit; it is done
    virtual void on_disk_error() = 0;
};

class disk
{
public:
    disk(
        scheduler& time,
        rng& random,
        profile const& how,
        app_kind const& kind,
        disk_listener& to,
        std::string const& name
    );

    // A new process on this disk. Nothing of an older process's queue is left.
    [[nodiscard]] chain::recovered recover(store_id id, boot_id boot);
    // Another disk, while no process runs: the real store beside it, if any, begins anew, is put aside, or is
    // made of that snapshot.
    void replace(disk_image with);
    void set_aside();
    void install(disk_image with, digest const& snapshot, store_id id);
    void restore(backup const& from, store_id id);
    void make_snapshot(chain::snapshot_info const& of, std::uint64_t log_rows) const;

    void submit(chain::store_write what);
    void may_drop(seq upto) { may_drop_ = upto; }
    // Runs `what` when no transaction is under way: the durable image and the application are of one moment.
    void when_settled(std::function<void()> what);
    void freeze(bool frozen);  // the process is stopped: its writer thread starts nothing
    void hang(bool hung);      // the device answers nothing
    // The process or the machine is gone.
    void crash();
    // With what is only in the machine's memory. True: something was, that a process had been told it is
    // there.
    bool lose_power();

    [[nodiscard]] disk_image const& durable() const { return durable_; }
    [[nodiscard]] chain::write_id last_write() const { return last_id_; }
    [[nodiscard]] disk_image const& issued() const { return issued_; }    // with all that was submitted
    [[nodiscard]] disk_image const& working() const { return working_; }  // and the transaction under way
    [[nodiscard]] app const& application() const { return *app_; }        // at working().applied
    [[nodiscard]] digest full_state() const { return app_->full_state(); }
    // At rest: the real store beside this one, if any, holds the same.
    void compare_shadow() const;
    // Rows that a reading connection sees from `from` on; none when they have been dropped.
    [[nodiscard]] std::vector<chain::entry> read(seq from, std::size_t max_bytes) const;

    us slower = 0;         // added to each fsync
    bool failing = false;  // the next fsync returns an error

private:
    void exchange(disk_image with);
    void begin();
    void make_durable();
    void compact();
    void finish(std::uint64_t life);
    void watch();
    void check_write(chain::store_write const& what) const;
    void apply(seq upto);
    [[nodiscard]] us fsync_time();

    scheduler& time_;
    rng& random_;
    profile const& how_;
    app_kind const& kind_;
    disk_listener& to_;
    disk_image durable_;  // what the next process finds
    // What it finds after a power cut, where that is something else: a failed fsync has left in memory what
    // it could not write, and all that came later lies behind that.
    std::optional<disk_image> behind_a_failed_fsync_;
    disk_image working_;  // durable and the transaction under way
    disk_image issued_;
    std::unique_ptr<app> app_;       // at working_.applied; of a process that has ended, where that was, ...
    bool app_is_elsewhere_ = false;  // ... unless the next one finds another state
    std::unique_ptr<shadow_store> shadow_;
    std::deque<chain::store_write> queue_;
    std::vector<chain::store_write> transaction_;
    std::vector<std::function<void()>> settled_;
    seq may_drop_;
    chain::write_id last_id_ = 0;
    bool busy_ = false;
    bool frozen_ = false;
    bool hung_ = false;
    bool done_but_for_that_ = false;  // the transaction
    bool stalled_ = false;            // as it was told
    us began_ = 0;                    // the transaction
    std::uint64_t life_ = 0;
};

}  // namespace chaind::sim
