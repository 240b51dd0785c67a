#pragma once
// The newest decisions in memory, for `chainctl events`; older ones stay in the registry.

#include "configd/registry.hpp"

#include <boost/json/object.hpp>

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace chaind::configd
{

class event_log
{
public:
    explicit event_log(std::vector<event_row> newest);

    // Numbers the row and keeps it; returns it for the registry.
    event_row add(event_row row);
    // The row with this number, and each before it, is in the registry.
    void written(std::uint64_t number) { written_ = number; }
    [[nodiscard]] bool all_written() const { return written_ == last_; }
    // Up to 256 written rows with a number above `since`, oldest first: of another one a crash may yet give
    // the number to something else.
    [[nodiscard]] boost::json::object page(std::uint64_t since) const;
    // The newest row that says that the node was taken out for good, as far back as rows are kept here.
    [[nodiscard]] std::optional<event_row> removal_of(std::string_view node) const;
    // The newest row of that kind, as far back as rows are kept here.
    [[nodiscard]] std::optional<event_row> newest(std::string_view what) const;
    // Whether the newest row of that kind about the node says just that.
    [[nodiscard]] bool says(std::string_view what, std::string_view node, std::string_view why) const;

private:
    std::deque<event_row> rows_;
    std::uint64_t last_ = 0;
    std::uint64_t written_ = last_;
};

}  // namespace chaind::configd
