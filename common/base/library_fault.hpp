#pragma once
// A library found its own state broken (its BOOST_ASSERT failed). What it was doing cannot go on; the process
// can: whoever runs a loop drops that one operation, and with it the connection that it belonged to. Where
// our own state would be left half changed, the function is `noexcept`, and the process stops as by an
// assertion of ours.

#include <stdexcept>

namespace chaind
{

class library_fault : public std::logic_error
{
public:
    using std::logic_error::logic_error;
};

}  // namespace chaind
