// The driver's reads: tokens to the core, queries to the reader pool.

#include "node/replica_driver.hpp"
#include "runtime/log.hpp"

#include <boost/asio/this_coro.hpp>

namespace chaind::node
{

namespace asio = boost::asio;

namespace
{
constexpr auto visible_limit = 1s;

// A query refers to its caller's variables: while it runs on a reader thread, the caller may not end, not
// even when it is cancelled.
asio::awaitable<void> wait_for_outcome(
    std::shared_ptr<waiting<error_code>> one, std::shared_ptr<bool> running
)
{
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    do
        co_await runtime::wait_on(one->wake);
    while (!one->outcome && *running);
    co_await asio::this_coro::throw_if_cancelled(throws);
}
}  // namespace

asio::awaitable<error_code> replica_driver::read(std::function<void(store::chat_reader&)> query)
{
    if (stopping_ || reads_.size() >= how_.pending_max) co_return make_error_code(errc::timed_out);
    auto const token = ++last_read_;
    auto const one = std::make_shared<reading>();
    one->query = std::move(query);
    one->reader = std::make_shared<waiting<error_code>>(on_.get_executor());
    one->running = std::make_shared<bool>(false);
    reads_.emplace(token, one);
    feed(chain::read_wanted{token});
    co_await wait_for_outcome(one->reader, one->running);
    reads_.erase(token);
    co_return one->reader->outcome.value_or(make_error_code(errc::stopped));
}

void replica_driver::read_step(chain::read_step const& what)
{
    auto const found = reads_.find(what.token);
    if (found == reads_.end())
    {
        // Its caller has gone; the core waits for the rows all the same.
        if (what.what == chain::read_verdict::run) feed(chain::read_done{what.token});
        return;
    }
    auto const one = found->second;
    switch (what.what)
    {
        case chain::read_verdict::answer: one->reader->finish(error_code{}); return;
        case chain::read_verdict::unavailable: one->reader->finish(make_error_code(errc::timed_out)); return;
        case chain::read_verdict::again: return;
        case chain::read_verdict::run: break;
    }
    *one->running = true;
    auto done = [this, one, token = what.token](error_code failed)
    {
        *one->running = false;
        if (!failed && (stopped_ || ended_)) failed = make_error_code(errc::stopped);
        if (failed) one->reader->finish(failed);
        feed(chain::read_done{token});
    };
    if (readers_->read(one->query, done)) return;
    *one->running = false;
    one->reader->finish(make_error_code(errc::timed_out));
    feed(chain::read_done{what.token});
}

asio::awaitable<error_code> replica_driver::read_from(
    seq min_pos, std::function<void(store::chat_reader&)> query
)
{
    if (stopping_) co_return make_error_code(errc::stopped);
    if (view_.applied < min_pos)
    {
        auto const waiter = std::make_shared<waiting<bool>>(on_.get_executor());
        auto const place = behind_.emplace(min_pos, waiter);
        waiter->wake.expires_after(visible_limit);
        co_await runtime::wait_on(waiter->wake);
        if (!waiter->outcome) behind_.erase(place);
        if (!waiter->outcome.value_or(false)) co_return make_error_code(errc::timed_out);
    }
    auto const reader = std::make_shared<waiting<error_code>>(on_.get_executor());
    auto const running = std::make_shared<bool>(true);
    auto done = [reader, running](error_code failed)
    {
        *running = false;
        reader->finish(failed);
    };
    if (!readers_ || !readers_->read(std::move(query), done)) co_return make_error_code(errc::timed_out);
    co_await wait_for_outcome(reader, running);
    co_return reader->outcome.value_or(make_error_code(errc::stopped));
}

}  // namespace chaind::node
