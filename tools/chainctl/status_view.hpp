#pragma once
// The status object as people read it.

#include <boost/json/object.hpp>

#include <string>

namespace chaind::chainctl
{

std::string status_text(boost::json::object const& status, bool wide);

// 0 healthy, 1 degraded, 2 down, 3 unknown.
int check_of(boost::json::object const& status);

}  // namespace chaind::chainctl
