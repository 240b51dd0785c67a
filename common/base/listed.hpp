#pragma once
// "n1, n2" and "n1 and n2": names in a sentence.

#include <string>
#include <string_view>

namespace chaind
{

// Adds one to those that `list` holds.
inline void add_listed(std::string& list, std::string_view one, std::string_view between = ", ")
{
    if (!list.empty()) list += between;
    list += one;
}

}  // namespace chaind
