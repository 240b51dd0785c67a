#pragma once
// The newest decisions in memory, for `chainctl events`; older ones stay in the registry.

#include "configd/registry.hpp"

#include <boost/json/object.hpp>

#include <deque>
#include <string>

namespace chaind::configd
{

class event_log
{
public:
    explicit event_log(std::vector<event_row> newest);

    // Numbers the row and keeps it; returns it for the registry.
    event_row add(event_row row);
    // Up to 256 rows with a number above `since`, oldest first.
    [[nodiscard]] boost::json::object page(std::uint64_t since) const;

private:
    std::deque<event_row> rows_;
    std::uint64_t last_ = 0;
};

}  // namespace chaind::configd
