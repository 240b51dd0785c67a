#include "configd/event_log.hpp"

#include <algorithm>

namespace chaind::configd
{

namespace
{
constexpr std::size_t kept = 2000;
constexpr std::size_t page_rows = 256;
}  // namespace

event_log::event_log(std::vector<event_row> newest)
    : rows_(newest.begin(), newest.end()), last_(newest.empty() ? 0 : newest.back().number)
{
}

event_row event_log::add(event_row row)
{
    row.number = ++last_;
    rows_.push_back(row);
    if (rows_.size() > kept) rows_.pop_front();
    return row;
}

boost::json::object event_log::page(std::uint64_t since) const
{
    boost::json::array events;
    for (auto const& row : rows_)
    {
        if (row.number <= since) continue;
        if (events.size() == page_rows || row.number > written_) break;
        events.push_back(
            {{"n", row.number},
             {"at", row.at_ms},
             {"epoch", row.in.value()},
             {"what", row.what},
             {"node", row.node},
             {"why", row.why}}
        );
    }
    return {{"schema", "chainctl.events.v1"}, {"events", std::move(events)}};
}

// A member leaves the chain for it; of a spare nothing but the request is written down.
std::optional<event_row> event_log::removal_of(std::string_view node) const
{
    std::optional<event_row> out;
    for (auto const& row : rows_)
    {
        if (row.node != node) continue;
        auto const asks_to = [&row](std::string_view verb)
        { return row.why.find(verb) != std::string::npos; };
        if (row.what == "removed" && row.why == "by the administrator")
            out = row;
        else if (row.what == "asked" && asks_to(": remove") && !out)
            out = row;
        else if (row.what == "asked" && asks_to(": add"))
            out.reset();
        else if (row.what == "declined" && asks_to(": remove") && out && out->what == "asked")
            out.reset();
    }
    return out;
}

std::optional<event_row> event_log::newest(std::string_view what) const
{
    auto const found =
        std::find_if(rows_.rbegin(), rows_.rend(), [&](event_row const& row) { return row.what == what; });
    return found == rows_.rend() ? std::nullopt : std::optional(*found);
}

bool event_log::says(std::string_view what, std::string_view node, std::string_view why) const
{
    auto const newest = std::find_if(
        rows_.rbegin(),
        rows_.rend(),
        [&](event_row const& row) { return row.what == what && row.node == node; }
    );
    return newest != rows_.rend() && newest->why == why;
}

}  // namespace chaind::configd
