#include "node/replica_thread.hpp"

#include "runtime/within.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace chaind::node
{

namespace asio = boost::asio;

replica_thread::replica_thread(asio::io_context& main)
    : main_(main), thread_("replica"), ending_(thread_.context().get_executor(), "node")
{
}

replica_thread::~replica_thread()
{
    thread_.stop();
}

store::post_function replica_thread::post()
{
    return [&on = thread_.context()](std::function<void()> what) { asio::post(on, std::move(what)); };
}

void replica_thread::build(
    driver_settings how,
    bridge_settings towards_gateway,
    chain::recovered from,
    std::unique_ptr<store::sqlite_store> store,
    std::unique_ptr<store::reader_pool> readers,
    std::function<void(int, std::string const&)> die
)
{
    auto& driver = driver_.emplace(
        thread_.context(),
        std::move(how),
        std::move(from),
        std::move(store),
        std::move(readers),
        std::move(die)
    );
    address_ = driver.address();
    auto read = [&driver](std::vector<to_chain> letters) { driver.take(std::move(letters)); };
    letters_ = std::make_shared<runtime::letter_box<to_chain>>(thread_.context().get_executor(), read);
    bridge_.emplace(
        main_.get_executor(), towards_gateway, [to = letters_](to_chain what) { to->put(std::move(what)); }
    );
    bridge_->start_with(driver.view(), *driver.shown_status());
    driver.tell_with(bridge_->tell());
}

void replica_thread::when_over(std::function<void(chain::begin_anew)> then)
{
    driver_->when_over([&main = main_, then = std::move(then)](chain::begin_anew how)
                       { asio::post(main, [then, how = std::move(how)] { then(how); }); });
}

void replica_thread::start()
{
    asio::post(thread_.context(), [this] { driver_->start(); });
    thread_.start();
}

void replica_thread::step_down()
{
    asio::post(thread_.context(), [this] { driver_->step_down(); });
}

void replica_thread::perform(std::function<void(replica_driver&)> what)
{
    asio::post(thread_.context(), [this, what = std::move(what)] { what(*driver_); });
}

asio::awaitable<void> replica_thread::stop()
{
    asio::steady_timer ended(main_, asio::steady_timer::time_point::max());
    bool over = false;
    std::function<void()> tell = [&]
    {
        over = true;
        ended.cancel();
    };
    auto begin = [this, tell] { ending_.spawn(end([&main = main_, tell] { asio::post(main, tell); })); };
    asio::post(thread_.context(), begin);
    while (!over)
        co_await runtime::wait_on(ended);
    thread_.stop();
    bridge_->close();
}

asio::awaitable<void> replica_thread::end(std::function<void()> tell)
{
    co_await driver_->stop();
    // What it and its threads have posted must still find it.
    co_await asio::post(thread_.context(), asio::use_awaitable);
    tell();
}

}  // namespace chaind::node
