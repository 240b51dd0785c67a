#include "chain/snapshot_source.hpp"

namespace chaind::chain
{
namespace
{

constexpr auto make_again_after = 5s;
constexpr auto forgotten_after = 60s;  // without a question
// While it is made, without a learner that needs it: longer than an epoch takes to change.
constexpr auto unwanted_after = 10s;
constexpr auto offer_again_after = 5s;
// A learner keeps a few questions open; more is not asked for by anything that behaves.
constexpr std::size_t questions_max = 64;
constexpr std::size_t reads_max = 8;
constexpr std::uint64_t rate_max = std::uint64_t{1} << 40;

}  // namespace

std::uint64_t snapshot_source::bytes_done() const
{
    return stage_ == stage::made ? std::min(what_.bytes, answered_count_ * snapshot_chunk_bytes) : 0;
}

void snapshot_source::pump(view const& v)
{
    if (v.learner == nullptr)
    {
        // The next try, perhaps of another learner, is judged by what happens to it; and it begins with an
        // offer.
        trouble_.clear();
        retry_at_ = {};
        asked_ = false;
    }
    if (pin_ && v.applied > *pin_ && v.applied - *pin_ > v.how.pin_entries)
        fail(
            "the snapshot took so long that more than " + std::to_string(v.how.pin_entries) +
                " log entries were kept for it",
            v
        );
    if (stage_ == stage::making && v.needed) asked_at_ = v.now;
    if (stage_ != stage::idle &&
        v.now - asked_at_ > (stage_ == stage::made ? forgotten_after : unwanted_after))
        drop(v.out);
    if (v.learner == nullptr) return;
    if (v.needed && stage_ == stage::idle && v.now >= retry_at_) make(v);
    if (stage_ != stage::made) return;
    if (v.needed) offer(v);
    read(v);
}

void snapshot_source::make(view const& v)
{
    stage_ = stage::making;
    asked_at_ = v.now;
    pin_ = v.applied;
    v.out.snapshot_orders.emplace_back(make_snapshot{++last_order_});
}

void snapshot_source::on_made(snapshot_made const& what, view const& v)
{
    // The answer to an order that was dropped says nothing about the one that is wanted now.
    if (stage_ != stage::making || what.order != last_order_) return;
    if (what.failed)
    {
        forget();
        fail(what.failed->text, v);
        return;
    }
    what_ = what.snapshot;
    stage_ = stage::made;
    trouble_.clear();
    asked_ = false;
    asked_at_ = v.now;
    offered_at_ = {};
    tokens_ = 0;
    answered_.assign(chunks_in(what_.bytes), false);
    answered_count_ = 0;
    pin_ = std::max(*pin_, what_.at.at);
    given_ = what_.at.at;
}

void snapshot_source::offer(view const& v)
{
    bool const taken = asked_ && asker_ == *v.learner && v.now - asked_at_ < offer_again_after;
    if (taken || (offered_at_ != instant{} && v.now - offered_at_ < v.how.mark_every)) return;
    offered_at_ = v.now;
    v.out.sends.push_back({*v.learner, snap_offer{.in = v.in, .snapshot = what_}});
}

void snapshot_source::on_want(member const& from, snap_want const& what, view const& v)
{
    if (stage_ != stage::made || v.learner == nullptr || *v.learner != from) return;
    if (what.id != what_.id) return;
    if (!asked_ || asker_ != from)
    {
        asker_ = from;
        answered_.assign(answered_.size(), false);
        answered_count_ = 0;
    }
    asked_ = true;
    asked_at_ = v.now;
    if (what.index >= answered_.size() || reading_.contains(what.index)) return;
    for (auto& each : wants_)
    {
        if (each.index != what.index) continue;
        each.mine = what.mine;
        return;
    }
    if (wants_.size() < questions_max) wants_.push_back(what);
}

// The rate is kept by debt: a chunk goes as soon as nothing is owed, and is owed for what it really took.
void snapshot_source::read(view const& v)
{
    refill(v);
    if (v.full) return;
    while (!wants_.empty() && reading_.size() < reads_max && (v.how.snapshot_rate == 0 || tokens_ >= 0))
    {
        auto const next = wants_.front();
        wants_.pop_front();
        reading_.insert(next.index);
        tokens_ -= static_cast<std::int64_t>(snapshot_chunk_bytes);
        v.out.snapshot_orders.emplace_back(read_chunk{.id = next.id, .index = next.index, .mine = next.mine});
    }
}

void snapshot_source::refill(view const& v)
{
    auto const rate = static_cast<std::int64_t>(std::min(v.how.snapshot_rate, rate_max));
    auto const passed = std::min<std::int64_t>((v.now - refilled_at_).count(), 1'000'000);
    auto const more = rate * passed / 1'000'000;
    if (more == 0) return;
    refilled_at_ = v.now;
    tokens_ = std::min(tokens_ + more, rate / 20);
}

void snapshot_source::on_chunk(chunk_read const& what, view const& v)
{
    if (stage_ != stage::made || what.id != what_.id || reading_.erase(what.index) == 0) return;
    if (what.failed)
    {
        fail(what.failed->text, v);
        return;
    }
    auto const size = what.packed ? what.packed->size() : 0;
    tokens_ += static_cast<std::int64_t>(snapshot_chunk_bytes) - static_cast<std::int64_t>(size);
    if (v.learner == nullptr || asker_ != *v.learner) return;
    if (!answered_.at(what.index))
    {
        answered_[what.index] = true;
        ++answered_count_;
    }
    sent_bytes_ += size;
    v.out.sends.push_back(
        {*v.learner,
         snap_chunk{.in = v.in, .id = what.id, .index = what.index, .hash = what.hash, .packed = what.packed}}
    );
}

void snapshot_source::not_needed(effects& out)
{
    trouble_.clear();
    drop(out);
}

void snapshot_source::fail(std::string why, view const& v)
{
    trouble_ = std::move(why);
    retry_at_ = v.now + make_again_after;
    drop(v.out);
}

void snapshot_source::drop(effects& out)
{
    if (stage_ == stage::idle) return;
    out.snapshot_orders.emplace_back(drop_snapshot{last_order_});
    forget();
}

void snapshot_source::forget()
{
    stage_ = stage::idle;
    pin_.reset();
    wants_.clear();
    reading_.clear();
}

}  // namespace chaind::chain
