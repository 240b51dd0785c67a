#include "chain/log_index.hpp"

#include <boost/assert.hpp>

namespace chaind::chain
{

log_index::log_index(recovered const& from) : base_(from.base), before_(from.applied)
{
    BOOST_ASSERT(base_.at <= before_.at);
    for (auto const& run : from.epochs)
    {
        if (run.second > before_.at) break;
        runs_.push_back(run);
    }
    if (runs_.empty() && before_.at > base_.at) runs_.emplace_back(before_.in, base_.at.next());
    for (auto const& e : from.suffix)
        append(e);
}

std::optional<log_point> log_index::point(seq at) const
{
    if (at == base_.at) return base_;
    if (at == before_.at) return before_;
    if (auto const* e = row(at)) return e->point();
    return std::nullopt;
}

entry const* log_index::row(seq at) const
{
    if (at <= before_.at || at > end()) return nullptr;
    return &rows_[at - before_.at - 1];
}

seq log_index::run_start(seq at) const
{
    BOOST_ASSERT(at > base_.at && at <= end());
    auto run = std::upper_bound(
        runs_.begin(), runs_.end(), at, [](seq value, auto const& each) { return value < each.second; }
    );
    BOOST_ASSERT(run != runs_.begin());
    return std::prev(run)->second;
}

void log_index::append(entry const& e)
{
    BOOST_ASSERT(e.at == end().next());
    BOOST_ASSERT(runs_.empty() || e.in >= runs_.back().first);
    if (runs_.empty() || e.in > runs_.back().first) runs_.emplace_back(e.in, e.at);
    bytes_ += e.bytes();
    requests_.insert_or_assign(e.request, e.at);
    rows_.push_back(e);
}

void log_index::truncate_after(seq last)
{
    BOOST_ASSERT(last >= before_.at);
    while (!rows_.empty() && rows_.back().at > last)
    {
        auto const& gone = rows_.back();
        auto known = requests_.find(gone.request);
        if (known != requests_.end() && known->second == gone.at) requests_.erase(known);
        bytes_ -= gone.bytes();
        rows_.pop_back();
    }
    while (!runs_.empty() && runs_.back().second > last)
        runs_.pop_back();
}

void log_index::base_moved(log_point const& to)
{
    BOOST_ASSERT(to.at >= base_.at && to.at <= end());
    auto const known = point(to.at);
    BOOST_ASSERT(!known || known->hash == to.hash);
    base_ = to;
    auto const first = to.at.next();
    while (runs_.size() > 1 && runs_[1].second <= first)
        runs_.erase(runs_.begin());
    if (!runs_.empty() && runs_.front().second < first) runs_.front().second = first;
}

void log_index::evict(seq upto, std::size_t bytes_limit)
{
    while (bytes_ > bytes_limit && !rows_.empty() && rows_.front().at <= upto)
    {
        auto const& gone = rows_.front();
        auto known = requests_.find(gone.request);
        if (known != requests_.end() && known->second == gone.at) requests_.erase(known);
        bytes_ -= gone.bytes();
        before_ = gone.point();
        rows_.pop_front();
    }
}

}  // namespace chaind::chain
