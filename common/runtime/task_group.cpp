#include "runtime/task_group.hpp"

#include "runtime/error_words.hpp"
#include "runtime/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <utility>
#include <vector>

namespace chaind::runtime
{

namespace asio = boost::asio;

struct task_group::state
{
    explicit state(asio::any_io_executor const& on, std::string name) : empty(on), channel(std::move(name)) {}

    using entry = std::list<std::shared_ptr<asio::cancellation_signal>>::iterator;

    std::list<std::shared_ptr<asio::cancellation_signal>> running;
    std::vector<std::shared_ptr<asio::cancellation_signal>> dropped;  // of tasks that never got to their end
    asio::steady_timer empty;                                         // cancelled when the last one ends
    std::string channel;
    bool stopped = false;

    // Boost 1.81 passes a cancellation on by a posted function that points into the signal: whatever a signal
    // has emitted must have run before it goes.
    template <class Signals>
    void keep_until_emitted(Signals what)
    {
        asio::post(empty.get_executor(), [what = std::move(what)] {});
    }

    void ended(entry which, std::exception_ptr const& why)
    {
        keep_until_emitted(std::move(*which));
        running.erase(which);
        if (running.empty()) empty.cancel();
        report(why);
    }

    // The coroutine was destroyed where it waited. That happens inside the loop, and also when the loop
    // itself is destroyed: nothing can be posted.
    void lost(entry which)
    {
        dropped.push_back(std::move(*which));
        running.erase(which);
        if (stopped && running.empty()) empty.cancel();
    }

    void report(std::exception_ptr const& why) const
    {
        if (!why) return;
        try
        {
            std::rethrow_exception(why);
        }
        catch (boost::system::system_error const& e)
        {
            if (e.code() != asio::error::operation_aborted)
                log::write(log::level::error, channel, "a task ended by an error", {{"Reason", words_of(e)}});
        }
        catch (std::exception const& e)
        {
            log::write(log::level::error, channel, "a task ended by an exception", {{"Reason", words_of(e)}});
        }
    }
};

namespace
{
// Coroutines hear terminal cancellation only unless told otherwise.
asio::awaitable<void> run_task(asio::awaitable<void> task)
{
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_await std::move(task);
}
}  // namespace

// Tells the group that a task has ended: by its completion, or by being destroyed before that.
class task_group::ticket
{
public:
    ticket(std::shared_ptr<state> of, state::entry which) : of_(std::move(of)), which_(which) {}
    ticket(ticket&& other) noexcept : of_(std::move(other.of_)), which_(other.which_) {}
    ticket& operator=(ticket&&) = delete;
    ~ticket()
    {
        if (of_) of_->lost(which_);
    }

    void operator()(std::exception_ptr const& why) { std::exchange(of_, nullptr)->ended(which_, why); }

private:
    std::shared_ptr<state> of_;
    state::entry which_;
};

task_group::task_group(asio::any_io_executor on, std::string channel)
    : on_(std::move(on)), state_(std::make_shared<state>(on_, std::move(channel)))
{
}

task_group::~task_group() = default;

void task_group::spawn(asio::awaitable<void> task)
{
    if (state_->stopped) return;
    if (!state_->dropped.empty()) state_->keep_until_emitted(std::exchange(state_->dropped, {}));
    auto signal = std::make_shared<asio::cancellation_signal>();
    state_->running.push_back(signal);
    ticket on_end(state_, std::prev(state_->running.end()));
    asio::co_spawn(
        on_, run_task(std::move(task)), asio::bind_cancellation_slot(signal->slot(), std::move(on_end))
    );
}

void task_group::emit(asio::cancellation_type how)
{
    std::vector<std::shared_ptr<asio::cancellation_signal>> const all(
        state_->running.begin(), state_->running.end()
    );
    for (auto const& signal : all)
        signal->emit(how);
}

void task_group::cancel()
{
    emit(asio::cancellation_type::total);
}

asio::awaitable<void> task_group::stop(std::chrono::milliseconds patience)
{
    auto const keep = state_;
    keep->stopped = true;
    emit(asio::cancellation_type::total);
    boost::system::error_code woken;
    if (!keep->running.empty())
    {
        keep->empty.expires_after(patience);
        co_await keep->empty.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    while (!keep->running.empty())
    {
        emit(asio::cancellation_type::terminal);
        keep->empty.expires_after(std::chrono::milliseconds(100));
        co_await keep->empty.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
}

std::size_t task_group::size() const
{
    return state_->running.size();
}

}  // namespace chaind::runtime
