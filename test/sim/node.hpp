#pragma once
// One replica as the daemon would run it: the real core, a store, a gateway. The process may die, restart and
// pause; the machine may lose power; the disk stays.

#include "chain/replica.hpp"
#include "sim/disk.hpp"
#include "sim/snapshot_desk.hpp"

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <variant>

namespace chaind::sim
{

class world;

enum class disk_choice : std::uint8_t
{
    same,
    wiped,
    older,
    foreign,  // of another history: its committed rows are not those of the chain
    rotten,   // a row of the application has changed
};

class node final : private disk_listener
{
public:
    node(world& in, int index);

    void start();
    void stop(bool power_lost);  // dies here and now
    void pause();
    void resume();
    void change_disk(disk_choice what);  // while it is dead
    void restore(backup const& from);    // node_stores.cpp: before its first start
    void remember_disk() { older_ = disk_.durable(); }
    void shut_down();  // step_down, then the process ends

    // What arrives from outside. `to` is the process meant; another run ignores it.
    void deliver(member const& to, chain::event&& what);
    void submit(op_key key, std::int64_t key_ms);
    // False: nobody listens.
    bool read(std::uint64_t client, std::uint64_t asked);

    [[nodiscard]] int index() const { return index_; }
    [[nodiscard]] member const& self() const { return self_; }
    [[nodiscard]] bool alive() const { return core_.has_value(); }
    [[nodiscard]] bool stopping() const { return alive() && stopping_; }
    [[nodiscard]] bool reading() const { return !reads_.empty(); }
    [[nodiscard]] bool paused() const { return paused_; }
    [[nodiscard]] bool powered() const { return powered_; }
    [[nodiscard]] disk const& store() const { return disk_; }
    [[nodiscard]] snapshot_desk const& snapshots() const { return snapshots_; }
    [[nodiscard]] bool installing() const { return installing_; }
    [[nodiscard]] std::optional<disk_image> const& older() const { return older_; }
    [[nodiscard]] chain::replica_status const& status() const { return status_; }
    [[nodiscard]] chain::service const& can_do() const { return core_->can_do(); }  // while it is alive
    [[nodiscard]] instant local_now() const;
    [[nodiscard]] now_t clocks() const;
    [[nodiscard]] bool lease_valid() const { return core_->lease_valid(local_now()); }

    // What it has done since somebody began to count.
    struct deeds
    {
        std::array<std::uint32_t, std::variant_size_v<chain::message>> messages{};  // of each kind
        std::uint32_t heartbeats = 0;
        std::uint32_t orders = 0;  // to its store
    };
    deeds said;

    std::string kernel;              // that runs it
    std::int64_t clock_jump_us = 0;  // its wall clock was set wrong by so much
    bool foreign = false;            // its disk is of another history
    bool rotten = false;             // its disk has changed a row of the application
    bool lying = false;  // its disk went back in time: it does not count until it is out of the chain
    void slow_disk(us by) { disk_.slower = by; }
    void hang_disk(bool hung) { disk_.hang(hung); }
    void fail_next_fsync() { disk_.failing = true; }
    // So many log rows more and it is full; the process notices soon.
    void fill_disk(room left, std::int64_t rows);
    void empty_disk();
    void repair_disk()
    {
        disk_.slower = 0;
        disk_.hang(false);
        disk_.failing = false;
        empty_disk();
    }

private:
    struct read_state
    {
        std::uint64_t client = 0;
        std::uint64_t asked =
            0;  // the client's number of it: who has asked elsewhere hears this one's answer no more
        std::optional<seq> snapshot;
        std::uint64_t attempt = 0;
    };

    void process(chain::event const& what);
    void perform(chain::effects&& what);
    void perform_read(chain::read_step what);
    void end_process();
    void lose_power();
    void tell_room();
    void count_rows(std::vector<chain::store_write> const& writes);
    void begin_anew(chain::begin_anew const& what);  // node_stores.cpp, as all that follows up to the blank
    void rename_store(store_id id);
    void install(snapshot_file const& file, chain_config promised);
    [[nodiscard]] disk_image foreign_image() const;
    [[nodiscard]] disk_image rotten_image() const;

    void next_tick();
    template <class Action>
    void later(us delay, Action what)  // unless the process has died by then
    {
        time_.after(delay, unless_dead(life_, std::move(what)));
    }

    void on_published(chain::entry const& what, outcome result, digest state) override;
    void on_log_changed() override;
    void on_written(chain::write_id upto) override;
    void on_compacted(log_point const& base) override;
    void on_disk_error() override;
    void on_stalled(bool stalled) override;

    world& in_;
    scheduler& time_;
    int index_;
    member self_;
    machine_clock clock_;
    us tick_every_ = tick_least;
    std::int64_t wall_shift_;
    disk disk_;
    snapshot_desk snapshots_;
    std::optional<disk_image> older_;
    std::optional<chain::replica> core_;
    chain::replica_status status_;  // after its last step
    room room_ = room::ample;       // on its disk
    std::int64_t rows_left_ = 0;    // when that is not enough
    bool paused_ = false;
    bool powered_ = true;
    bool stopping_ = false;    // on its way out, cleanly
    bool installing_ = false;  // between two stores
    std::uint64_t life_ = 0;
    std::deque<chain::event> inbox_;  // of a paused process
    std::map<request_id, op_key> waiting_;
    std::map<chain::read_token, read_state> reads_;
    chain::read_token next_token_ = 0;
};

}  // namespace chaind::sim
