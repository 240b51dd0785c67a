#include "runtime/daemon.hpp"

#include "runtime/error_words.hpp"
#include "runtime/log.hpp"
#include "runtime/options.hpp"
#include "runtime/private_file.hpp"
#include "runtime/run_loop.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/standard_output.hpp"
#include "runtime/task_group.hpp"
#include "runtime/within.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <iostream>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

namespace chaind::runtime
{

namespace asio = boost::asio;

namespace
{
// Whoever takes what is logged may stand still: the reader of a full pipe, a stopped journald. While this
// lives, the process has a second for its last lines; then it ends without them.
class last_lines
{
public:
    explicit last_lines(int exit_code) noexcept
    {
        try
        {
            limit_ = std::jthread([exit_code](std::stop_token const& written) { wait(written, exit_code); });
        }
        catch (std::system_error const&)  // no more threads: then it waits
        {
        }
    }

private:
    static void wait(std::stop_token const& written, int exit_code)
    {
        std::mutex turn;
        std::condition_variable_any over;
        std::unique_lock lock(turn);
        over.wait_for(lock, written, std::chrono::seconds(1), [] { return false; });
        if (!written.stop_requested()) ::_exit(exit_code);
    }

    std::jthread limit_;
};

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
    last_lines const limit(exit_ok);
    log::stop();
    return exit_ok;
}

void write_ports(std::string const& folder, std::string const& text)
{
    auto const failed = write_private_file(folder + "/ports.json", text);
    if (!failed) return;
    auto const why = "cannot write ports.json: " + failed.message();
    if (failed != boost::system::errc::no_space_on_device) fail(exit_disk, why);
    log::write(log::level::warning, "daemon", why, {{"Folder", folder}});
}

void fail(int exit_code, std::string const& why)
{
    // Of several threads the first one ends the process; another one must not do so before its line is out.
    static std::mutex first;
    first.lock();
    last_lines const limit(exit_code);
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
        last_lines const limit(exit_config);
        for (auto const& line : wrong.lines())
            std::cerr << program << ": " << line << '\n';
        log::stop();
        return exit_config;
    }
    catch (boost::system::system_error const& wrong)
    {
        // Before the loop runs, only listeners fail this way: an address that cannot be had.
        last_lines const limit(exit_config);
        std::cerr << program << ": cannot start: " << words_of(wrong) << '\n';
        log::stop();
        return exit_config;
    }
    catch (std::exception const& wrong)
    {
        last_lines const limit(exit_bug);
        std::cerr << program << ": " << words_of(wrong) << '\n';
        log::stop();
        return exit_bug;
    }
}

}  // namespace chaind::runtime
