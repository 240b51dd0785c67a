#include "runtime/daemon.hpp"

#include "runtime/error_words.hpp"
#include "runtime/log.hpp"
#include "runtime/options.hpp"
#include "runtime/run_loop.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/standard_output.hpp"
#include "runtime/task_group.hpp"
#include "runtime/within.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>

#include <csignal>
#include <exception>
#include <iostream>
#include <mutex>

#include <sys/stat.h>
#include <unistd.h>

namespace chaind::runtime
{

namespace asio = boost::asio;

namespace
{
asio::awaitable<void> feed_watchdog(daemon const& what, asio::steady_timer& timer)
{
    auto const every = watchdog_interval();
    while (every)
    {
        timer.expires_after(*every);
        boost::system::error_code woken;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (woken) co_return;
        if (what.turns()) notify_watchdog();
    }
}

// A start that fails ends the process: whoever waits for signals is told.
asio::awaitable<void> start(
    daemon& what, bool& started, std::exception_ptr& failed, asio::signal_set& signals
)
{
    try
    {
        co_await what.run();
        started = true;
        notify_ready();
    }
    catch (...)
    {
        failed = std::current_exception();
        signals.cancel();
    }
}

asio::awaitable<void> live(daemon& what, asio::signal_set& signals, std::function<void()> reload)
{
    // A start may wait for another process; a signal ends it.
    bool started = false;
    std::exception_ptr failed;
    task_group starting(signals.get_executor(), "runtime");
    starting.spawn(start(what, started, failed, signals));
    for (;;)
    {
        if (failed) std::rethrow_exception(failed);
        boost::system::error_code woken;
        int const signal = co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (woken) continue;
        if (signal != SIGHUP) break;
        log::write(log::level::info, "runtime", "reloading the configuration");
        if (started) reload();
    }
    notify_stopping();
    log::write(log::level::info, "runtime", "stopping");
    co_await starting.stop(std::chrono::seconds(1));
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
    std::exception_ptr ended_by;
    auto on_end = [&](std::exception_ptr why)
    {
        watchdog.cancel();
        context.stop();
        ended_by = std::move(why);
    };
    asio::co_spawn(context, live(*what, signals, std::move(reload)), on_end);
    asio::co_spawn(
        context,
        feed_watchdog(*what, watchdog),
        [](std::exception_ptr why)
        {
            if (why) std::rethrow_exception(why);
        }
    );
    run_loop(context);
    if (ended_by) std::rethrow_exception(ended_by);
    log::write(log::level::info, "runtime", "stopped");
    what.reset();
    log::stop();
    return exit_ok;
}

void fail(int exit_code, std::string const& why)
{
    // Of several threads the first one ends the process; another one must not do so before its line is out.
    static std::mutex first;
    first.lock();
    log::write(log::level::error, "runtime", "cannot go on", {{"Reason", why}, {"ExitStatus", exit_code}});
    log::stop();
    ::_exit(exit_code);
}

int guarded(char const* program, std::function<int()> const& start)
{
    try
    {
        return with_output(program, exit_disk, start);
    }
    catch (config_error const& wrong)
    {
        for (auto const& line : wrong.lines())
            std::cerr << program << ": " << line << '\n';
        log::stop();
        return exit_config;
    }
    catch (boost::system::system_error const& wrong)
    {
        // Before the loop runs, only listeners fail this way: an address that cannot be had.
        std::cerr << program << ": cannot start: " << words_of(wrong) << '\n';
        log::stop();
        return exit_config;
    }
    catch (std::exception const& wrong)
    {
        std::cerr << program << ": " << words_of(wrong) << '\n';
        log::stop();
        return exit_bug;
    }
}

}  // namespace chaind::runtime
