#include "chain/write_queue.hpp"

#include "base/rules.hpp"

#include <boost/assert.hpp>

#include <tuple>

namespace chaind::chain
{

write_queue::write_queue(seq durable, seq applied, chain_config const& promised)
    : durable_(durable),
      applied_(applied),
      apply_ordered_(applied),
      promised_(promised.at),
      promised_id_(promised.id),
      promise_ordered_(promised)
{
}

void write_queue::promise(chain_config const& what)
{
    BOOST_ASSERT(what.at > promise_ordered_.at);
    close();
    open().promise = what;
    promise_ordered_ = what;
}

void write_queue::truncate_after(seq last)
{
    BOOST_ASSERT(last >= apply_ordered_);
    if (open_ && (!gathered_.back().entries.empty() || gathered_.back().apply_upto)) close();
    auto& write = open();
    write.truncate_after = write.truncate_after ? std::min(*write.truncate_after, last) : last;
    durable_ = std::min(durable_, last);
    for (auto& each : flights_)
    {
        if (each.log_end) each.log_end = std::min(*each.log_end, last);
    }
}

void write_queue::append(entry const& e)
{
    if (open_ && gathered_.back().apply_upto) close();
    open().entries.push_back(e);
}

void write_queue::apply(seq upto)
{
    BOOST_ASSERT(upto > apply_ordered_);
    open().apply_upto = upto;
    apply_ordered_ = upto;
}

void write_queue::flush(std::vector<store_write>& to)
{
    close();
    if (to.empty()) to.swap(gathered_);
    for (auto& each : gathered_)
        to.push_back(std::move(each));
    gathered_.clear();
}

bool write_queue::confirm(write_id upto)
{
    if (upto > last_id_ || !gathered_.empty()) return false;
    while (!flights_.empty() && flights_.front().id <= upto)
    {
        auto const& done = flights_.front();
        if (done.promise) std::tie(promised_, promised_id_) = *done.promise;
        if (done.log_end) durable_ = std::max(durable_, *done.log_end);
        if (done.apply) applied_ = std::max(applied_, *done.apply);
        flights_.pop_front();
    }
    return true;
}

store_write& write_queue::open()
{
    if (!open_)
    {
        gathered_.emplace_back().id = ++last_id_;
        open_ = true;
    }
    return gathered_.back();
}

void write_queue::close()
{
    if (!open_) return;
    open_ = false;
    auto const& write = gathered_.back();
    flight sent{
        .id = write.id, .promise = std::nullopt, .log_end = write.truncate_after, .apply = write.apply_upto
    };
    if (write.promise) sent.promise.emplace(write.promise->at, write.promise->id);
    if (!write.entries.empty()) sent.log_end = write.entries.back().at;
    flights_.push_back(sent);
}

}  // namespace chaind::chain
