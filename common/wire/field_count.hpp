#pragma once
// How much there is to take apart in a frame, before any of it is: a message of 8 MB that is nothing but
// empty elements takes seconds and 350 MB, one with a single long text takes as long as a copy.

#include <cstddef>
#include <string_view>

namespace chaind::wire
{

// Fields of a protobuf message and of the messages in it, one level down. Looks no further than it has to. Of
// what is no message the answer is of no use, and false.
[[nodiscard]] bool has_more_fields_than(std::size_t most, std::string_view message);

}  // namespace chaind::wire
