#include "runtime/daemon.hpp"

#include "runtime/log.hpp"
#include "runtime/options.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/within.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <exception>
#include <iostream>

#include <sys/stat.h>
#include <unistd.h>

namespace chaind::runtime
{

namespace asio = boost::asio;

namespace
{
asio::awaitable<void> feed_watchdog(asio::steady_timer& timer)
{
    auto const every = watchdog_interval();
    while (every)
    {
        timer.expires_after(*every);
        boost::system::error_code woken;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (woken) co_return;
        notify_watchdog();
    }
}

asio::awaitable<void> until_told_to_stop(asio::signal_set& signals, std::function<void()> const& reload)
{
    for (;;)
    {
        if (co_await signals.async_wait(asio::use_awaitable) != SIGHUP) co_return;
        log::write(log::level::info, "runtime", "reloading the configuration");
        reload();
    }
}

asio::awaitable<void> start_and_wait(
    daemon& what, asio::signal_set& signals, std::function<void()> const& reload
)
{
    using namespace asio::experimental::awaitable_operators;
    auto no_reload = std::function<void()>([] {});
    // A start may wait for another process: it ends with the first signal.
    auto race = (what.run() || until_told_to_stop(signals, no_reload));
    auto const first = co_await std::move(race);
    if (first.index() != 0) co_return;
    notify_ready();
    co_await until_told_to_stop(signals, reload);
}

asio::awaitable<void> live(daemon& what, asio::signal_set& signals, std::function<void()> reload)
{
    co_await start_and_wait(what, signals, reload);
    notify_stopping();
    log::write(log::level::info, "runtime", "stopping");
    co_await what.stop();
}
}  // namespace

int run_daemon(
    std::function<std::unique_ptr<daemon>(asio::io_context&)> const& make,
    std::vector<std::string> const& unknown_environment,
    std::function<void()> reload
)
{
    ::umask(0077);
    std::signal(SIGPIPE, SIG_IGN);
    for (auto const& name : unknown_environment)
        log::write(log::level::warning, "runtime", "an environment variable is no option", {{"Name", name}});

    asio::io_context context(1);
    asio::signal_set signals(context, SIGTERM, SIGINT, SIGHUP);
    asio::steady_timer watchdog(context);
    auto what = make(context);
    auto on_end = [&](std::exception_ptr why)
    {
        watchdog.cancel();
        context.stop();
        if (why) std::rethrow_exception(why);
    };
    asio::co_spawn(context, live(*what, signals, std::move(reload)), on_end);
    asio::co_spawn(
        context,
        feed_watchdog(watchdog),
        [](std::exception_ptr why)
        {
            if (why) std::rethrow_exception(why);
        }
    );
    context.run();
    log::write(log::level::info, "runtime", "stopped");
    what.reset();
    log::stop();
    return exit_ok;
}

void fail(int exit_code, std::string const& why)
{
    log::write(log::level::error, "runtime", "cannot go on", {{"Reason", why}, {"ExitStatus", exit_code}});
    log::stop();
    ::_exit(exit_code);
}

int guarded(char const* program, std::function<int()> const& start)
{
    try
    {
        return start();
    }
    catch (config_error const& wrong)
    {
        std::cerr << program << ": " << wrong.what() << '\n';
        log::stop();
        return exit_config;
    }
    catch (boost::system::system_error const& wrong)
    {
        // Before the loop runs, only listeners fail this way: an address that cannot be had.
        std::cerr << program << ": cannot start: " << wrong.what() << '\n';
        log::stop();
        return exit_config;
    }
    catch (std::exception const& wrong)
    {
        std::cerr << program << ": " << wrong.what() << '\n';
        log::stop();
        return exit_bug;
    }
}

}  // namespace chaind::runtime
