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

void print_event(boost::json::object const& what, format as)
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

}  // namespace

int run_events(invocation const& call)
{
    std::uint64_t since = 0;
    for (;;)
    {
        auto const got = ask(call, "GET", "/v1/events?since=" + std::to_string(since));
        if (!got.body) return got.status;
        auto const& events = list_at(*got.body, "events");
        if (call.as == format::json && !call.has("--follow"))
        {
            print_json(*got.body);
            return exit_done;
        }
        for (auto const& value : events)
        {
            if (!value.is_object()) continue;
            print_event(value.get_object(), call.as);
            since = std::max(since, number_at(value.get_object(), "n"));
        }
        if (!std::cout) return exit_done;  // nobody reads it, which main() says
        if (!events.empty()) continue;     // the service answers in pages
        if (!call.has("--follow")) return exit_done;
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
}

}  // namespace chaind::chainctl
