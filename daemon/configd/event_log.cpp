#include "configd/event_log.hpp"

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
        if (events.size() == page_rows) break;
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

}  // namespace chaind::configd
