#pragma once

#include <exception>
#include <string>

namespace chaind::runtime
{

// What an exception says, for people. Boost's own text of an error code also names the line of Boost's source
// where it was made, which tells nobody anything.
std::string words_of(std::exception const& what);

}  // namespace chaind::runtime
