#include "chainctl/exit_status.hpp"
#include "chainctl/interrupt.hpp"
#include "chainctl/progress.hpp"
#include "chainctl/service.hpp"

#include <poll.h>

namespace chaind::chainctl
{
namespace
{

namespace json = boost::json;
using clock = std::chrono::steady_clock;

constexpr int poll_ms = 200;
constexpr auto silence_limit =
    std::chrono::seconds(60);  // neither configd nor a replica: longer than a restart
constexpr auto away_after = std::chrono::seconds(2);
constexpr auto stalled_limit = std::chrono::seconds(5);  // for another source to take over

void pause()
{
    static_cast<void>(::poll(nullptr, 0, poll_ms));
}

// The bytes a second of a transfer, smoothed over a few looks.
class rate_meter
{
public:
    std::uint64_t after(std::uint64_t bytes)
    {
        auto const now = clock::now();
        if (!started_ || bytes < bytes_)
        {
            started_ = true;
            smooth_ = 0;
        }
        else if (auto const passed = std::chrono::duration<double>(now - at_).count(); passed > 0)
        {
            auto const one = static_cast<double>(bytes - bytes_) / passed;
            smooth_ = smooth_ > 0 ? 0.8 * smooth_ + 0.2 * one : one;
        }
        at_ = now;
        bytes_ = bytes;
        return static_cast<std::uint64_t>(smooth_);
    }

private:
    bool started_ = false;
    clock::time_point at_;
    std::uint64_t bytes_ = 0;
    double smooth_ = 0;
};

// Whether the config service gave up on a join: its "stalled" events about that machine from now on.
class stall_watch
{
public:
    stall_watch(invocation const& call, std::string node) : call_(call), node_(std::move(node))
    {
        read();
        why_.clear();
    }

    // The reason, once the join was given up and has not begun again for a while.
    std::optional<std::string> given_up(bool joining)
    {
        auto const before = why_;
        read();
        if (why_ != before || joining) since_ = clock::now();
        if (joining) why_.clear();
        if (why_.empty() || clock::now() - since_ < stalled_limit) return std::nullopt;
        return why_;
    }

private:
    void read()
    {
        for (;;)
        {
            auto const got =
                request(call_.at, "GET", "/v1/events?since=" + std::to_string(seen_), limit_of_look(call_));
            if (!got || got->status != 200 || !got->body.is_object()) return;
            auto const& events = list_at(got->body.get_object(), "events");
            for (auto const& value : events)
            {
                if (!value.is_object()) continue;
                auto const& event = value.get_object();
                seen_ = std::max(seen_, number_at(event, "n"));
                if (text_at(event, "what") == "stalled" && text_at(event, "node") == node_)
                    why_ = text_at(event, "why", "no reason known");
            }
            if (events.empty()) return;
        }
    }

    invocation const& call_;
    std::string node_;
    std::uint64_t seen_ = 0;
    std::string why_;
    clock::time_point since_;
};

// What keeps a machine that is away from coming, and what to do about it.
std::string obstacle(json::object const& status, std::string const& node)
{
    auto const* const row = row_of(list_at(status, "failed"), node);
    if (row == nullptr) return {};
    auto const next = text_at(*row, "next");
    return whereabouts(status, node) + (next.empty() ? "" : "; next: " + next);
}

}  // namespace

int wait_until(invocation const& call, errand const& what, goal const& reached, json::object& answer)
{
    auto const& interrupted = interrupts();
    auto const start = clock::now();
    auto const most = seconds_in(call.value("--wait-at-most"));
    auto last_answer = start;
    auto heard = start;
    stall_watch stall(call, what.node);
    progress_line line(call.as);
    rate_meter meter;
    std::string in_the_way;
    line.show(progress_in({}, what));
    for (;; pause())
    {
        auto const now = clock::now();
        if (interrupted)
        {
            line.end();
            say("chainctl: no longer waiting; the change goes on, `chainctl status` shows it");
            return exit_interrupted;
        }
        if (most && now - start >= *most)
        {
            line.end();
            say("chainctl: not done after " + in_words(static_cast<std::uint64_t>(most->count())) +
                "; it goes on, `chainctl status` shows it");
            if (!in_the_way.empty()) say("          " + in_the_way);
            return exit_unknown_outcome;
        }
        auto const status = fetch_status(call);
        if (!status)
        {
            if (now - last_answer < silence_limit) continue;
            line.end();
            say("chainctl: neither the config service nor a replica answers; what was asked goes on when "
                "they are back");
            return exit_unavailable;
        }
        last_answer = now;
        in_the_way = obstacle(*status, what.node);
        auto look = progress_in(*status, what);
        if (auto end = reached(*status))
        {
            // Not of another machine that was on its way last.
            look = {};
            look.node = what.node;
            look.phase = "done";
            look.epoch = number_at(*status, "epoch");
            look.end = std::move(*end);
            line.show(look);
            line.end();
            answer["epoch"] = look.epoch;
            return exit_done;
        }
        bool const known = text_at(object_at(*status, "config_service"), "state") == "up";
        if (auto const why = known && what.over ? what.over(*status) : std::nullopt)
        {
            line.end();
            if (answer.contains("repeated"))
            {
                say("chainctl: what was asked then is not so any more, or never came true: " + *why);
                say("          `chainctl events` tells what happened; under another --request-id it is asked "
                    "anew");
                return exit_failed;
            }
            say("chainctl: what was asked did not come true, and nothing works on it any more: " + *why);
            say("          `chainctl events` tells what happened; it may be asked again");
            return exit_failed;
        }
        bool const joining = look.phase != what.phase && look.phase != "away";
        if (look.phase == "snapshot")
        {
            // Of the file's bytes; the service's own rate is of packed ones.
            if (auto const measured = meter.after(look.bytes_done); measured > 0) look.rate = measured;
        }
        if (look.phase != "away") heard = now;
        // A machine is silent for a moment before it is heard first and while it takes its new database.
        bool const just_silent = look.phase == "away" && now - heard < away_after;
        if (!just_silent) line.show(look);
        if (auto const why = stall.given_up(joining))
        {
            line.end();
            say("chainctl: the join of " + what.node + " ended: " + *why);
            say("          the chain goes on without it; the config service tries again later, see `chainctl "
                "status`");
            return exit_failed;
        }
    }
}

}  // namespace chaind::chainctl
