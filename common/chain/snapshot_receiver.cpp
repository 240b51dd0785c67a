#include "chain/snapshot_receiver.hpp"

namespace chaind::chain
{
namespace
{

constexpr std::size_t wants_max = 8;
constexpr microseconds ask_again_after = 500ms;  // of silence; doubles for each question, up to:
constexpr microseconds ask_lost_after = 5s;      // also while others are answered
constexpr auto alive_every = 2s;
constexpr auto retry_after = 5s;
constexpr auto given_up_after = 60s;
// What does not compress grows a little.
constexpr std::size_t packed_max = snapshot_chunk_bytes + (16u << 10);
constexpr std::uint64_t bytes_max = std::uint64_t{1} << 44;

}  // namespace

std::uint64_t snapshot_receiver::chunks() const
{
    return chunks_in(what_.bytes);
}

digest snapshot_receiver::held(std::uint64_t index) const
{
    return index < held_.size() ? held_[index] : digest{};
}

std::optional<digest> snapshot_receiver::ready() const
{
    return stage_ == stage::ready ? std::optional(what_.id) : std::nullopt;
}

std::optional<snapshot_progress> snapshot_receiver::progress() const
{
    if (stage_ == stage::idle) return std::nullopt;
    return snapshot_progress{what_.bytes, std::min(what_.bytes, kept_ * snapshot_chunk_bytes)};
}

void snapshot_receiver::abandon()
{
    stage_ = stage::idle;
    wants_.clear();
    held_.clear();
    trouble_.clear();
    retry_at_ = {};
}

void snapshot_receiver::on_offer(snap_offer const& what, view const& v)
{
    auto const& info = what.snapshot;
    if (info.bytes == 0 || info.bytes > bytes_max || info.at.at > highest_position) return;
    // What is complete is finished first: from there the log may do.
    if (stage_ == stage::checking || stage_ == stage::ready) return;
    if (stage_ != stage::idle && info == what_)
    {
        heard_at_ = v.now;
        return;
    }
    if (stage_ == stage::idle && v.now < retry_at_) return;
    abandon();
    stage_ = stage::opening;
    what_ = info;
    next_ = 0;
    kept_ = 0;
    alive_at_ = v.now;
    v.out.snapshot_orders.emplace_back(open_incoming{what_});
}

void snapshot_receiver::on_opened(incoming_opened const& what, view const& v)
{
    if (stage_ != stage::opening || what.id != what_.id) return;
    if (what.failed)
    {
        fail(what.failed->text, v);
        return;
    }
    stage_ = stage::collecting;
    held_ = what.held;
    if (held_.empty()) held_.resize(1);
    heard_at_ = answered_at_ = v.now;
}

void snapshot_receiver::pump(view const& v)
{
    if (v.source == nullptr) return;
    if (stage_ == stage::opening || stage_ == stage::checking) say_alive(v);
    if (stage_ != stage::collecting) return;
    if (v.now - heard_at_ > given_up_after && wants_.size() > 0)
    {
        abandon();
        return;
    }
    ask_again(v);
    while (wants_.size() < wants_max && next_ < chunks())
    {
        wants_[next_] = {.asked_at = v.now, .patience = ask_again_after};
        ask(next_++, v);
    }
}

// Both a look at what an earlier try left and the check of the whole may take minutes, and the source keeps
// file and log for nobody who says nothing.
void snapshot_receiver::say_alive(view const& v)
{
    if (v.now - alive_at_ < alive_every) return;
    alive_at_ = v.now;
    ask(chunks(), v);
}

void snapshot_receiver::ask_again(view const& v)
{
    bool const silent = v.now - answered_at_ >= ask_again_after;
    bool const moved = in_ != v.in;
    in_ = v.in;
    for (auto& [index, each] : wants_)
    {
        if (each.keeping) continue;
        auto const age = v.now - each.asked_at;
        if (!moved && age < (silent ? each.patience : ask_lost_after)) continue;
        // A new epoch has voided the questions: that is no sign of a source that is too slow for them.
        each.patience = moved ? ask_again_after : std::min(2 * each.patience, ask_lost_after);
        each.asked_at = v.now;
        ask(index, v);
    }
}

void snapshot_receiver::ask(std::uint64_t index, view const& v) const
{
    v.out.sends.push_back(
        {*v.source, snap_want{.in = v.in, .id = what_.id, .index = index, .mine = held(index)}}
    );
}

void snapshot_receiver::on_chunk(snap_chunk const& what, view const& v)
{
    if (stage_ != stage::collecting || what.id != what_.id) return;
    if (what.index >= next_ || (what.packed && what.packed->size() > packed_max)) return;
    auto const found = wants_.find(what.index);
    bool const wanted = found != wants_.end() && !found->second.keeping;
    if (wanted && !what.packed && (what.hash == digest{} || what.hash != held(what.index))) return;
    heard_at_ = answered_at_ = v.now;
    if (!wanted) return;
    found->second.keeping = true;
    if (what.index == 0) held_[0] = what.hash;
    v.out.snapshot_orders.emplace_back(
        keep_chunk{.id = what.id, .index = what.index, .hash = what.hash, .packed = what.packed}
    );
}

void snapshot_receiver::on_kept(chunk_kept const& what, view const& v)
{
    if (stage_ != stage::collecting || what.id != what_.id) return;
    auto const found = wants_.find(what.index);
    if (found == wants_.end() || !found->second.keeping) return;
    if (what.failed)
    {
        fail(what.failed->text, v);
        return;
    }
    wants_.erase(found);
    if (++kept_ < chunks()) return;
    stage_ = stage::checking;
    v.out.snapshot_orders.emplace_back(check_incoming{what_});
}

void snapshot_receiver::on_checked(incoming_checked const& what, view const& v)
{
    if (stage_ != stage::checking || what.id != what_.id) return;
    if (what.failed)
        fail(what.failed->text, v);
    else
        stage_ = stage::ready;
}

void snapshot_receiver::fail(std::string why, view const& v)
{
    abandon();
    trouble_ = std::move(why);
    retry_at_ = v.now + retry_after;
}

}  // namespace chaind::chain
