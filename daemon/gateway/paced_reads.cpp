#include "gateway/paced_reads.hpp"

#include "runtime/within.hpp"

#include <algorithm>

namespace chaind::gateway
{

namespace asio = boost::asio;

class paced_reads::place
{
public:
    explicit place(paced_reads& of) : of_(of) {}
    ~place() { of_.leave(); }
    place(place const&) = delete;
    place& operator=(place const&) = delete;

private:
    paced_reads& of_;
};

paced_reads::paced_reads(
    backend& chain, asio::any_io_executor on, std::size_t at_once, std::chrono::milliseconds patience
)
    : chain_(chain), on_(std::move(on)), at_once_(at_once), patience_(patience)
{
}

asio::awaitable<submit_outcome> paced_reads::submit(chat::command what)
{
    return chain_.submit(std::move(what));
}

asio::awaitable<bool> paced_reads::enter()
{
    if (running_ < at_once_)
    {
        ++running_;
        co_return true;
    }
    auto const mine = std::make_shared<waiter>(on_);
    mine->turn.expires_after(patience_);
    waiting_.push_back(mine);
    co_await runtime::wait_on(mine->turn);
    if (!mine->granted) waiting_.erase(std::find(waiting_.begin(), waiting_.end(), mine));
    co_return mine->granted;
}

void paced_reads::leave()
{
    if (waiting_.empty())
    {
        --running_;
        return;
    }
    auto const next = waiting_.front();
    waiting_.pop_front();
    next->granted = true;
    next->turn.cancel();
}

asio::awaitable<error_code> paced_reads::read(std::function<void(store::chat_reader&)> query)
{
    if (!co_await enter()) co_return make_error_code(errc::timed_out);
    place const held(*this);
    co_return co_await chain_.read(std::move(query));
}

asio::awaitable<error_code> paced_reads::read_from(
    seq min_pos, std::function<void(store::chat_reader&)> query
)
{
    // Those that wait for a position hold no reader thread: they wait before they take their turn.
    if (min_pos > view().applied)
    {
        std::function<void(store::chat_reader&)> nothing = [](store::chat_reader&) {};
        auto const behind = co_await chain_.read_from(min_pos, std::move(nothing));
        if (behind) co_return behind;
    }
    if (!co_await enter()) co_return make_error_code(errc::timed_out);
    place const held(*this);
    co_return co_await chain_.read_from(min_pos, std::move(query));
}

}  // namespace chaind::gateway
