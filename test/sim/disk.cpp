#include "sim/disk.hpp"

#include <algorithm>
#include <utility>

namespace chaind::sim
{

disk::disk(
    scheduler& time,
    rng& random,
    profile const& how,
    app_kind const& kind,
    disk_listener& to,
    std::string const& name
)
    : time_(time), random_(random), how_(how), kind_(kind), to_(to), app_(kind.make())
{
    if (kind.shadow) shadow_ = kind.shadow(name);
}

chain::recovered disk::recover(store_id id, boot_id boot)
{
    if (kind_.habits.writes_again) behind_a_failed_fsync_.reset();
    working_ = durable_;
    issued_ = durable_;
    last_id_ = 0;
    may_drop_ = seq{};
    if (std::exchange(app_is_elsewhere_, false)) app_ = durable_.application(kind_);

    chain::recovered out;
    out.promised = durable_.promised;
    out.restored = durable_.restored.has_value();
    out.base = durable_.base;
    out.applied = durable_.point(durable_.applied);
    out.suffix.assign(
        durable_.log.begin() + static_cast<std::ptrdiff_t>(durable_.applied - durable_.base.at),
        durable_.log.end()
    );
    for (auto const& row : durable_.log)
        if (out.epochs.empty() || out.epochs.back().first != row.in) out.epochs.emplace_back(row.in, row.at);
    if (shadow_) shadow_->open(id, boot, out);
    return out;
}

void disk::exchange(disk_image with)
{
    durable_ = std::move(with);
    app_is_elsewhere_ = true;
    behind_a_failed_fsync_.reset();
    failing = false;
}

void disk::replace(disk_image with)
{
    exchange(std::move(with));
    if (shadow_) shadow_->wipe();
}

void disk::set_aside()
{
    exchange({});
    if (shadow_) shadow_->set_aside();
}

void disk::install(disk_image with, digest const& snapshot, store_id id)
{
    exchange(std::move(with));
    if (shadow_) shadow_->install(snapshot, id, durable_.promised);
}

void disk::restore(backup const& from, store_id id)
{
    exchange(from.image);
    durable_.restored = id;
    if (shadow_) shadow_->restore(from.history, from.what, id);
}

void disk::make_snapshot(chain::snapshot_info const& of, std::uint64_t log_rows) const
{
    if (shadow_) shadow_->make_snapshot(of, log_rows);
}

void disk::check_write(chain::store_write const& what) const
{
    demand(what.id > last_id_, "write ", what.id, " after ", last_id_);
    if (what.promise)
        demand(
            what.promise->at >= issued_.promised.at,
            "I1: promise falls from ",
            issued_.promised.at,
            " to ",
            what.promise->at
        );
    auto end = issued_.end();
    if (what.truncate_after)
    {
        demand(
            *what.truncate_after >= issued_.applied,
            "I4: truncation after ",
            *what.truncate_after,
            " below applied ",
            issued_.applied
        );
        end = std::min(end, *what.truncate_after);
    }
    auto promised = what.promise ? what.promise->at : issued_.promised.at;
    auto previous = issued_.point(end);
    for (auto const& row : what.entries)
    {
        demand(row.at == previous.at.next(), "row ", row.at, " after ", previous.at);
        demand(row.in >= previous.in, "epoch falls in the log at ", row.at);
        demand(row.ts_us > previous.ts_us, "I16: time stands still at ", row.at);
        demand(row.in <= promised, "I10: row of epoch ", row.in, " under promise ", promised);
        previous = row.point();
    }
    if (what.apply_upto) demand(*what.apply_upto <= previous.at, "apply beyond the log: ", *what.apply_upto);
}

void disk::submit(chain::store_write what)
{
    check_write(what);
    last_id_ = what.id;
    issued_.perform(what);
    queue_.push_back(std::move(what));
    if (!busy_ && !frozen_) begin();
}

void disk::hang(bool hung)
{
    hung_ = hung;
    if (hung_ && busy_) watch();
    if (!hung_ && std::exchange(done_but_for_that_, false)) finish(life_);
}

// Whoever waits for the transaction under way is told when it has taken longer than it may.
void disk::watch()
{
    time_.after(
        began_ + how_.stall_limit - time_.now(),
        [this, life = life_, began = began_]
        {
            if (life != life_ || !busy_ || began != began_ || stalled_) return;
            stalled_ = true;
            to_.on_stalled(true);
        }
    );
}

void disk::freeze(bool frozen)
{
    frozen_ = frozen;
    if (!frozen_ && !busy_ && !queue_.empty()) begin();
}

us disk::fsync_time()
{
    auto out = random_.skewed(how_.fsync.low, how_.fsync.high) + slower;
    if (how_.fsync_spike > 0 && random_.chance(how_.fsync_spike)) out += random_.between(1'000, 60'000);
    return out;
}

void disk::apply(seq upto)
{
    while (working_.applied < upto)
    {
        auto const& row = working_.row(working_.applied.next());
        working_.applied = row.at;
        auto result = app_->apply(row);
        to_.on_published(row, std::move(result), app_->state());
    }
}

void disk::begin()
{
    busy_ = true;
    auto count = std::min(queue_.size(), static_cast<std::size_t>(how_.writes_in_a_transaction));
    for (std::size_t i = 0; i < count; ++i)
    {
        transaction_.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    began_ = time_.now();
    auto const span = fsync_time();
    if (hung_ || span > how_.stall_limit) watch();
    auto life = life_;
    time_.after(span, [this, life] { finish(life); });
    for (auto const& write : transaction_)
    {
        working_.perform_but_apply(write);
        if (write.apply_upto) apply(*write.apply_upto);
    }
}

void disk::make_durable()
{
    for (auto const& write : transaction_)
        durable_.perform(write);
    if (shadow_) shadow_->perform(transaction_);
}

// At odd moments, by odd amounts: the store decides how much it wants to keep.
void disk::compact()
{
    if (how_.compact <= 0 || !random_.chance(how_.compact)) return;
    auto upto = std::min(may_drop_, durable_.applied);
    auto const keep = static_cast<std::uint64_t>(random_.between(0, how_.log_keep));
    if (upto.value() <= durable_.base.at.value() + keep) return;
    upto = seq(upto.value() - keep);
    if (random_.chance(0.3)) upto = durable_.base.at + 1 + random_.below(upto - durable_.base.at);
    durable_.compact(upto, kind_);
    working_.forget(upto);
    issued_.forget(upto);
    if (shadow_) shadow_->compact(upto);
    to_.on_compacted(durable_.base);
}

void disk::when_settled(std::function<void()> what)
{
    if (busy_)
        settled_.push_back(std::move(what));
    else
        what();
}

void disk::compare_shadow() const
{
    if (shadow_)
        shadow_->compare(
            durable_.point(durable_.end()), durable_.point(durable_.applied), app_->full_state()
        );
}

void disk::finish(std::uint64_t life)
{
    if (life != life_) return;
    if (hung_)
    {
        done_but_for_that_ = true;
        return;
    }
    if (failing)
    {
        failing = false;
        if (!shadow_)
        {
            // As on Linux: it can be read, as if it were there.
            if (!behind_a_failed_fsync_) behind_a_failed_fsync_ = durable_;
            make_durable();
            transaction_.clear();
            busy_ = false;
        }
        to_.on_disk_error();
        return;
    }
    auto upto = transaction_.back().id;
    make_durable();
    transaction_.clear();
    busy_ = false;
    to_.on_log_changed();
    for (auto const& each : std::exchange(settled_, {}))
        each();
    if (std::exchange(stalled_, false)) to_.on_stalled(false);
    to_.on_written(upto);
    if (life == life_) compact();
    if (life != life_) return;
    if (!busy_ && !frozen_ && !queue_.empty()) begin();
}

void disk::crash()
{
    if (busy_ && random_.chance(0.5)) make_durable();
    if (shadow_) shadow_->close();
    transaction_.clear();
    queue_.clear();
    settled_.clear();
    busy_ = false;
    frozen_ = false;
    done_but_for_that_ = false;
    stalled_ = false;
    failing = false;
    ++life_;
    app_is_elsewhere_ = app_is_elsewhere_ || working_.applied != durable_.applied;
    issued_ = durable_;
    working_ = durable_;
}

bool disk::lose_power()
{
    if (!behind_a_failed_fsync_) return false;
    durable_ = std::move(*behind_a_failed_fsync_);
    app_is_elsewhere_ = true;
    behind_a_failed_fsync_.reset();
    issued_ = durable_;
    working_ = durable_;
    return true;
}

std::vector<chain::entry> disk::read(seq from, std::size_t max_bytes) const
{
    std::vector<chain::entry> out;
    std::size_t bytes = 0;
    if (from <= durable_.base.at) return out;
    for (auto at = from; at <= durable_.end(); at = at.next())
    {
        auto const& row = durable_.row(at);
        bytes += row.bytes();
        if (!out.empty() && bytes > max_bytes) break;
        out.push_back(row);
    }
    return out;
}

}  // namespace chaind::sim
