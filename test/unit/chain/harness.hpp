#pragma once
// A few replicas in memory: in-order links that can be cut, disks that can be held back, clocks that stand
// still until told. Everything that the replicas want is done by run().

#include "chain/replica.hpp"
#include "support/printing.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace chaind::chain
{

// What survives a crash.
struct disk
{
    chain_config promised;
    log_point base;
    std::vector<entry> rows;  // rows[i].at == base.at + i + 1
    seq applied;
    bool restored = false;
    bool rows_suspect = false;

    [[nodiscard]] recovered recover() const;
    [[nodiscard]] entry const& row(seq at) const { return rows.at(at - base.at - 1); }
    [[nodiscard]] seq end() const { return base.at + rows.size(); }
};

// A snapshot: the store that it holds, and bytes that stand for it.
struct snapshot_file
{
    snapshot_info info;
    disk content;
    std::string bytes;

    [[nodiscard]] std::string chunk(std::uint64_t index) const
    {
        return bytes.substr(index * snapshot_chunk_bytes, snapshot_chunk_bytes);
    }
};
digest chunk_hash(std::string_view chunk);

struct machine
{
    settings how;
    std::optional<replica> core;  // none: crashed
    disk store;
    std::deque<store_write> queued;
    bool disk_runs = true;       // false: writes wait
    microseconds clock_ahead{};  // its wall clock
    std::vector<heartbeat> heartbeats;
    std::vector<read_step> reads;
    std::vector<local_refusal> refusals;
    std::vector<request_id> applied;  // requests, in order, of this run
    std::size_t log_reads = 0;
    std::optional<std::string> halted;
    std::optional<begin_anew> anew;
    std::vector<seq> may_drop;  // each word of it

    std::deque<snapshot_order> orders;                        // not carried out yet
    bool snapshots_run = true;                                // false: they wait
    std::vector<snapshot_order> ordered;                      // all of this run
    std::function<std::string(snapshot_order const&)> fault;  // the error that an order meets
    std::uint64_t made_by = 0;  // the last order to make one that was carried out
    bool made_in_vain = false;  // it had been dropped by then
    std::optional<snapshot_file> made;
    std::map<std::uint64_t, std::string> part;  // the incoming file; survives crashes
    std::uint64_t snapshot_bytes = 10 * snapshot_chunk_bytes + 100;
};

class harness
{
public:
    explicit harness(std::size_t count, std::function<void(settings&)> tune = {});

    machine& at(std::size_t i) { return machines_.at(i); }
    [[nodiscard]] member triple(std::size_t i) const { return machines_.at(i).how.self; }
    [[nodiscard]] replica_status status(std::size_t i) const { return machines_.at(i).core->status(); }
    [[nodiscard]] service const& can_do(std::size_t i) const { return machines_.at(i).core->can_do(); }

    void crash(std::size_t i);       // what was not durable is lost
    void restart(std::size_t i);     // with another boot id
    void wipe(std::size_t i);        // and another store
    void start_anew(std::size_t i);  // as it asked for
    void compact(std::size_t i, seq upto);

    // One event for one replica; its effects are performed (disk and messages only by run()).
    effects step(std::size_t i, event what);
    // Delivers and writes until nothing is left to do. No time passes.
    void run();
    // Ticks every 5 ms, running in between.
    void pass(microseconds time);

    void write_one(std::size_t i);  // the oldest of those that wait

    // Configurations as the config service would make them; `to` hears of it (default: all that run).
    chain_config config(std::vector<std::size_t> const& members, config_state state, epoch at) const;
    void direct(chain_config const& what, std::optional<learner_assignment> learning = {});
    void direct_one(std::size_t i, chain_config const& what, std::optional<instant> lease_for = {});
    // PENDING, run, ACTIVE, run.
    void form(std::vector<std::size_t> const& members);
    // The same chain and epoch, ACTIVE, and who learns from whom.
    void assign(std::vector<std::size_t> const& members, std::size_t learner, std::size_t source);
    void lease_all();

    request_id submit(std::size_t i, std::string command = "x");
    [[nodiscard]] std::vector<read_verdict> verdicts(std::size_t i, read_token token) const;
    // The commands in order, of the durable log.
    [[nodiscard]] std::vector<std::string> log(std::size_t i) const;

    now_t now{.steady = 1s, .wall_us = 1'000'000};
    bool time_is_told = false;  // the config service says what time it is, by `now`
    epoch current;
    // Messages for which this says true are lost.
    std::function<bool(member const& from, envelope const& what)> lose;
    std::map<std::string, std::size_t> sent;  // how many of each kind
    // Told of each step, before anything comes of it.
    std::function<void(std::size_t i, event const&, effects const&)> watch;

private:
    struct letter
    {
        member from;
        envelope what;
    };
    void perform(std::size_t i, effects& todo);
    void carry_out(std::size_t i, snapshot_order const& what);
    void carry_out(std::size_t i, make_snapshot const& what, std::string error);
    void carry_out(std::size_t i, read_chunk const& what, std::string error);
    void carry_out(std::size_t i, drop_snapshot const& what, std::string error);
    void carry_out(std::size_t i, open_incoming const& what, std::string error);
    void carry_out(std::size_t i, keep_chunk const& what, std::string error);
    void carry_out(std::size_t i, check_incoming const& what, std::string error);
    void carry_out(std::size_t i, check_rows const& what, std::string error);

    std::deque<machine> machines_;
    std::deque<letter> network_;
    std::uint64_t next_id_ = 1;
    std::deque<std::pair<std::size_t, log_read>> rows_read_;
    std::map<digest, snapshot_file> files_;  // all that were ever made
};

char const* name_of(message const& m);

}  // namespace chaind::chain
