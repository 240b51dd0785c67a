#include "configd/registry_thread.hpp"

#include "runtime/clock.hpp"
#include "runtime/log.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>

namespace chaind::configd
{

namespace asio = boost::asio;

namespace
{
constexpr std::size_t rows_at_once = 256;
constexpr auto room_looked_for = std::chrono::seconds(1);
}  // namespace

registry_thread::registry_thread(asio::any_io_executor loop, std::unique_ptr<registry> on)
    : loop_(std::move(loop)), on_(std::move(on))
{
}

registry_thread::~registry_thread()
{
    wait_for_no_room();
    thread_.join();
}

template <class Write>
void registry_thread::write(Write what, done_function done)
{
    undone_->push_back(runtime::steady_now());
    auto job = [this, what = std::move(what), done = std::move(done)]
    {
        error_code failed;
        std::string why;
        for (;;)
        {
            failed = what(*on_);
            why = failed ? on_->failure_text() : std::string();
            if (!failed || !on_->undo_full()) break;
            if (!waits_for_room_.exchange(true)) log::write(log::level::error, "control", why);
            if (!pause_for_room()) break;
        }
        if (!failed && waits_for_room_.exchange(false))
            log::write(log::level::notice, "control", "there is room for the registry again");
        auto const end = [undone = undone_, done, failed, why = std::move(why)]
        {
            undone->pop_front();
            done(failed, why);
        };
        asio::post(loop_, end);
    };
    asio::post(thread_, std::move(job));
}

bool registry_thread::pause_for_room()
{
    std::unique_lock lock(mutex_);
    return !stopping_.wait_for(lock, room_looked_for, [this] { return stop_; });
}

void registry_thread::wait_for_no_room()
{
    std::lock_guard const lock(mutex_);
    stop_ = true;
    stopping_.notify_all();
}

microseconds registry_thread::busy_for() const
{
    return undone_->empty() ? microseconds{} : runtime::steady_now() - undone_->front();
}

void registry_thread::replace(control::record next, std::string new_lineage, done_function done)
{
    auto what = [next = std::move(next), new_lineage = std::move(new_lineage)](registry& in)
    { return in.replace(next, new_lineage); };
    write(std::move(what), std::move(done));
}

void registry_thread::keep(std::vector<control::join_token> all, done_function done)
{
    write([all = std::move(all)](registry& in) { return in.keep(all); }, std::move(done));
}

void registry_thread::append(event_row row, done_function done)
{
    rows_.push_back(std::move(row));
    when_in_.push_back(std::move(done));
    if (!appending_) append_what_waits();
}

void registry_thread::append_what_waits()
{
    appending_ = !rows_.empty();
    if (!appending_) return;
    auto const rows = static_cast<std::ptrdiff_t>(std::min(rows_.size(), rows_at_once));
    std::vector<event_row> now(
        std::make_move_iterator(rows_.begin()), std::make_move_iterator(rows_.begin() + rows)
    );
    std::vector<done_function> told(
        std::make_move_iterator(when_in_.begin()), std::make_move_iterator(when_in_.begin() + rows)
    );
    rows_.erase(rows_.begin(), rows_.begin() + rows);
    when_in_.erase(when_in_.begin(), when_in_.begin() + rows);
    write(
        [now = std::move(now)](registry& in) { return in.append(now); },
        [this, told = std::move(told)](error_code failed, std::string const& why)
        {
            append_what_waits();
            for (auto const& done : told)
                done(failed, why);
        }
    );
}

void registry_thread::perform(std::function<void()> what)
{
    asio::post(thread_, std::move(what));
}

}  // namespace chaind::configd
