#include "configd/registry_thread.hpp"

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

void registry_thread::replace(
    control::record next, std::string new_lineage, std::function<void(error_code)> done
)
{
    auto job = [this, next = std::move(next), new_lineage = std::move(new_lineage), done = std::move(done)]
    {
        auto const failed = on_->replace(next, new_lineage);
        asio::post(loop_, [done, failed] { done(failed); });
    };
    asio::post(thread_, std::move(job));
}

void registry_thread::keep(std::vector<control::join_token> all, std::function<void(error_code)> done)
{
    auto job = [this, all = std::move(all), done = std::move(done)]
    {
        auto const failed = on_->keep(all);
        asio::post(loop_, [done, failed] { done(failed); });
    };
    asio::post(thread_, std::move(job));
}

void registry_thread::append(std::vector<event_row> rows, std::function<void(error_code)> done)
{
    auto job = [this, rows = std::move(rows), done = std::move(done)]
    {
        auto const failed = on_->append(rows);
        asio::post(loop_, [done, failed] { done(failed); });
    };
    asio::post(thread_, std::move(job));
}

void registry_thread::perform(std::function<void()> what)
{
    asio::post(thread_, std::move(what));
}

}  // namespace chaind::configd
