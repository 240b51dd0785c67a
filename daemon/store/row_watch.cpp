#include "store/row_watch.hpp"

#include <utility>

namespace chaind::store
{
namespace
{

constexpr std::size_t meanwhile_max = 100'000;

}  // namespace

bool row_watch::watches(seq at)
{
    changed_at_.store(at.value());
    return watching_.load();
}

void row_watch::changed(row_place const& where, chat::row_sum const& by, seq at)
{
    std::lock_guard const hold(mutex_);
    settled_ = false;
    if (begun_ && where <= read_)
        sum_.add(by);
    else if (reading_ && where.table == piece_)
    {
        too_many_ = too_many_ || meanwhile_.size() >= meanwhile_max;
        if (!too_many_) meanwhile_.push_back({where, by, at});
    }
}

void row_watch::settled(chat::row_sum const& kept)
{
    std::lock_guard const hold(mutex_);
    kept_ = kept;
    settled_ = true;
}

void row_watch::begin_round()
{
    std::lock_guard const hold(mutex_);
    sum_ = {};
    read_ = {};
    begun_ = reading_ = too_many_ = false;
    meanwhile_.clear();
    watching_.store(true);
}

seq row_watch::begin_piece(std::size_t table)
{
    std::lock_guard const hold(mutex_);
    reading_ = true;
    piece_ = table;
    meanwhile_.clear();
    too_many_ = false;
    return seq(changed_at_.load());
}

bool row_watch::end_piece(seq at, std::optional<row_place> const& last, chat::row_sum const& rows)
{
    std::lock_guard const hold(mutex_);
    reading_ = false;
    auto const meanwhile = std::exchange(meanwhile_, {});
    if (too_many_) return false;
    sum_.add(rows);
    for (auto const& each : meanwhile)
        if (each.at > at && (!last || each.where <= *last)) sum_.add(each.by);
    // The end of a table is the beginning of the next one.
    read_ = last ? *last : row_place{.table = piece_ + 1, .key = {}};
    begun_ = true;
    return true;
}

std::optional<bool> row_watch::verdict()
{
    std::lock_guard const hold(mutex_);
    if (!settled_) return std::nullopt;
    return sum_ == kept_;
}

void row_watch::end_round()
{
    std::lock_guard const hold(mutex_);
    watching_.store(false);
    begun_ = reading_ = false;
    meanwhile_.clear();
}

}  // namespace chaind::store
