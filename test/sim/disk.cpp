#include "sim/disk.hpp"

#include <algorithm>

namespace chaind::sim
{

void disk_image::perform(chain::store_write const& what)
{
    if (what.promise) promised = *what.promise;
    if (what.truncate_after && what.truncate_after->value() < log.size())
        log.resize(what.truncate_after->value());
    log.insert(log.end(), what.entries.begin(), what.entries.end());
    if (what.apply_upto) applied = std::max(applied, *what.apply_upto);
}

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
    working_ = durable_;
    issued_ = durable_;
    last_id_ = 0;
    app_ = kind_.make();
    for (std::size_t i = 0; i < working_.applied.value(); ++i)
        (void)app_->apply(working_.log[i]);

    chain::recovered out;
    out.promised = durable_.promised;
    out.applied = durable_.point(durable_.applied);
    out.suffix.assign(
        durable_.log.begin() + static_cast<std::ptrdiff_t>(durable_.applied.value()), durable_.log.end()
    );
    for (auto const& row : durable_.log)
        if (out.epochs.empty() || out.epochs.back().first != row.in) out.epochs.emplace_back(row.in, row.at);
    if (shadow_) shadow_->open(id, boot, out);
    return out;
}

void disk::replace(disk_image with)
{
    durable_ = std::move(with);
    failing = false;
    if (shadow_) shadow_->wipe();
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
        demand(row.hash == chain::entry_hash(previous.hash, row), "hash chain broken at ", row.at);
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
        auto const& row = working_.log[working_.applied.value()];
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
    auto life = life_;
    time_.after(fsync_time(), [this, life] { finish(life); });
    for (auto const& write : transaction_)
    {
        auto without_apply = write;
        without_apply.apply_upto.reset();
        working_.perform(without_apply);
        if (write.apply_upto) apply(*write.apply_upto);
    }
}

void disk::make_durable()
{
    for (auto const& write : transaction_)
        durable_.perform(write);
    if (shadow_) shadow_->perform(transaction_);
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
    if (failing)
    {
        failing = false;
        to_.on_disk_error();
        return;
    }
    auto upto = transaction_.back().id;
    make_durable();
    transaction_.clear();
    busy_ = false;
    to_.on_log_changed();
    to_.on_written(upto);
    if (!busy_ && !frozen_ && !queue_.empty()) begin();
}

void disk::crash()
{
    if (busy_ && random_.chance(0.5)) make_durable();
    if (shadow_) shadow_->close();
    transaction_.clear();
    queue_.clear();
    busy_ = false;
    frozen_ = false;
    failing = false;
    ++life_;
    issued_ = durable_;
    working_ = durable_;
}

std::vector<chain::entry> disk::read(seq from, std::size_t max_bytes) const
{
    std::vector<chain::entry> out;
    std::size_t bytes = 0;
    for (auto i = from.value(); i >= 1 && i <= durable_.log.size(); ++i)
    {
        auto const& row = durable_.log[i - 1];
        bytes += row.bytes();
        if (!out.empty() && bytes > max_bytes) break;
        out.push_back(row);
    }
    return out;
}

}  // namespace chaind::sim
