// events: the config service's decisions.

#include "chainctl/exit_status.hpp"
#include "chainctl/service.hpp"
#include "runtime/standard_output.hpp"

#include <iostream>
#include <thread>

namespace chaind::chainctl
{
namespace
{

namespace json = boost::json;

constexpr std::chrono::milliseconds look_again_after{300};

void print_event(json::object const& what, format as)
{
    if (as == format::json || as == format::jsonl)
    {
        print_json(what);
        return;
    }
    std::cout << utc(static_cast<std::int64_t>(number_at(what, "at"))) << "  epoch "
              << number_at(what, "epoch") << "  " << text_at(what, "what");
    if (auto const node = text_at(what, "node"); !node.empty()) std::cout << " " << node;
    if (auto const why = text_at(what, "why"); !why.empty()) std::cout << ": " << why;
    std::cout << '\n';
    runtime::flush_output();
}

// Pages of events, each beginning behind the one before.
class event_reader
{
public:
    explicit event_reader(invocation const& call) : call_(call) {}

    // The next ones; empty: no more as yet. Nothing: configd does not answer, and `status` is to be ended
    // with. One that follows waits for a configd that has answered before.
    std::optional<std::vector<json::object>> next(int& status)
    {
        for (;;)
        {
            auto const page = follows_ ? page_once_there() : ask(call_, "GET", target());
            status = page.status;
            if (!page.body) return std::nullopt;
            follows_ = call_.has("--follow");
            auto const& events = list_at(*page.body, "events");
            if (!last_.empty() && !goes_on(events))
            {
                say("chainctl: the events that were shown are not in this registry, which is another one or "
                    "an older copy; all that it has follow");
                last_ = {};
                continue;
            }
            std::vector<json::object> out;
            for (auto const& value : events)
                if (value.is_object() && number_at(value.get_object(), "n") > number_at(last_, "n"))
                    out.push_back(value.get_object());
            if (!out.empty()) last_ = out.back();
            return out;
        }
    }

private:
    // From the last one on, which shows whether the numbers are those of the same events.
    [[nodiscard]] std::string target() const
    {
        auto const seen = number_at(last_, "n");
        return "/v1/events?since=" + std::to_string(seen == 0 ? 0 : seen - 1);
    }

    // Where it is not the first one, the service has no older ones any more.
    [[nodiscard]] bool goes_on(json::array const& events) const
    {
        return !events.empty() && events.front().is_object() &&
               (events.front() == last_ || number_at(events.front().get_object(), "n") > number_at(last_, "n")
               );
    }

    answer page_once_there()
    {
        for (bool said = false;; std::this_thread::sleep_for(look_again_after))
        {
            auto const got = request(call_.at, "GET", target(), limit_of_look(call_));
            if (got && got->status == 200 && got->body.is_object())
            {
                if (said) say("chainctl: the config service answers again");
                return {got->body.get_object(), exit_done};
            }
            if (said) continue;
            said = true;
            say("chainctl: the config service at " + call_.at.text + " does not answer" +
                (got ? "" : ": " + got.error().message()) + "; its events go on when it does");
        }
    }

    invocation const& call_;
    bool follows_ = false;
    json::object last_;  // that was given out; empty: none
};

}  // namespace

int run_events(invocation const& call)
{
    bool const in_one = call.as == format::json && !call.has("--follow");
    json::array all;
    event_reader reader(call);
    for (int status = exit_done;;)
    {
        auto const events = reader.next(status);
        if (!events) return status;
        for (auto const& event : *events)
            if (in_one)
                all.emplace_back(event);
            else
                print_event(event, call.as);
        if (!std::cout) return exit_done;  // nobody reads it, which main() says
        if (!events->empty()) continue;    // the service answers in pages
        if (in_one) print_json({{"schema", "chainctl.events.v1"}, {"events", std::move(all)}});
        if (!call.has("--follow")) return exit_done;
        std::this_thread::sleep_for(look_again_after);
    }
}

}  // namespace chaind::chainctl
