#pragma once
// How a test that fails prints the values of the cores: in their own words, and of what may hold some of
// them, what it holds.

#include "chain/describe.hpp"
#include "control/describe.hpp"
#include "membership/cluster_status.hpp"

#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>

#include <optional>
#include <ostream>
#include <utility>
#include <vector>

namespace chaind
{

template <class Value>
std::ostream& boost_test_print_type(std::ostream& to, std::optional<Value> const& what)
{
    return what ? to << *what : to << "nothing";
}

// Enumerators by their names.
template <class Value>
    requires(boost::describe::has_describe_enumerators<Value>::value)
std::ostream& operator<<(std::ostream& to, Value what)
{
    return to << boost::describe::enum_to_string(what, "?");
}

template <class Value>
std::ostream& boost_test_print_type(std::ostream& to, std::vector<Value> const& what)
{
    to << '[';
    char const* between = "";
    for (auto const& each : what)
        to << std::exchange(between, ", ") << each;
    return to << ']';
}

}  // namespace chaind

// Found by the namespace of the value.
namespace chaind::chain
{
using chaind::boost_test_print_type;
}
namespace chaind::control
{
using chaind::boost_test_print_type;
}
