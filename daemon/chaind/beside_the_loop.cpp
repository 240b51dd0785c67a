#include "chaind/beside_the_loop.hpp"

#include "runtime/daemon.hpp"
#include "runtime/error_words.hpp"
#include "runtime/options.hpp"
#include "runtime/within.hpp"

#include <boost/asio/post.hpp>

#include <exception>
#include <string>
#include <thread>

namespace chaind::program
{

namespace asio = boost::asio;

asio::awaitable<void> beside_the_loop(std::function<void()> what)
{
    auto const on = co_await asio::this_coro::executor;
    auto const done = std::make_shared<asio::steady_timer>(on, asio::steady_timer::time_point::max());
    auto const ended = std::make_shared<bool>(false);
    auto tell = [done, ended]
    {
        *ended = true;
        done->cancel();
    };
    auto work = [what = std::move(what), on, tell]
    {
        try
        {
            what();
        }
        catch (std::exception const& wrong)
        {
            runtime::fail(runtime::exit_bug, "a change of the store failed: " + runtime::words_of(wrong));
        }
        asio::post(on, tell);
    };
    std::thread worker(std::move(work));
    while (!*ended)
        co_await runtime::wait_on(*done);
    worker.join();
}

}  // namespace chaind::program
