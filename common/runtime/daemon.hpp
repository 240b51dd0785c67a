#pragma once
// The life of a daemon's process, the same for both: the main loop on the main thread, signals, the service
// manager, exit codes.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace chaind::runtime
{

class daemon
{
public:
    virtual ~daemon() = default;

    virtual boost::asio::awaitable<void> run() = 0;   // start everything, then return
    virtual boost::asio::awaitable<void> stop() = 0;  // drain and end everything; SIGTERM or SIGINT has come
    // Its other loops turn, too: else the watchdog is not fed.
    [[nodiscard]] virtual bool turns() const { return true; }
};

// Makes the daemon, runs it until SIGTERM or SIGINT, stops it; READY=1 after run(), watchdog while the loop
// turns. SIGHUP calls `reload`. Returns exit_ok.
int run_daemon(
    std::function<std::unique_ptr<daemon>(boost::asio::io_context&)> const& make,
    std::vector<std::string> const& unknown_environment,
    std::function<void()> reload
);

// Ends the process at once with that code after the log has said why: for what must not go on (a failed disk,
// a broken invariant). From any thread. No destructor runs: what is half done stays as after a crash, which
// is safe.
[[noreturn]] void fail(int exit_code, std::string const& why);

// Writes ports.json, for those who look there which ports the system has given. A disk without room keeps no
// daemon from its work: what was there before names a process that is gone. Anything else ends the process.
void write_ports(std::string const& folder, std::string const& text);

// Runs `start`, turning what it throws into an exit code and a sentence on stderr.
int guarded(char const* program, std::function<int()> const& start);

}  // namespace chaind::runtime
