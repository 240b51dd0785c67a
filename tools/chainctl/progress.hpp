#pragma once
// Waiting until a change has come true, with progress on stderr: a line that is redrawn on a terminal, else
// one line after the other, of JSON where the answer is.

#include "chainctl/command.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace chaind::chainctl
{

// One look at a machine on its way: what a line of progress is made of.
struct progress
{
    std::string node;
    std::string
        phase;  // contact, snapshot, log, splice, leaving, moving, away, done; of a backup: copy, check
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    std::uint64_t rate = 0;        // bytes a second; 0: not known yet
    std::uint64_t lag = 0;         // entries
    std::uint64_t parts_done = 0;  // of work that is not counted in bytes
    std::uint64_t parts_total = 0;
    std::uint64_t epoch = 0;
    std::string reason;
    std::string end;  // once it is done: what has become of it; empty: it is in the chain

    [[nodiscard]] std::optional<std::uint64_t> seconds_left() const;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] boost::json::object json() const;

    friend bool operator==(progress const&, progress const&) = default;
};

// What a status means for what is waited for: nothing yet, or what has become of the machine.
using goal = std::function<std::optional<std::string>(boost::json::object const& status)>;

// What is waited for: a machine that comes into the chain, or does something else.
struct errand
{
    std::string node;
    std::string phase = "contact";  // as long as the status says nothing of it
    bool with_others = false;       // machines that it makes leave and return are shown, too
    goal over = {};  // why it will not come to that any more; only the config service itself is asked
};

// What the status says about that machine.
progress progress_in(boost::json::object const& status, errand const& what);

// Shows progress; says nothing twice.
class progress_line
{
public:
    explicit progress_line(format as) : as_(as) {}

    void show(progress const& now);
    void end();  // the line that was redrawn stays, the next one starts below

private:
    format as_;
    progress last_;
    std::chrono::steady_clock::time_point said_at_;
    bool open_ = false;
};

// Until `reached` says what has become of the machine: exit_done, and the chain's epoch then is that of the
// answer, which the config service gave when it was asked. Ctrl-C: exit_interrupted. --wait-at-most:
// exit_unknown_outcome. Its join was given up for now, or the errand is over and was not reached:
// exit_failed. Nobody answers for a minute: exit_unavailable. All but the first have been explained on
// stderr.
int wait_until(invocation const& call, errand const& what, goal const& reached, boost::json::object& answer);

// The machine's row of such a list; with `or_another`, else the first one. Null: there is none.
boost::json::object const* row_of(
    boost::json::array const& rows, std::string const& node, bool or_another = false
);
// The role of a member that serves ("head", …), or "".
std::string role_of(boost::json::object const& status, std::string const& node);
bool is_member(boost::json::object const& status, std::string const& node);
// Its place in the chain, whether it serves or not; or "".
std::string place_of(boost::json::object const& status, std::string const& node);
// Whether one of the status's lists of names ("drained", …) has it.
bool is_listed(boost::json::object const& status, std::string_view list, std::string const& node);
// "n3 is away (its process is gone)", "n3 is the tail", …
std::string whereabouts(boost::json::object const& status, std::string const& node);
// Where a machine is that will not come into the chain by itself: somebody has taken it out, or wants fewer.
std::optional<std::string> kept_out(boost::json::object const& status, std::string const& node);
// "in the chain at epoch 18", where it serves as a member.
std::optional<std::string> in_the_chain(boost::json::object const& status, std::string const& node);

// "10m" -> 600 s; nothing for what is no time.
std::optional<std::chrono::seconds> seconds_in(std::string_view text);
// Says what is wrong with --wait-at-most; true when nothing is.
bool wait_limit_is_good(invocation const& call);

}  // namespace chaind::chainctl
