#include "configd/registry_thread.hpp"

#include "runtime/clock.hpp"

#include <boost/asio/post.hpp>

namespace chaind::configd
{

namespace asio = boost::asio;

registry_thread::registry_thread(asio::any_io_executor loop, std::unique_ptr<registry> on)
    : loop_(std::move(loop)), on_(std::move(on))
{
}

registry_thread::~registry_thread()
{
    thread_.join();
}

template <class Write>
void registry_thread::write(Write what, done_function done)
{
    undone_->push_back(runtime::steady_now());
    auto job = [this, what = std::move(what), done = std::move(done)]
    {
        auto const failed = what(*on_);
        auto why = failed ? on_->failure_text() : std::string();
        auto const end = [undone = undone_, done, failed, why = std::move(why)]
        {
            undone->pop_front();
            done(failed, why);
        };
        asio::post(loop_, end);
    };
    asio::post(thread_, std::move(job));
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

void registry_thread::append(std::vector<event_row> rows, done_function done)
{
    write([rows = std::move(rows)](registry& in) { return in.append(rows); }, std::move(done));
}

void registry_thread::perform(std::function<void()> what)
{
    asio::post(thread_, std::move(what));
}

}  // namespace chaind::configd
