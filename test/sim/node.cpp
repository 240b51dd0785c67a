#include "sim/node.hpp"

#include "sim/world.hpp"

namespace chaind::sim
{

node::node(world& in, int index)
    : in_(in),
      time_(in.time),
      index_(index),
      clock_{in.random.between(0, 1'000'000'000'000), in.random.between(-in.how.clock_ppm, in.how.clock_ppm)},
      wall_shift_(in.random.between(-5'000'000, 5'000'000)),
      disk_(in.time, in.random, in.how, in.application, *this, text("n", index)),
      snapshots_(in, *this, disk_)
{
    self_.name.name = text("n", index);
    kernel = in.random.chance(in.how.same_kernel) ? in.how.control.kernel : text("kernel of n", index);
    self_.store = in.random.id<store_id>();
    in.check.on_new_store(self_.store);
}

instant node::local_now() const
{
    return instant(clock_.local(in_.time.now()));
}

void node::start()
{
    if (alive()) return;
    self_.boot = in_.random.id<boot_id>();
    powered_ = true;
    paused_ = false;
    installing_ = false;
    tick_every_ = in_.random.between(tick_least, tick_most);
    auto how = in_.how.chain;
    how.self = self_;
    core_.emplace(how, disk_.recover(self_.store, self_.boot));
    in_.check.on_recovered(*this);
    stopping_ = false;
    status_ = core_->status();
    in_.log.line("start ", self_.name, " end=", disk_.durable().end(), " applied=", disk_.durable().applied);
    if (room_ != room::ample) tell_room();
    next_tick();
}

void node::stop(bool power_lost)
{
    powered_ = powered_ && !power_lost;
    if (!alive())
    {
        if (power_lost) lose_power();
        return;
    }
    in_.log.line("stop ", self_.name, power_lost ? " (power)" : "");
    in_.count.add(seen::crashes);
    end_process();
    if (power_lost) lose_power();
    if (!power_lost) in_.config.on_process_gone(*this);
}

void node::end_process()
{
    core_.reset();
    ++life_;
    paused_ = false;
    inbox_.clear();
    waiting_.clear();
    reads_.clear();
    auto end_before = disk_.issued().end();
    disk_.crash();
    snapshots_.crash();
    if (disk_.durable().end() < end_before) in_.count.add(seen::lost_transactions);
    in_.check.on_disk_changed();
    in_.clients.on_node_gone(index_);
}

void node::lose_power()
{
    if (!disk_.lose_power()) return;
    in_.log.line("what a failed fsync had left in memory is gone: ", self_.name);
    in_.count.add(seen::fsync_losses);
    in_.check.on_disk_changed();
}

void node::fill_disk(room left, std::int64_t rows)
{
    if (room_ != room::ample) return;
    in_.log.line("disk is low: ", self_.name);
    if (is_low(left)) in_.count.add(seen::low_disks);
    room_ = left;
    rows_left_ = rows;
    tell_room();
}

void node::empty_disk()
{
    if (room_ == room::ample) return;
    in_.log.line("disk has room again: ", self_.name);
    room_ = room::ample;
    tell_room();
}

void node::tell_room()
{
    later(in_.random.between(0, 20'000), [this] { deliver(self_, chain::disk_room{room_}); });
}

// Of a member: what a learner is sent it can refuse by ending, and a config service that hears of its disk
// takes it out.
void node::count_rows(std::vector<chain::store_write> const& writes)
{
    auto const part = status_.part;
    if (!is_low(room_) || part == chain::role::detached || part == chain::role::learner) return;
    for (auto const& write : writes)
        rows_left_ -= static_cast<std::int64_t>(write.entries.size());
    demand(rows_left_ >= 0, "the disk of ", self_.name, " has run full: what needs room was taken");
}

void node::pause()
{
    if (!alive() || paused_) return;
    in_.log.line("pause ", self_.name);
    paused_ = true;
    disk_.freeze(true);
}

void node::resume()
{
    if (!paused_) return;
    in_.log.line("resume ", self_.name);
    paused_ = false;
    disk_.freeze(false);
    // The timer and the sockets of a process that wakes are ready together.
    if (in_.random.chance(0.5)) inbox_.push_front(chain::tick{});
    auto events = std::move(inbox_);
    inbox_.clear();
    auto life = life_;
    for (auto& each : events)
    {
        if (life != life_) return;
        process(each);
    }
}

void node::shut_down()
{
    if (!alive()) return;
    stopping_ = true;
    deliver(self_, chain::step_down{});
    later(in_.random.between(10'000, 200'000), [this] { stop(false); });
}

void node::deliver(member const& to, chain::event&& what)
{
    if (!alive() || to != self_) return;
    if (paused_)
        inbox_.push_back(std::move(what));
    else
        process(what);
}

now_t node::clocks() const
{
    return {local_now(), wall_shift_ + clock_jump_us + epoch_us + in_.time.now()};
}

void node::submit(op_key key, std::int64_t key_ms)
{
    auto request = in_.random.id<request_id>();
    waiting_[request] = key;
    told_times at{
        .key_ms = key_ms, .asked_ms = core_->time_is_agreed() ? core_->time_us(clocks()) / 1000 : 0
    };
    auto command = std::make_shared<std::string const>(in_.application.command(key, at));
    deliver(self_, chain::submit_local{{request, std::move(command), frees_room(key)}});
    later(
        5'000'000,
        [this, request]
        {
            if (waiting_.erase(request) > 0) deliver(self_, chain::forget_local{request});
        }
    );
}

bool node::read(std::uint64_t client, std::uint64_t asked)
{
    if (!alive()) return false;
    auto token = ++next_token_;
    reads_[token].client = client;
    reads_[token].asked = asked;
    deliver(self_, chain::read_wanted{token});
    return true;
}

void node::next_tick()
{
    later(
        clock_.true_span(tick_every_) + in_.random.between(0, tick_jitter),
        [this]
        {
            deliver(self_, chain::tick{});
            next_tick();
        }
    );
}

void node::process(chain::event const& what)
{
    in_.log.mix_time();
    in_.log.mix(static_cast<std::uint64_t>(index_) * 16 + what.index());
    in_.check.on_event(*this, what);
    auto const now = clocks();
    // The gateway's `bye`, when a directive leaves it out; under faults it may not arrive.
    bool const says_bye =
        !in_.faults_on && std::holds_alternative<chain::directed>(what) && !can_do().outside;
    auto effects = core_->step(now, what);
    core_->status(status_);
    if (says_bye && can_do().outside) in_.clients.on_node_gone(index_);
    perform(std::move(effects));
    in_.check.on_step(*this);
}

void node::perform(chain::effects&& what)
{
    if (what.halt)
    {
        demand(lying, "halt of ", self_.name, ": ", *what.halt);
        stop(false);
        return;
    }
    demand(
        can_do().stalled_for == microseconds{} ||
            std::all_of(
                what.heartbeats.begin(), what.heartbeats.end(), [](auto const& each) { return each.stalled; }
            ),
        self_.name,
        " does not say that its disk stands still"
    );
    count_rows(what.writes);
    for (auto const& each : what.sends)
        ++said.messages[each.message.index()];
    said.heartbeats += static_cast<std::uint32_t>(what.heartbeats.size());
    said.orders +=
        static_cast<std::uint32_t>(what.writes.size() + what.log_reads.size() + what.snapshot_orders.size());
    auto life = life_;
    for (auto& write : what.writes)
    {
        in_.check.on_write(*this, write);
        disk_.submit(std::move(write));
        if (life != life_) return;
    }
    for (auto& each : what.sends)
    {
        in_.on_chunk_sent(*this, each);
        in_.send(*this, std::move(each));
    }
    for (auto& each : what.heartbeats)
        in_.config.hear(index_, std::move(each));
    for (auto const& each : what.log_reads)
    {
        in_.count.add(seen::log_reads);
        later(
            in_.random.skewed(50, 3'000),
            [this, each]
            {
                auto rows = disk_.read(each.from, each.max_bytes);
                later(
                    in_.random.skewed(10, 2'000),
                    [this, id = each.id, rows = std::move(rows)]() mutable
                    { deliver(self_, chain::log_read{id, std::move(rows)}); }
                );
            }
        );
    }
    for (auto const& each : what.reads)
        perform_read(each);
    for (auto const& each : what.refusals)
    {
        auto found = waiting_.find(each.request);
        if (found == waiting_.end()) continue;
        auto key = found->second;
        waiting_.erase(found);
        in_.count.add(seen::refusals);
        if (each.why == chain::refusal::disk_full) in_.count.add(seen::refused_for_room);
        in_.clients.on_refused(key);
    }
    if (what.may_drop)
    {
        in_.check.on_may_drop(*this, *what.may_drop);
        disk_.may_drop(*what.may_drop);
    }
    for (auto& each : what.snapshot_orders)
        snapshots_.perform(std::move(each));
    if (what.anew) begin_anew(*what.anew);
}

void node::perform_read(chain::read_step what)
{
    auto found = reads_.find(what.token);
    demand(found != reads_.end(), "verdict on an unknown read");
    auto& state = found->second;
    if (in_.log.printing()) in_.log.line(self_.name, " ", what);
    switch (what.what)
    {
        case chain::read_verdict::run:
        {
            state.snapshot.reset();
            auto attempt = ++state.attempt;
            auto current = [this, token = what.token, attempt]
            {
                auto at = reads_.find(token);
                return at != reads_.end() && at->second.attempt == attempt;
            };
            auto duration = in_.random.skewed(in_.how.read_time.low, in_.how.read_time.high);
            if (in_.how.slow_read > 0 && in_.random.chance(in_.how.slow_read))
                duration += in_.random.between(1'000, in_.how.slow_read_max);
            auto snapshot = [this, token = what.token, current]
            {
                if (current()) reads_[token].snapshot = disk_.durable().applied;
            };
            if (in_.random.chance(0.5))
                snapshot();
            else
                later(in_.random.between(1, duration / 2), snapshot);
            later(
                duration,
                [this, token = what.token, current]
                {
                    if (current()) deliver(self_, chain::read_done{token});
                }
            );
            return;
        }
        case chain::read_verdict::again:
            in_.count.add(seen::reads_again);
            state.snapshot.reset();
            ++state.attempt;
            return;
        case chain::read_verdict::answer:
            demand(state.snapshot.has_value(), "a read is answered before it was done");
            if (lease_valid()) in_.count.add(seen::lease_reads);
            in_.clients.on_read(state.client, state.asked, *state.snapshot);
            break;
        case chain::read_verdict::unavailable:
            in_.count.add(seen::reads_unavailable);
            in_.clients.on_read(state.client, state.asked, std::nullopt);
            break;
    }
    reads_.erase(found);
}

void node::on_published(chain::entry const& what, outcome result, digest state)
{
    in_.check.on_applied(*this, what, result, state);
    if (result.repeated) in_.count.add(seen::repeated_keys);
    auto found = waiting_.find(what.request);
    if (found == waiting_.end()) return;
    demand(found->second == result.key, "the answer belongs to another request");
    waiting_.erase(found);
    in_.check.on_answered(result);
    in_.check.on_acknowledged(what.at);
    in_.clients.on_answer(result.key);
}

void node::on_log_changed()
{
    in_.check.on_disk_changed();
}

void node::on_written(chain::write_id upto)
{
    deliver(self_, chain::written{upto});
}

void node::on_compacted(log_point const& base)
{
    in_.check.on_compacted(*this, base);
    deliver(self_, chain::compacted{base});
}

void node::on_stalled(bool stalled)
{
    in_.log.line(stalled ? "disk stands still: " : "disk goes on: ", self_.name);
    if (stalled) in_.count.add(seen::stalled_disks);
    std::optional<instant> since;
    if (stalled) since = local_now() - microseconds(in_.how.stall_limit);
    deliver(self_, chain::disk_stalled{since});
}

void node::on_disk_error()
{
    in_.log.line("fsync error ", self_.name);
    in_.count.add(seen::fsync_errors);
    stop(false);
    in_.restart_later(*this);
}

}  // namespace chaind::sim
